"""LibRaw with every choice fixed: brightness, clipping, shadows, and files that are not whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from capture.developing.decode import decode
from capture.developing.recipe import PEDESTAL, FrameRecipe
from capture.simulate.dng import dng_bytes
from capture.srgb import Linear
from cat_dataset.errors import InputError
from tests.capture.conftest import TAGS
from tests.capture.developing.files import GAINS, REACH, bayer, grey_ramp, linear_dng, plain, raw_shot, shot_of, smooth_colours

NONE = FrameRecipe()
OWN = FrameRecipe(gains=GAINS)


def developed(shot, recipe, frame=NONE) -> Linear:
    return decode(shot, recipe).picture(frame, recipe)


def test_brightness_is_not_rescaled_by_the_brightest_pixel(tmp_path: Path) -> None:
    bright, dark = (developed(raw_shot(tmp_path / f"{scale}.dng", bayer(grey_ramp(scale))), plain()) for scale in (1.0, 0.25))
    assert np.median(dark[8:-8, 8:64] / bright[8:-8, 8:64]) == pytest.approx(0.25, rel=0.005)
    assert bright[:, -8:].min() > 0.999
    ceiling = 1 - PEDESTAL * (plain().top_gain - 1)
    assert bright[32, 40] == pytest.approx((0.01 + 1.29 * 40 / 95) / ceiling, rel=0.01)


def test_files_that_state_different_saturations_clip_alike(tmp_path: Path) -> None:
    shot = raw_shot(tmp_path / "a.dng", bayer(grey_ramp(1.0)))
    stated = developed(shot, plain())
    assert np.array_equal(developed(shot, plain(saturation=TAGS.white)), stated)
    lower = developed(shot, plain(saturation=TAGS.black + REACH // 2))
    assert np.median(lower[8:-8, 4:32] / stated[8:-8, 4:32]) == pytest.approx(2, rel=0.005)


@pytest.mark.parametrize("half", [True, False])
def test_a_neutral_surface_is_neutral_up_to_white(tmp_path: Path, half: bool) -> None:
    shot = raw_shot(tmp_path / "a.dng", bayer(grey_ramp(1.0)))
    recipe = plain(half=half, size=48 if half else 96)
    for one, frame in ((recipe, NONE), (replace(recipe, gains=None), OWN)):
        linear = developed(shot, one, frame)[4:-4, 4:-4]
        assert np.abs(linear / linear[..., 1:2] - 1).max() < 0.02


@pytest.mark.parametrize("half", [True, False])
def test_shadows_below_the_noise_keep_their_colour(tmp_path: Path, half: bool) -> None:
    """A grey 20 numbers above black under noise of 70: cutting at black would more than double its red."""
    rng = np.random.default_rng(0)
    numbers = bayer(np.broadcast_to(TAGS.neutral * 20 / REACH, (512, 512, 3)).copy()) + rng.normal(0, 70, (512, 512))
    shot = raw_shot(tmp_path / "dark.dng", np.clip(np.rint(numbers), 0, TAGS.white).astype(np.uint16))
    recipe = plain(half=half, size=256)
    for one, frame in ((recipe, NONE), (replace(recipe, gains=None), OWN)):
        mean = developed(shot, one, frame).mean(axis=(0, 1)) * REACH
        assert mean == pytest.approx(np.full(3, 20.5), abs=5)


@pytest.mark.parametrize("half", [True, False])
def test_balancing_afterwards_is_what_libraw_does_before(tmp_path: Path, half: bool) -> None:
    """Where nothing clips, gains after a unit development give what LibRaw gives with ``user_wb``."""
    shot = raw_shot(tmp_path / "a.dng", bayer(smooth_colours()))
    recipe = plain(half=half, size=48 if half else 96)
    ceiling = 1 if half else 1 - PEDESTAL * (recipe.top_gain - 1)  # LibRaw's route has white at that level
    before = developed(shot, recipe) * ceiling
    after = developed(shot, replace(recipe, gains=None), OWN)
    assert np.abs(before - after)[2:-2, 2:-2].max() < (1e-5 if half else 0.02)
    assert np.abs(before - after).mean() < (1e-6 if half else 5e-4)


def test_highlights_are_cut_before_they_are_averaged(tmp_path: Path) -> None:
    """Stripes of black and of burnt-out white, scaled down: grey, though red and blue reach far past white after their gains."""
    light = np.zeros((64, 96, 3))
    light[:, 8::16] = light[:, 9::16] = light[:, 10::16] = light[:, 11::16] = 1.2
    shot = raw_shot(tmp_path / "a.dng", bayer(light))
    linear = developed(shot, plain(gains=None, half=True, size=6), OWN)
    assert linear.shape == (4, 6, 3)
    assert np.abs(linear / linear[..., 1:2] - 1).max() < 0.01
    assert linear.mean() == pytest.approx(0.25, abs=0.01)


def test_the_least_gain_of_a_series_keeps_green_alike(tmp_path: Path) -> None:
    shot = raw_shot(tmp_path / "a.dng", bayer(smooth_colours(top=0.1)))
    recipe = plain(gains=None, least_gain=0.5)
    decoded = decode(shot, recipe)
    identity = replace(decoded, matrix=np.eye(3))
    one, two = (identity.picture(FrameRecipe(gains=gains), recipe) for gains in ((0.5, 1.0, 3.0), (2.0, 1.0, 1.0)))
    assert np.array_equal(one[..., 1], two[..., 1])
    assert two[..., 0] == pytest.approx(4 * one[..., 0], rel=1e-3, abs=1e-3)


def test_a_mosaic_is_the_sensors_own_numbers(tmp_path: Path) -> None:
    numbers = bayer(smooth_colours())
    mosaic = decode(raw_shot(tmp_path / "a.dng", numbers), plain()).mosaic
    assert mosaic is not None
    assert np.array_equal(mosaic.numbers, numbers)
    assert (mosaic.colours, mosaic.black, mosaic.white) == ("RGGB", (float(TAGS.black),) * 4, TAGS.white)
    assert decode(shot_of(tmp_path / "a.dng", 96, 64), plain(), mosaic=False).mosaic is None


def test_pixels_that_are_not_there_are_refused(tmp_path: Path) -> None:
    cut = np.random.default_rng(0).integers(100, 4000, (192, 256)).astype(np.uint16)
    cut[120:] = 0
    black = replace(TAGS, black=0)
    whole = dng_bytes(cut, TAGS)
    cases = {
        "black.dng": (dng_bytes(np.zeros((192, 256), np.uint16), black), "in every pixel"),
        "half_black.dng": (dng_bytes(cut, black), "no pixels at its end"),
        "cut.dng": (whole[: len(whole) // 3], "cut|cannot be developed"),
        "empty.dng": (b"", "cannot be developed"),
        "text.nef": (b"hello" * 1000, "cannot be developed"),
    }
    for name, (data, says) in cases.items():
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(InputError, match=says) as caught:
            developed(shot_of(path, 256, 192), plain(size=256))
        assert name in str(caught.value)


@pytest.mark.parametrize("half", [True, False])
def test_a_linear_dng_has_no_mosaic_but_its_colours(tmp_path: Path, half: bool) -> None:
    path = tmp_path / "phone.dng"
    numbers = np.rint(np.minimum(grey_ramp(0.7), 1) * 65535).astype(np.uint16)
    path.write_bytes(linear_dng(numbers))
    decoded = decode(shot_of(path, 96, 64), plain(half=half, size=48))
    assert decoded.mosaic is None
    linear = decoded.picture(NONE, plain())
    assert linear.shape == (32, 48, 3)
    assert np.abs(linear / linear[..., 1:2] - 1).max() < 0.01
    assert linear[16, :, 1] == pytest.approx(grey_ramp(0.7)[0, :, 1].reshape(48, 2).mean(axis=1), abs=0.01)
    numbers[40:] = 0
    path.write_bytes(linear_dng(numbers))
    with pytest.raises(InputError, match="no pixels at its end"):
        decode(shot_of(path, 96, 64), plain())


def test_a_frame_with_gains_in_a_series_with_gains_is_refused(tmp_path: Path) -> None:
    shot = raw_shot(tmp_path / "a.dng", bayer(smooth_colours()))
    with pytest.raises(InputError, match="gains of its own"):
        developed(shot, plain(), OWN)
    with pytest.raises(InputError, match="white balance but no gains"):
        developed(shot, plain(gains=None), FrameRecipe(change={"white_balance": 5000.0}))
