import time
from dataclasses import replace

import cv2
import numpy as np
import pytest

from capture.sorting.groups import split
from tests.capture.sorting.shots import Previews, exposed, reading, series, shot, view

ISOS = (100, 200, 400, 800, 1600)
STOPS = (1 / 15, 1 / 60, 1 / 250)


def numbers(found):
    return [[int(one.path.stem[-4:]) for one in group.shots] for group in found.groups]


def reasons(found):
    return {left.shot.path.name: left.reason for left in found.strays}


def shows(shots, *views):
    """Previews by view numbers: ``views`` holds (count, seed) for consecutive shots."""
    seeds = [seed for count, seed in views for _ in range(count)]
    pictures = {seed: view(seed) for seed in set(seeds)}
    return Previews({one.path.name: exposed(pictures[seed], -0.5) for one, seed in zip(shots, seeds, strict=True)})


def test_a_clean_folder_costs_no_previews():
    for shots in (series(1, "iso", ISOS), series(1, "shutter", STOPS, step=40), series(1, "f_number", (2, 4, 8))):
        previews = Previews()
        assert numbers(split(shots, previews)) == [list(range(1, len(shots) + 1))]
        assert previews.asked == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"camera": "Maker Two"}, "camera: Maker One (5×), Maker Two (3×)"),
        ({"lens": "50mm"}, "lens: 35mm (5×), 50mm (3×)"),
        ({"width": 48, "height": 32}, "size: 96×64 (5×), 48×32 (3×)"),
        ({"scene": {"scene": "attic"}}, "scene: none named (5×), attic (3×)"),
    ],
)
def test_what_cannot_change_within_a_series_splits(change, told):
    first = series(1, "iso", ISOS)
    second = [replace(one, seconds=one.seconds + 0.5, **change) for one in series(11, "shutter", STOPS, start=1e9)]
    found = split([*second, *first], Previews())
    assert numbers(found) == [[11, 12, 13], [1, 2, 3, 4, 5]]
    assert told in found.notes[0]


def test_portrait_and_landscape_are_one_size():
    shots = series(1, "iso", ISOS)
    shots[2] = replace(shots[2], width=64, height=96, orientation=6)
    assert numbers(split(shots, Previews())) == [[1, 2, 3, 4, 5]]


def test_a_stray_of_another_camera_is_named_with_the_difference():
    shots = [*series(1, "iso", ISOS), shot(6, camera="Phone", lens="")]
    assert reasons(split(shots, Previews())) == {
        "IMG_0006.DNG": "is the only picture of its kind (camera: Phone, others have Maker One; lens: not named, others have 35mm)"
    }


def test_two_series_of_the_same_settings_are_told_apart_by_their_view():
    shots = [*series(1, "iso", ISOS), *series(6, "iso", ISOS)]
    found = split(shots, shows(shots, (5, 1), (5, 2)))
    assert numbers(found) == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]
    assert [group.scene for group in found.groups] == [0, 1]
    same = split(shots, shows(shots, (10, 1)))
    assert numbers(same) == [list(range(1, 11))]


def test_a_view_left_and_come_back_to_is_one():
    shots = [*series(1, "iso", ISOS[:2]), *series(3, "iso", ISOS[:3]), *series(6, "iso", ISOS[2:])]
    found = split(shots, shows(shots, (2, 1), (3, 2), (3, 1)))
    assert numbers(found) == [[1, 2, 6, 7, 8], [3, 4, 5]]


def test_the_same_bracket_after_a_long_pause_is_another_series_of_the_same_place():
    shots = [*series(1, "shutter", STOPS), *series(4, "shutter", STOPS, start=1e9 + 7200)]
    found = split(shots, shows(shots, (6, 1)))
    assert numbers(found) == [[1, 2, 3], [4, 5, 6]]
    assert [group.scene for group in found.groups] == [0, 0]


def test_a_series_goes_on_after_a_long_pause_when_the_view_does():
    shots = [*series(1, "iso", ISOS[:1]), *series(2, "iso", ISOS[1:], start=1e9 + 600)]
    assert numbers(split(shots, shows(shots, (5, 1)))) == [[1, 2, 3, 4, 5]]
    found = split(shots, shows(shots, (1, 1), (4, 2)))
    assert numbers(found) == [[2, 3, 4, 5]]
    assert reasons(found) == {
        "IMG_0001.DNG": "was taken 10 min before the next picture and makes no series with that; a series needs at least two"
    }
    assert numbers(split(shots, Previews())) == [[1, 2, 3, 4, 5]], "pictures that do not tell do not part a pause of ten minutes"
    late = [*shots[:1], *(replace(one, seconds=one.seconds + 7200) for one in shots[1:])]
    assert numbers(split(late, Previews())) == [[2, 3, 4, 5]]


def test_two_sweeps_from_one_tripod_are_two_series():
    shots = [*series(1, "iso", ISOS), *series(6, "f_number", (5.6, 4, 2.8)), *series(9, "shutter", STOPS, f_number=2.8, iso=200)]
    found = split(shots, shows(shots, (11, 1)))
    assert numbers(found) == [[1, 2, 3, 4, 5], [6, 7, 8], [9, 10, 11]]
    assert {group.scene for group in found.groups} == {0}


def test_one_spoiler_does_not_cut_a_series_in_two():
    shots = series(1, "shutter", [2.0**-i for i in range(9)])
    shots[4] = replace(shots[4], iso=reading(800))
    assert numbers(split(shots, shows(shots, (9, 1)))) == [list(range(1, 10))]


