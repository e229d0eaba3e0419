import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.reading.shot import Reading
from capture.sorting.which_varies import decide
from cat_dataset.errors import SeriesError, UsageError
from tests.capture.sorting.shots import series, shot


def left_out(decision):
    return {left.shot.path.name: left.reason for left in decision.left_out}


@pytest.mark.parametrize(
    ("shots", "attribute", "values"),
    [
        (series(1, "iso", (100, 200)), "iso", (100, 200)),
        (series(1, "f_number", (4, 5.6)), "aperture", (4, 5.6)),
        (series(1, "shutter", (1 / 8, 1, 8)), "exposure", (-9, -6, -3)),
        (series(1, "kelvin", (3200.4, 5600), automatic_white_balance=False), "white_balance", (3200, 5600)),
        (series(1, "focus_distance", (0.5, 1, 3)), "focus_distance", (0.5, 1, 3)),
        (series(1, "focal_length", (24, 35, 70)), "focal_length", (24, 35, 70)),
        (series(1, "compensation", (-2, 0, 2), shutter=None, f_number=None, iso=None), "exposure", (-2, 0, 2)),
    ],
)
def test_one_setting(shots, attribute, values):
    found = decide(shots, "here")
    assert (found.attribute, found.left_out) == (attribute, ())
    assert found.values == pytest.approx(values)
    assert found.shots == tuple(shots)


@given(st.floats(1e-4, 30), st.floats(0.95, 32), st.integers(25, 100000))
def test_exposure_is_zero_at_one_second_f1_iso_100_and_counts_stops(shutter, f_number, iso):
    values = decide([shot(1, iso, f_number, shutter), shot(2, iso, f_number, shutter * 2)], "here").values
    assert values[1] - values[0] == pytest.approx(1)
    assert values[0] == pytest.approx(math.log2(shutter * iso / 100 / f_number**2))
    assert decide([shot(1, 100, 1, 1), shot(2, 100, 1, 4)], "here").values == (0.0, 2.0)


def test_a_shutter_that_holds_the_brightness_is_not_what_varies():
    nominal = [(100, 1 / 60), (200, 1 / 125), (400, 1 / 250), (800, 1 / 500)]
    found = decide([shot(i, iso=iso, shutter=t) for i, (iso, t) in enumerate(nominal)], "here")
    assert found.attribute == "iso"
    assert "shutter" in found.notes[0]
    found = decide([shot(1, f_number=4, shutter=1 / 60), shot(2, f_number=8, shutter=1 / 15)], "here")
    assert found.attribute == "aperture"


def test_small_wobble_is_no_variation():
    wobble = [shot(i, iso=iso, f_number=n) for i, (iso, n) in enumerate([(100, 4.0), (200, 4.05), (400, 3.95)])]
    assert decide(wobble, "here").attribute == "iso"
    coarse = series(1, "iso", (100, 200, 400))
    hunting = [shot(i, iso=s.iso.value, focus_distance=metres) for i, (s, metres) in enumerate(zip(coarse, (2.0, 2.2, 2.1), strict=True))]
    assert decide(hunting, "here").attribute == "iso"


def test_drift_of_an_automatic_white_balance_is_no_setting():
    drifting = [shot(i, iso=100 * i, kelvin=5000 + 300 * i, automatic_white_balance=True) for i in (1, 2)]
    assert decide(drifting, "here").attribute == "iso"
    unsaid = [shot(i, iso=100 * i, kelvin=5000 + 300 * i) for i in (1, 2)]
    assert decide(unsaid, "here").attribute == "iso"
    alone = [shot(i, kelvin=5000 + 300 * i) for i in (1, 2)]
    assert decide(alone, "here").attribute == "white_balance"


@pytest.mark.parametrize(
    ("odd", "tells"),
    [
        ({"iso": 800}, "has ISO 800, the other 7 have ISO 100; it is left out"),
        ({"f_number": 2.8}, "has f/2.8, the other 7 have f/8; it is left out"),
        ({"flash": True}, "has the flash fired, the other 7 have no flash; it is left out"),
        ({"focal_length": 35}, "has 35 mm, the other 7 have 50 mm; it is left out"),
        ({"focus_distance": 0.5}, "has 0.5 m, the other 7 have 3 m; it is left out"),
        ({"kelvin": 3200}, "has 3200 K, the other 7 have 5600 K; it is left out"),
        ({"iso": 800, "f_number": 2.8}, "has ISO 800 and f/2.8, the other 7 have ISO 100 and f/8; it is left out"),
        ({"iso": None}, "does not say its ISO"),
        ({"shutter": None}, "does not say its shutter"),
    ],
)
def test_the_frame_and_the_tag_that_spoil_a_series(odd, tells):
    usual = {"flash": False, "focal_length": 50, "focus_distance": 3, "kelvin": 5600, "automatic_white_balance": False}
    shots = [shot(i, **{"shutter": 2.0**-i, **usual, **(odd if i == 4 else {})}) for i in range(1, 9)]
    found = decide(shots, "here")
    assert (found.attribute, len(found.shots)) == ("exposure", 7)
    assert left_out(found) == {"IMG_0004.DNG": tells}


def test_a_frame_whose_brightness_the_shutter_does_not_hold():
    shots = [shot(i, iso=100 * 2**i, shutter=2.0**-i * (4 if i == 3 else 1)) for i in range(7)]
    found = decide(shots, "here")
    assert (found.attribute, len(found.shots)) == ("iso", 6)
    assert "is 2 EV brighter by its settings than the other 6" in left_out(found)["IMG_0003.DNG"]


