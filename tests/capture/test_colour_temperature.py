import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.colour_temperature import ColourProfile, black_body_xy, correlated_kelvin, daylight_xy, locus_xy
from capture.simulate.sensor import COLOUR_MATRIX


@pytest.mark.parametrize(
    ("kelvin", "x", "y"), [(5003, 0.34567, 0.35850), (5503, 0.33242, 0.34743), (6504, 0.31271, 0.32902), (7504, 0.29902, 0.31485)]
)
def test_daylight_matches_the_cie_illuminants(kelvin, x, y):
    assert daylight_xy(kelvin) == pytest.approx([x, y], abs=2e-4)
    assert correlated_kelvin(np.array([x, y])) == pytest.approx(kelvin, abs=3)


@pytest.mark.parametrize(
    ("kelvin", "x", "y"), [(2000, 0.52669, 0.41331), (2856, 0.44757, 0.40745), (5000, 0.34510, 0.35161), (10000, 0.28063, 0.28828)]
)
def test_black_body_matches_published_chromaticities(kelvin, x, y):
    assert black_body_xy(kelvin) == pytest.approx([x, y], abs=1e-4)


@given(st.floats(1700, 20000))
def test_kelvin_survives_the_way_through_camera_multipliers(kelvin):
    profile = ColourProfile(COLOUR_MATRIX)
    back = profile.kelvin(profile.multipliers(kelvin))
    assert back is not None
    assert abs(1e6 / back - 1e6 / kelvin) < 0.02


@given(st.floats(2000, 12000))
def test_two_matrices_round_trip_too(kelvin):
    profile = ColourProfile(COLOUR_MATRIX @ np.diag([1.1, 1.0, 0.9]), 2856.0, COLOUR_MATRIX, 6504.0)
    back = profile.kelvin(profile.multipliers(kelvin))
    assert back is not None
    assert abs(1e6 / back - 1e6 / kelvin) < 0.05


def test_multipliers_agree_with_a_makers_own_table():
    """Canon EOS 350D: ColorMatrix1/2 and CameraCalibration of its DNG against the Kelvin table in its maker note."""
    warm = np.array([0.6159, -0.0945, -0.0745, -0.6846, 1.3563, 0.3684, -0.0802, 0.1086, 0.7555]).reshape(3, 3)
    cool = np.array([0.6018, -0.0617, -0.0965, -0.8645, 1.5881, 0.2975, -0.1530, 0.1719, 0.7642]).reshape(3, 3)
    calibration = np.diag([1.0069, 1.0, 1.0027])
    profile = ColourProfile(calibration @ warm, 2856.0, calibration @ cool, 6504.0)
    for kelvin, gains in {5200: (2312, 1023, 1501), 7000: (2714, 1023, 1246), 6000: (2512, 1023, 1355), 3201: (1523, 1023, 2397)}.items():
        expected = np.array(gains) / gains[1]
        assert profile.multipliers(kelvin) == pytest.approx(expected, rel=0.06)


def test_impossible_gains_have_no_kelvin():
    profile = ColourProfile(COLOUR_MATRIX)
    assert profile.kelvin(np.array([-1.0, 1.0, 1.0])) is None
    assert profile.kelvin(np.array([np.nan, 1.0, 1.0])) is None
    assert profile.kelvin(np.array([1e-6, 1.0, 1e6])) is None
    assert ColourProfile(np.zeros((3, 3))).kelvin(np.array([2.0, 1.0, 1.5])) is None
    with pytest.raises(ValueError, match="outside"):
        locus_xy(100)
