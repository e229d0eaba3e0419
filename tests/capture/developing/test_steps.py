"""What --white-balance, --exposure and the like may say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.colour_temperature import HIGHEST, LOWEST
from capture.developing.steps import values_of
from capture.reading.shot import Reading
from cat_dataset.errors import InputError, UsageError
from tests.capture.developing.files import shot_of

SHOT = replace(shot_of(Path("a.dng"), 96, 64), kelvin=Reading(5302.0, "computed"))


def test_four_hundred_steps_are_the_papers() -> None:
    values = values_of("white_balance", "400", SHOT)
    assert len(values) == 401
    assert values[200] == pytest.approx(5302)
    assert (values[0], values[-1]) == (pytest.approx(3465, abs=0.6), pytest.approx(11287, abs=2))
    assert np.diff(1e6 / np.array(values)) == pytest.approx(np.full(400, -0.5))


@given(st.floats(2300, 9000), st.integers(1, 200))
def test_steps_are_even_in_mired(kelvin: float, half: int) -> None:
    shot = replace(SHOT, kelvin=Reading(kelvin, "computed"))
    room = min(1e6 / kelvin - 1e6 / HIGHEST, 1e6 / LOWEST - 1e6 / kelvin)
    if half * 0.5 > room:
        with pytest.raises(UsageError, match="ask for at most"):
            values_of("white_balance", str(2 * half), shot)
        return
    values = values_of("white_balance", str(2 * half), shot)
    assert len(values) == 2 * half + 1
    assert 1e6 / values[0] - 1e6 / kelvin == pytest.approx(half * 0.5)
    assert 1e6 / kelvin - 1e6 / values[-1] == pytest.approx(half * 0.5)


def test_ranges_and_lists() -> None:
    assert values_of("exposure", "-2:2:9", SHOT) == (-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2)
    assert values_of("exposure", "2,-1, 0", SHOT) == (-1, 0, 2)
    assert values_of("gamma", "1:3:21", SHOT)[2] == 1.2
    assert values_of("saturation", "200:0:3", SHOT) == (0, 100, 200)
    kelvins = values_of("white_balance", "2800:10000:25", SHOT)
    assert (kelvins[0], kelvins[-1]) == (2800, 10000)
    assert np.diff(1e6 / np.array(kelvins), 2) == pytest.approx(np.zeros(23), abs=1e-9)
    assert values_of("white_balance", f"{LOWEST},{HIGHEST}", SHOT) == (LOWEST, HIGHEST)


@pytest.mark.parametrize(
    ("attribute", "text", "says"),
    [
        ("white_balance", "401", "must be even"), ("white_balance", "0", "must be even"), ("white_balance", "4000", "ask for at most"),
        ("white_balance", "500,5000", "asks for 500 K; white_balance can be made from 1667 to 25000 K"),
        ("white_balance", "0:5000:9", "above 0"), ("white_balance", "abc", "'abc' is no number"),
        ("exposure", "1", "gives 1 values"), ("exposure", "-2:2", "LO:HI:N"), ("exposure", "-2:2:x", "LO:HI:N"),
        ("exposure", "-2:2:1", "asks for 1 values"), ("exposure", "-2:2:5000", "asks for 5000 values"),
        ("exposure", "1,1", "same value twice"),
        ("exposure", "-2,nan", "'nan' is no number"), ("exposure", "", "is no number"), ("gamma", "0.5,2", "asks for 0.5"),
        ("contrast", "0,100", "asks for 0 %; contrast can be made from 25 to 400 %"), ("iso", "1,2", "cannot be changed exactly"),
    ],
)  # fmt: skip
def test_what_is_refused(attribute: str, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        values_of(attribute, text, SHOT)


def test_an_unknown_white_has_no_middle() -> None:
    with pytest.raises(InputError, match="has no middle; list kelvins"):
        values_of("white_balance", "400", replace(SHOT, kelvin=None))
