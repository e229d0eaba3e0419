import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.reading.formats import Kind
from capture.reading.shot import Reading, Shot
from capture.sorting.which_varies import decide
from cat_dataset.errors import SeriesError, UsageError


def shot(iso=100.0, f_number=8.0, shutter=1 / 60, kelvin=None, automatic=None, raw=True) -> Shot:
    def read(value):
        return None if value is None else Reading(float(value), "exif")

    return Shot(
        path=Path("a.dng"), kind=Kind.RAW if raw else Kind.JPEG, width=96, height=64, camera="c", iso=read(iso), f_number=read(f_number), shutter=read(shutter),
        kelvin=read(kelvin), automatic_white_balance=automatic,
    )  # fmt: skip


def test_one_setting():
    assert decide([shot(iso=100), shot(iso=200)], "here").attribute == "iso"
    assert decide([shot(f_number=4), shot(f_number=5.6)], "here").attribute == "aperture"
    found = decide([shot(shutter=1 / 8), shot(shutter=1), shot(shutter=8)], "here")
    assert found.attribute == "exposure"
    assert found.values == (-9.0, -6.0, -3.0)
    found = decide([shot(kelvin=3200.4, automatic=False), shot(kelvin=5600, automatic=False)], "here")
    assert (found.attribute, found.values) == ("white_balance", (3200.0, 5600.0))


@given(st.floats(1e-4, 30), st.floats(0.95, 32), st.integers(25, 100000))
def test_exposure_is_zero_at_one_second_f1_iso_100_and_counts_stops(shutter, f_number, iso):
    values = decide([shot(iso, f_number, shutter), shot(iso, f_number, shutter * 2)], "here").values
    assert values[1] - values[0] == pytest.approx(1)
    assert values[0] == pytest.approx(math.log2(shutter * iso / 100 / f_number**2))
    assert decide([shot(100, 1, 1), shot(100, 1, 4)], "here").values == (0.0, 2.0)


def test_a_shutter_that_holds_the_brightness_is_not_what_varies():
    nominal = [(100, 1 / 60), (200, 1 / 125), (400, 1 / 250), (800, 1 / 500)]
    found = decide([shot(iso=iso, shutter=t) for iso, t in nominal], "here")
    assert found.attribute == "iso"
    assert "shutter" in found.notes[0]
    found = decide([shot(f_number=4, shutter=1 / 60), shot(f_number=8, shutter=1 / 15)], "here")
    assert found.attribute == "aperture"


def test_small_wobble_is_no_variation():
    wobble = [shot(iso=100, f_number=4.0), shot(iso=200, f_number=4.05), shot(iso=400, f_number=3.95)]
    assert decide(wobble, "here").attribute == "iso"


def test_drift_of_an_automatic_white_balance_is_no_setting():
    drifting = [shot(iso=100, kelvin=5000, automatic=True), shot(iso=200, kelvin=5600, automatic=True)]
    assert decide(drifting, "here").attribute == "iso"


@pytest.mark.parametrize(
    ("shots", "says"),
    [
        ([shot(), shot()], "nothing varies in 2 pictures.*ISO: 100 \\(2×\\)"),
        ([shot(iso=None, f_number=None, shutter=None)] * 2, "no settings are recorded"),
        ([shot(raw=False), shot(raw=False)], "JPEGs do not record"),
        ([shot(kelvin=5000, automatic=True), shot(kelvin=6000, automatic=True)], "automatic"),
        ([shot(iso=100), shot(iso=400, shutter=1 / 30)], "more than one setting varies.*ISO: 100, 400.*1/60 s, 1/30 s.*--attribute"),
        ([shot(iso=100, f_number=4), shot(iso=200, f_number=5.6)], "aperture: f/4, f/5.6"),
        ([shot(iso=100, kelvin=3000, automatic=False), shot(iso=200, kelvin=6000, automatic=False)], "3000 K, 6000 K"),
        ([shot(iso=100), shot(iso=200), shot(iso=None)], "1 of 3 pictures do not say their iso: a.dng"),
        ([shot(shutter=1), shot(shutter=2), shot(shutter=4, iso=None)], "only 2 of 3 pictures say their ISO"),
    ],
)
def test_what_cannot_be_decided_is_refused_with_the_settings(shots, says):
    with pytest.raises(SeriesError, match=says):
        decide(shots, "here")


def test_a_forced_attribute():
    both = [shot(iso=100), shot(iso=400, shutter=1 / 30)]
    found = decide(both, "here", "iso")
    assert (found.attribute, found.values) == ("iso", (100.0, 400.0))
    assert "exposure varies too" in found.notes[0]
    with pytest.raises(UsageError, match="contrast"):
        decide(both, "here", "contrast")
    with pytest.raises(SeriesError, match="8 in all 2"):
        decide(both, "here", "aperture")
    with pytest.raises(SeriesError, match="shoot RAW"):
        decide(both, "here", "white_balance")


def test_a_manual_lens_without_f_number_gives_relative_exposures():
    found = decide([shot(f_number=None, shutter=1), shot(f_number=None, shutter=2)], "here")
    assert found.values == (0.0, 1.0)
    assert "relative" in found.notes[0]
