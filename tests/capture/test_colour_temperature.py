"""Kelvins, chromaticities and camera multipliers against published figures and makers' own tables."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.colour_temperature import HIGHEST, LOWEST, ColourProfile, correlated, locus_xy, on_locus
from capture.simulate.sensor import COLOUR_MATRIX

ONE = ColourProfile(COLOUR_MATRIX)
TWO = ColourProfile(COLOUR_MATRIX @ np.diag([1.1, 1.0, 0.9]), 2856.0, COLOUR_MATRIX, 6504.0)


def matrix(*numbers: float) -> np.ndarray:
    return np.array(numbers).reshape(3, 3)


# ColorMatrix1/2 and CameraCalibration of a DNG of the Canon EOS 350D; LibRaw's matrices of the others
CANON_350D = ColourProfile(
    np.diag([1.0069, 1.0, 1.0027]) @ matrix(0.6159, -0.0945, -0.0745, -0.6846, 1.3563, 0.3684, -0.0802, 0.1086, 0.7555), 2856.0,
    np.diag([1.0069, 1.0, 1.0027]) @ matrix(0.6018, -0.0617, -0.0965, -0.8645, 1.5881, 0.2975, -0.1530, 0.1719, 0.7642), 6504.0,
)  # fmt: skip
CANON_1DS3 = ColourProfile(matrix(0.5859, -0.0211, -0.0930, -0.8255, 1.6017, 0.2353, -0.1732, 0.1887, 0.7448))
SONY_A55 = ColourProfile(matrix(0.5932, -0.1492, -0.0411, -0.4813, 1.2285, 0.2856, -0.0741, 0.1524, 0.6739))


@pytest.mark.parametrize(
    ("kelvin", "x", "y"), [(5003, 0.34567, 0.35850), (5503, 0.33242, 0.34743), (6504, 0.31271, 0.32902), (7504, 0.29902, 0.31485)]
)
def test_the_locus_is_cie_daylight_above(kelvin: float, x: float, y: float) -> None:
    assert locus_xy(kelvin) == pytest.approx([x, y], abs=2e-4)
    found = correlated(np.array([x, y]))
    assert found is not None
    assert found[0] == pytest.approx(kelvin, abs=3)
    assert found[1] == pytest.approx(0.0032, abs=4e-4)  # daylight lies on the green side of the black body


@pytest.mark.parametrize(("kelvin", "x", "y"), [(2000, 0.52669, 0.41331), (2856, 0.44757, 0.40745), (3500, 0.40532, 0.39073)])
def test_the_locus_is_the_black_body_below(kelvin: float, x: float, y: float) -> None:
    assert locus_xy(kelvin) == pytest.approx([x, y], abs=2e-4)
    found = correlated(np.array([x, y]))
    assert found is not None
    assert found == pytest.approx((kelvin, 0), abs=2)


def test_the_blend_is_without_steps() -> None:
    kelvins = np.arange(3700, 4300, 5.0)
    steps = np.linalg.norm(np.diff([locus_xy(kelvin) for kelvin in kelvins], axis=0), axis=1)
    assert steps.max() < 2 * steps.min()


@given(st.floats(LOWEST, HIGHEST), st.sampled_from([ONE, TWO, CANON_350D, SONY_A55]))
def test_kelvin_survives_the_way_through_camera_multipliers(kelvin: float, profile: ColourProfile) -> None:
    back = profile.kelvin(profile.multipliers(kelvin))
    assert back is not None
    assert abs(1e6 / back - 1e6 / kelvin) < 0.01


@given(st.floats(LOWEST, HIGHEST))
def test_correlated_temperatures_lead_back_to_the_locus(kelvin: float) -> None:
    found = correlated(locus_xy(kelvin))
    assert found is not None
    assert abs(1e6 / on_locus(found[0]) - 1e6 / kelvin) < 0.01


@pytest.mark.parametrize(
    ("profile", "table", "within"),
    [
        (CANON_350D, {3201: (1523, 1023, 2397), 5200: (2312, 1023, 1501), 6000: (2512, 1023, 1355), 7000: (2714, 1023, 1246)}, 0.06),
        (CANON_1DS3, {3200: (1582, 1087, 2614), 5200: (2144, 1024, 1558), 6000: (2305, 1024, 1394), 7000: (2479, 1024, 1268)}, 0.06),
        (SONY_A55, {2500: (1340, 1024, 3280), 3200: (1736, 1024, 2424), 4500: (2264, 1024, 1784), 8500: (3068, 1024, 1268)}, 0.095),
    ],
)  # fmt: skip
def test_multipliers_agree_with_makers_own_tables(profile: ColourProfile, table: dict[int, tuple[int, ...]], within: float) -> None:
    for kelvin, gains in table.items():
        assert profile.multipliers(kelvin) == pytest.approx(np.array(gains) / gains[1], rel=within)


def test_the_matrix_between_two_is_even_in_mired() -> None:
    middle = 1e6 / ((1e6 / 2856 + 1e6 / 6504) / 2)
    assert TWO.second is not None
    assert TWO.at(middle) == pytest.approx((TWO.first + TWO.second) / 2)
    assert np.array_equal(TWO.at(2000), TWO.first)
    assert np.array_equal(TWO.at(9000), TWO.second)
    turned = ColourProfile(TWO.second, 6504.0, TWO.first, 2856.0)
    assert np.array_equal(turned.at(4000), TWO.at(4000))
    assert np.array_equal(turned.neutral(4000), TWO.neutral(4000))


def test_neutral_is_the_matrix_times_the_white() -> None:
    x, y = locus_xy(5000)
    response = COLOUR_MATRIX @ [x / y, 1, (1 - x - y) / y]
    assert ONE.neutral(5000) == pytest.approx(response / response[1])
    assert ONE.multipliers(5000) * ONE.neutral(5000) == pytest.approx(np.ones(3))


def test_tint_is_told_by_duv() -> None:
    found = ONE.kelvin_and_duv(ONE.multipliers(5000) * [1.0, 0.9, 1.0])  # less green gain: the light was greener
    assert found is not None
    assert found[1] > 0.01
    plain = ONE.kelvin_and_duv(ONE.multipliers(3000))
    assert plain is not None
    assert plain[1] == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("gains", [[-1.0, 1, 1], [np.nan, 1, 1], [np.inf, 1, 1], [1e-6, 1, 1e6], [0.2, 1, 5], [1, 1e-9, 1]])
def test_impossible_gains_have_no_kelvin(gains: list[float]) -> None:
    for profile in (ONE, TWO):
        assert profile.kelvin(np.array(gains)) is None


@given(st.lists(st.floats(-1e6, 1e6), min_size=18, max_size=18), st.lists(st.floats(1e-3, 1e3), min_size=3, max_size=3))
def test_hostile_matrices_end(numbers: list[float], gains: list[float]) -> None:
    """Matrices come from files: any of them gives an answer or None, in a bounded time."""
    found = ColourProfile(matrix(*numbers[:9]), 2856.0, matrix(*numbers[9:]), 6504.0).kelvin_and_duv(np.array(gains))
    assert found is None or LOWEST <= found[0] <= HIGHEST


def test_a_singular_matrix_has_no_kelvin() -> None:
    assert ColourProfile(np.zeros((3, 3))).kelvin(np.array([2.0, 1.0, 1.5])) is None


def test_whites_outside_are_refused() -> None:
    for kelvin in (100.0, LOWEST - 1, HIGHEST + 1, float("nan")):
        with pytest.raises(ValueError, match="outside"):
            locus_xy(kelvin)


def test_profiles_travel_between_processes() -> None:
    assert len(pickle.dumps(TWO)) < 1500
    assert np.array_equal(pickle.loads(pickle.dumps(TWO)).neutral(4500), TWO.neutral(4500))