def test_a_quarter_of_spoilers_is_too_many_and_each_is_told():
    shots = [shot(i, shutter=2.0**-i, iso=100 * i if i in (2, 5) else 100) for i in range(1, 9)]
    with pytest.raises(SeriesError) as refused:
        decide(shots, "here")
    assert "here: more than one setting varies (ISO: 100 (6×), 200, 500" in str(refused.value)
    assert "nearest is a series of exposure: IMG_0002.DNG has ISO 200, the other 6 have ISO 100; IMG_0005.DNG has ISO 500" in str(
        refused.value
    )
    assert "--attribute" in str(refused.value)
    assert decide(shots[:4] + shots[5:] + [shot(9, shutter=2.0**-9)], "here").attribute == "exposure"


@given(st.integers(5, 12), st.data())
def test_the_smallest_set_is_found_wherever_the_spoilers_stand(count, data):
    spoilt = data.draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=(count - 1) // 4))
    shots = [shot(i, iso=100 * 2 ** (i % 15), f_number=2.8 if i in spoilt else 8.0) for i in range(count)]
    found = decide(data.draw(st.permutations(shots)), "here")
    assert found.attribute == "iso"
    assert {left.shot.path.name for left in found.left_out} == {f"IMG_{i:04d}.DNG" for i in spoilt}


@pytest.mark.parametrize(
    ("shots", "says"),
    [
        ([shot(1), shot(2)], "nothing varies in 2 pictures.*ISO: 100 \\(2×\\)"),
        ([shot(i, iso=None, f_number=None, shutter=None) for i in (1, 2)], "no settings are recorded"),
        ([shot(1, name="a.jpg"), shot(2, name="b.jpg")], "JPEGs do not record"),
        ([shot(i, kelvin=5000 + i * 500, automatic_white_balance=True) for i in (1, 2)], "automatic"),
        ([shot(1, iso=100), shot(2, iso=400, shutter=1 / 30)], "more than one setting varies.*ISO: 100, 400.*1/60 s, 1/30 s.*--attribute"),
        ([shot(1, iso=100, f_number=4), shot(2, iso=200, f_number=5.6)], "aperture: f/4, f/5.6"),
        ([shot(i, iso=100 * i, kelvin=3000 * i, automatic_white_balance=False) for i in (1, 2)], "3000 K, 6000 K"),
        ([shot(1, shutter=1), shot(2, shutter=2, iso=None)], "more than one setting|do not say|does not say"),
    ],
)
def test_what_cannot_be_decided_is_refused_with_the_settings(shots, says):
    with pytest.raises(SeriesError, match=says):
        decide(shots, "here")


def test_frames_without_a_label_are_left_out_and_the_rest_is_a_series():
    found = decide([shot(1, iso=100), shot(2, iso=200), shot(3, iso=None)], "here")
    assert (found.attribute, found.values) == ("iso", (100, 200))
    assert left_out(found) == {"IMG_0003.DNG": "does not say its ISO"}
    some = [shot(i, kelvin=k, automatic_white_balance=a) for i, (k, a) in enumerate([(3000, False), (4000, False), (5000, True)])]
    assert left_out(decide(some, "here")) == {"IMG_0002.DNG": "has an automatic white balance"}


def test_a_forced_attribute():
    both = [shot(1, iso=100), shot(2, iso=400, shutter=1 / 30)]
    found = decide(both, "here", "iso")
    assert (found.attribute, found.values) == ("iso", (100.0, 400.0))
    assert "shutter varies too" in found.notes[0]
    with pytest.raises(UsageError, match="contrast"):
        decide(both, "here", "contrast")
    with pytest.raises(SeriesError, match="8 in all 2"):
        decide(both, "here", "aperture")
    with pytest.raises(SeriesError, match="shoot RAW"):
        decide([shot(1, name="a.jpg"), shot(2, name="b.jpg")], "here", "white_balance")
    automatic = [shot(i, kelvin=5000 + i, automatic_white_balance=True) for i in (1, 2)]
    assert decide([*automatic, shot(3)], "here", "white_balance").values == (5001, 5002)


def test_the_cameras_own_kelvins_serve_where_nothing_can_be_computed():
    by_hand = [shot(i, camera_kelvin=k, automatic_white_balance=False) for i, k in ((1, 3000), (2, 6000))]
    assert decide(by_hand, "here").attribute == "white_balance"
    automatic = [shot(i, camera_kelvin=k, automatic_white_balance=True) for i, k in ((1, 3000), (2, 6000))]
    with pytest.raises(SeriesError, match="nothing varies"):
        decide(automatic, "here")


def test_a_manual_lens_without_f_number_gives_relative_exposures():
    found = decide([shot(1, f_number=None, shutter=1), shot(2, f_number=None, shutter=2)], "here")
    assert found.values == (0.0, 1.0)
    assert "relative" in found.notes[0]


def test_a_focus_at_infinity_is_no_label():
    shots = series(1, "focus_distance", (1, 2, math.inf, 4e9))
    found = decide(shots, "here")
    assert found.values == (1, 2)
    assert set(left_out(found)) == {"IMG_0003.DNG", "IMG_0004.DNG"}


def test_what_the_side_car_says_counts_above_shutter_and_automatic_white_balance():
    def by_hand(value):
        return Reading(value, "side-car")

    dimmed = [replace(shot(i), compensation=by_hand(float(-i))) for i in range(3)]
    found = decide(dimmed, "here")
    assert (found.attribute, found.values) == ("exposure", (0, -1, -2))
    balanced = [replace(shot(i, automatic_white_balance=True), kelvin=by_hand(3000.0 + 500 * i)) for i in range(3)]
    assert decide(balanced, "here").values == (3000, 3500, 4000)


def test_a_manual_lens_in_an_aperture_series_is_told_what_helps():
    with pytest.raises(SeriesError, match=r"no picture says its aperture.*scene\.yaml can give the f_numbers"):
        decide([shot(i, f_number=None) for i in range(3)], "here")
