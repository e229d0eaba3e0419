from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.simulate.sweep import DEFAULT_RANGE, Settings, sweep
from cat_dataset.errors import UsageError


@pytest.mark.parametrize("vary", DEFAULT_RANGE)
def test_only_the_asked_setting_varies(vary):
    chosen = sweep(vary)
    different = [name for name in Settings.__dataclass_fields__ if len({getattr(one, name) for one in chosen}) > 1]
    expected = {
        "iso": ["iso"], "exposure": ["shutter"], "compensation": ["shutter", "compensation"], "aperture": ["f_number"],
        "white_balance": ["kelvin"], "focus_distance": ["focus"], "focal_length": ["focal_length"],
    }  # fmt: skip
    assert different == expected[vary]


def test_defaults():
    assert [one.iso for one in sweep("iso")] == [100, 200, 400, 800, 1600, 3200, 6400]
    exposure = sweep("exposure")
    assert exposure[-1].light / exposure[0].light == pytest.approx(64, rel=0.01)
    assert exposure[6].shutter == Fraction(1, 60)


@pytest.mark.parametrize("vary", ["iso", "aperture"])
@given(frames=st.integers(2, 12))
def test_compensation_holds_the_brightness(vary, frames):
    chosen = sweep(vary, frames, compensate=True)
    levels = [one.brightness for one in chosen]
    assert max(levels) / min(levels) < 1.05


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("contrast",), "contrast"),
        (("iso", 1), "--frames 1"),
        (("iso", 5, (400.0, 100.0)), "must rise"),
        (("aperture", 50, (2.0, 2.5)), "same setting twice"),
        (("white_balance", 5, (500.0, 9000.0)), "1800"),
        (("exposure", 5, None, True), "--compensate"),
    ],
)
def test_impossible_sweeps_are_refused(arguments, says):
    with pytest.raises(UsageError, match=says):
        sweep(*arguments)
