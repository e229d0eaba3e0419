"""Black bodies against published figures and against a formula that shares nothing with our table."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.blackbody import OBSERVER, blackbody_rgb, blackbody_xyz, correlated_kelvin, in_gamut


def krystek(kelvin: float) -> tuple[float, float]:
    """CIE 1960 uv of the Planckian locus by M. Krystek's rational fit (Color Research & Application 10, 1985).

    Its own error is below 8e-5 in u and 9e-5 in v from 1000 to 15000 K.
    """
    t = kelvin
    u = (0.860117757 + 1.54118254e-4 * t + 1.28641212e-7 * t**2) / (1 + 8.42420235e-4 * t + 7.08145163e-7 * t**2)
    v = (0.317398726 + 4.22806245e-5 * t + 4.20481691e-8 * t**2) / (1 - 2.89741816e-5 * t + 1.61456053e-7 * t**2)
    return u, v


@given(st.floats(1000, 15000))
def test_lies_on_the_locus(kelvin: float) -> None:
    x, y, z = blackbody_xyz(kelvin)
    scale = x + 15 * y + 3 * z
    assert math.dist((4 * x / scale, 6 * y / scale), krystek(kelvin)) < 2e-4


def test_illuminant_a_as_the_cie_publishes_it() -> None:
    """CIE 15: illuminant A is a black body, 2848 K in the days of c2 = 1.435e-2 m K; x = 0.44758, y = 0.40745."""
    xyz = blackbody_xyz(2848 * 1.438776877 / 1.435)
    assert (xyz[0] / sum(xyz), xyz[1] / sum(xyz)) == pytest.approx((0.44758, 0.40745), abs=2e-5)


def test_the_table_is_whole() -> None:
    """The three functions have equal areas, luminous efficiency has area 106.857 nm and its peak of 1 at 555 nm."""
    areas = [math.fsum(column) * 5 for column in zip(*OBSERVER, strict=True)]
    assert areas == pytest.approx([106.86] * 3, abs=0.06)
    assert [row[1] for row in OBSERVER].index(1.0) == (555 - 360) // 5


@given(st.floats(800, 60000))
def test_luminance_is_one_and_nothing_is_negative(kelvin: float) -> None:
    red, green, blue = blackbody_rgb(kelvin)
    assert 0.212673 * red + 0.715152 * green + 0.072175 * blue == pytest.approx(1, abs=1e-5)
    assert min(red, green, blue) >= 0


@given(st.floats(1910, 40000))
def test_kelvins_come_back_from_the_colour(kelvin: float) -> None:
    assert in_gamut(kelvin)
    assert correlated_kelvin(blackbody_rgb(kelvin)) == pytest.approx(kelvin, rel=1e-6)
    assert correlated_kelvin([7.5 * value for value in blackbody_rgb(kelvin)]) == pytest.approx(kelvin, rel=1e-6)


def test_candle_light_is_outside_the_gamut_and_reads_back_as_what_it_became() -> None:
    assert not in_gamut(1000)
    assert blackbody_rgb(1000)[2] == 0
    assert 1010 < correlated_kelvin(blackbody_rgb(1000)) < 1040


def test_daylight_white_is_near_its_published_temperature() -> None:
    """D65, which is Rec.709's white, has a correlated colour temperature of 6504 K (CIE 15, rounded)."""
    assert correlated_kelvin((1.0, 1.0, 1.0)) == pytest.approx(6504, abs=2)


def test_black_has_no_temperature() -> None:
    with pytest.raises(ValueError, match="black"):
        correlated_kelvin((0.0, 0.0, 0.0))
