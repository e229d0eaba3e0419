import numpy as np
import pytest
import rawpy

from capture.simulate.dng import dng_bytes
from capture.simulate.sensor import COLOUR_MATRIX, Sensor, camera_rgb, fixed_pattern, mosaic
from capture.srgb import XYZ_FROM_SRGB
from tests.capture.conftest import TAGS
from tests.capture.simulate.looking import raw as raw_numbers


@pytest.mark.parametrize("iso", [100, 800, 6400])
@pytest.mark.parametrize("share", [0.02, 0.4])
def test_noise_read_back_from_a_dng_is_the_predicted_one(tmp_path, iso, share):
    """Standard deviation of a flat field against the DNG's own NoiseProfile: variance = scale·x + offset."""
    sensor = Sensor()
    mean = np.full((256, 256), share * sensor.full_well * 100 / iso, np.float32)
    numbers = sensor.read(mean, iso, np.random.default_rng(5))
    path = tmp_path / "flat.dng"
    path.write_bytes(dng_bytes(numbers, TAGS))
    with rawpy.imread(str(path)) as raw:
        field = (raw.raw_image_visible.astype(np.float64) - 2048) / (15000 - 2048)
    scale, offset = sensor.noise_profile(iso)
    assert field.mean() == pytest.approx(share, rel=0.01)
    assert field.std() == pytest.approx(np.sqrt(scale * share + offset), rel=0.02)


def test_few_electrons_follow_poisson():
    sensor = Sensor(read_before=0.0, read_after=0.0)
    numbers = sensor.read(np.full((400, 400), 3.0, np.float32), 6400, np.random.default_rng(1))
    electrons = (numbers.astype(float) - sensor.black) / sensor.gain(6400)
    assert electrons.mean() == pytest.approx(3.0, rel=0.02)
    assert electrons.var() == pytest.approx(3.0, rel=0.03)
    assert (np.abs(electrons) < 0.05).mean() == pytest.approx(np.exp(-3), rel=0.1)


def test_the_well_fills_and_the_scale_ends():
    sensor = Sensor(read_before=0.0, read_after=0.0)
    rng = np.random.default_rng(0)
    assert sensor.read(np.full((8, 8), 1e6, np.float32), 100, rng).min() == sensor.white
    # below base ISO the well is full before the scale ends
    assert sensor.read(np.full((8, 8), 1e6, np.float32), 50, rng).max() == pytest.approx(2048 + (15000 - 2048) / 2, abs=1)


def test_colours_land_on_their_bayer_samples():
    colour = np.zeros((4, 4, 3), np.float32) + np.array([1, 2, 3], np.float32)
    assert mosaic(colour)[:2, :2].tolist() == [[1, 2], [2, 3]]
    white = camera_rgb(np.ones((1, 1, 3), np.float32))[0, 0]
    assert white == pytest.approx(COLOUR_MATRIX @ XYZ_FROM_SRGB @ np.ones(3), rel=1e-5)


def test_the_fixed_pattern_belongs_to_the_body():
    one, two = fixed_pattern(64, 64, 0.005, 1), fixed_pattern(64, 64, 0.005, 2)
    assert one.std() == pytest.approx(0.005, rel=0.1)
    assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.1
    assert np.array_equal(one, fixed_pattern(64, 64, 0.005, 1))


def test_a_row_shares_its_offset():
    sensor = Sensor(read_before=0.0, read_after=0.0, row_noise=20.0)
    numbers = sensor.read(np.zeros((400, 64), np.float32), 100, np.random.default_rng(0)).astype(float)
    assert numbers.std(axis=1).max() == 0
    assert numbers[:, 0].std() == pytest.approx(20, rel=0.1)


def test_hot_pixels_glow_with_the_time_and_stay_where_they_are(shoot):
    """Two exposures by the numbers alone: twice the time, twice the glow, in the same places."""
    sensor = Sensor(hot_share=0.01, non_uniformity=0.0)
    dark = {"traps": ("lens_cap:1,2",), "size": (256, 192), "sensor": sensor}
    folder = shoot("exposure", 2, limits=(2, 3), **dark)
    short, long = (np.asarray(raw_numbers(path), float) - sensor.black for path in sorted(folder.iterdir()))
    hot = long > 200
    assert 0.005 < hot.mean() < 0.01
    assert np.median(long[hot] / short[hot]) == pytest.approx(2, rel=0.05)
    assert np.abs(long[~hot]).mean() < 10