def test_a_spoiler_among_several_sweeps_of_one_view_costs_only_itself():
    shots = [*series(1, "shutter", [2.0**-i for i in range(2, 9)]), *series(8, "iso", (200, 400, 800, 1600))]
    shots[3] = replace(shots[3], f_number=reading(2.8))
    found = split(shots, shows(shots, (11, 1)))
    assert numbers(found) == [[1, 2, 3, 4, 5, 6, 7], [8, 9, 10, 11]]
    shots[7] = replace(shots[7], f_number=reading(16), shutter=reading(2))
    found = split(shots, shows(shots, (11, 1)))
    assert numbers(found) == [[1, 2, 3, 4, 5, 6, 7], [9, 10, 11]]
    assert reasons(found) == {"IMG_0008.DNG": "makes no series with the pictures around it; a series needs at least two"}


def test_a_snapshot_between_is_a_stray():
    shots = [*series(1, "iso", ISOS), *series(7, "iso", ISOS)]
    snapshot = shot(6, iso=3200, f_number=2.8, shutter=1 / 500)
    found = split([*shots, snapshot], shows([*shots, snapshot], (5, 1), (5, 1), (1, 9)))
    assert numbers(found) == [[1, 2, 3, 4, 5, 7, 8, 9, 10, 11]]
    assert reasons(found) == {"IMG_0006.DNG": "shows another view than IMG_0005.DNG, the picture before it; a series needs at least two"}


def test_bursts_part_brackets_that_together_make_no_series():
    times = [0, 0, 0.5, 8, 8, 8.5]
    shots = [
        shot(i + 1, shutter=STOPS[i % 3], iso=100 if i < 3 else 200, f_number=8 if i < 3 else 4, seconds=1e9 + t)
        for i, t in enumerate(times)
    ]
    shots.append(shot(7, shutter=2, iso=3200, f_number=2, seconds=1e9 + 60))
    found = split(shots, shows(shots, (7, 1)))
    assert numbers(found) == [[1, 2, 3], [4, 5, 6]]
    assert list(reasons(found)) == ["IMG_0007.DNG"]


def test_a_focal_length_varies_only_where_the_view_is_the_same():
    shots = series(1, "focal_length", (50, 60, 72))
    big = view(5, 428, 640)
    pictures = {}
    for one in shots:
        part = 50 / one.focal_length.value
        h, w = round(428 * part), round(640 * part)
        cut = big[(428 - h) // 2 : (428 + h) // 2, (640 - w) // 2 : (640 + w) // 2]
        pictures[one.path.name] = cv2.resize(cut, (160, 107), interpolation=cv2.INTER_AREA)
    assert numbers(split(shots, Previews(pictures))) == [[1, 2, 3]]
    elsewhere = split(shots, shows(shots, (1, 1), (1, 2), (1, 3)))
    assert elsewhere.groups == ()
    assert "has 50 mm, and no other picture with it makes a series" in reasons(elsewhere)["IMG_0001.DNG"]


def test_a_focal_length_that_changes_beside_others_splits():
    wide, near = series(1, "shutter", STOPS, focal_length=24), series(4, "shutter", STOPS, focal_length=70)
    assert numbers(split([*wide, *near], Previews())) == [[1, 2, 3], [4, 5, 6]]


def test_two_cameras_interleaved():
    one = series(1, "iso", ISOS, step=2)
    other = [replace(s, camera="Maker Two", seconds=s.seconds + 1) for s in series(11, "shutter", STOPS, start=1e9 + 1, step=2)]
    assert numbers(split([*one, *other], Previews())) == [[1, 2, 3, 4, 5], [11, 12, 13]]


def test_a_copy_of_a_file_is_a_stray():
    shots = [replace(one, sha256=f"{i}") for i, one in enumerate(series(1, "iso", ISOS))]
    copy = replace(shots[2], path=shots[2].path.with_name("copy.dng"))
    found = split([*shots, copy], Previews())
    assert reasons(found) == {"copy.dng": "is byte for byte the same file as IMG_0003.DNG"}
    assert numbers(found) == [[1, 2, 3, 4, 5]]


def test_with_a_forced_attribute_the_settings_do_not_split():
    shots = [shot(i, iso=100 * 2**i, f_number=2.8 if i % 2 else 8) for i in range(1, 7)]
    assert numbers(split(shots, shows(shots, (6, 1)), "iso")) == [[1, 2, 3, 4, 5, 6]]
    assert numbers(split(shots, shows(shots, (3, 1), (3, 2)), "iso")) == [[1, 2, 3], [4, 5, 6]]


def test_every_shot_ends_somewhere_and_the_order_given_does_not_matter():
    rng = np.random.default_rng(7)
    shots = [
        shot(
            i, iso=float(rng.choice([100, 200, 400])), shutter=float(2.0 ** -rng.integers(2, 6)), camera=f"Maker {rng.integers(0, 3)}",
            focal_length=float(rng.choice([24, 50])), seconds=1e9 + float(rng.integers(0, 400)),
        )
        for i in range(120)
    ]  # fmt: skip
    pictures = {one.path.name: view(int(rng.integers(0, 6))) for one in shots}
    first = split(shots, Previews(pictures))
    names = [one.path.name for group in first.groups for one in group.shots] + [left.shot.path.name for left in first.strays]
    assert sorted(names) == sorted(one.path.name for one in shots)
    assert split([shots[i] for i in rng.permutation(len(shots))], Previews(pictures)) == first


def test_five_thousand_shots_take_seconds():
    shots, pictures, pool = [], {}, [view(seed) for seed in range(40)]
    for number in range(5000):
        scene, step = divmod(number, 10)
        shots.append(shot(number, shutter=2.0**-step, seconds=1e9 + number + scene * 30, camera=f"Maker {scene % 2}"))
        pictures[shots[-1].path.name] = pool[scene % 40]
    start = time.process_time()
    found = split(shots, Previews(pictures))
    assert time.process_time() - start < 8
    assert [len(group.shots) for group in found.groups] == [10] * 500
