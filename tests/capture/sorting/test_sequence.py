from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from capture.sorting.bursts import bursts
from capture.sorting.sequence import in_sequence, natural
from tests.capture.sorting.shots import shot


def numbers(found):
    return [int(one.path.stem[-4:]) for one in found.shots]


def test_the_clock_orders_and_numbers_break_its_ties():
    shots = [shot(n, seconds=1e9 + n // 4) for n in (7, 3, 12, 9, 10, 2)]
    found = in_sequence(shots)
    assert (numbers(found), found.notes) == ([2, 3, 7, 9, 10, 12], ())
    assert natural("IMG_9.JPG") < natural("IMG_10.JPG")


def test_a_clock_set_back_is_told_and_the_numbers_followed():
    shots = [shot(n, seconds=1e9 + n - (3600 if n > 5 else 0)) for n in range(1, 11)]
    found = in_sequence(shots)
    assert numbers(found) == list(range(1, 11))
    assert found.cuts == []
    assert "the clock runs against the file numbers (IMG_0010.DNG is dated before IMG_0001.DNG)" in found.notes[0]


def test_a_clock_wrong_in_one_frame_makes_no_pause():
    for error in (86400, -86400):
        shots = [shot(n, seconds=1e9 + n + (error if n == 4 else 0)) for n in range(1, 10)]
        found = in_sequence(shots)
        assert numbers(found) == list(range(1, 10))
        assert found.cuts == []


def test_without_times_names_order_and_nothing_pauses():
    shots = [replace(shot(n), seconds=None) for n in (3, 1, 2)]
    found = in_sequence(shots)
    assert (numbers(found), found.cuts) == ([1, 2, 3], [])
    assert "no picture says when it was taken" in found.notes[0]
    found = in_sequence([shot(2), replace(shot(1), seconds=None), shot(3)])
    assert numbers(found) == [1, 2, 3]
    assert "1 of 3 pictures do not say when" in found.notes[0]


def test_a_counter_starts_again():
    assert numbers(in_sequence([shot(n, seconds=1e9 + i) for i, n in enumerate((9998, 9999, 1, 2))])) == [9998, 9999, 1, 2]
    timeless = [replace(shot(n), seconds=None) for n in (1, 9999, 2, 9998)]
    assert numbers(in_sequence(timeless)) == [9998, 9999, 1, 2]


def test_files_named_by_value_follow_the_clock():
    found = in_sequence([shot(name=f"iso{iso}.dng", seconds=1e9 + i) for i, iso in enumerate((6400, 1600, 800, 100))])
    assert [one.path.name for one in found.shots] == ["iso6400.dng", "iso1600.dng", "iso800.dng", "iso100.dng"]
    assert found.notes == ()


def test_a_pause_is_long_against_the_rhythm():
    def cuts(gaps):
        times = [sum(gaps[:i]) for i in range(len(gaps) + 1)]
        return in_sequence([shot(i + 1, seconds=1e9 + t, shutter=0.001) for i, t in enumerate(times)]).cuts

    assert cuts([1, 1, 30, 1, 1]) == [3]
    assert cuts([10, 9, 30, 12, 10]) == []
    assert cuts([600, 600, 630, 600]) == []
    assert cuts([1800.5, 7200]) == [1, 2]
    assert cuts([5]) == []


def test_the_exposure_itself_is_no_pause():
    shots = [shot(i, seconds=1e9 + i * 31, shutter=30) for i in range(4)]
    assert in_sequence(shots).pauses == (1, 1, 1)


def test_bursts_of_the_same_second():
    shots = [shot(i, seconds=1e9 + second) for i, second in enumerate((0, 0, 0, 8, 8, 9, 40))]
    assert [len(part) for part in bursts(shots)] == [3, 3, 1]


@given(st.lists(st.tuples(st.integers(0, 9999), st.none() | st.floats(0, 2e9)), max_size=30))
def test_no_shot_is_lost_whatever_the_clock_says(drawn):
    shots = [replace(shot(n, name=f"{i}_{n:04d}.dng"), seconds=seconds) for i, (n, seconds) in enumerate(drawn)]
    found = in_sequence(shots)
    assert sorted(one.path.name for one in found.shots) == sorted(one.path.name for one in shots)
    assert len(found.pauses) == max(0, len(shots) - 1)
    assert all(pause is None or pause >= 0 for pause in found.pauses)
