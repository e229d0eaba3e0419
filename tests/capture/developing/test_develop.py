from dataclasses import replace

import cv2
import numpy as np
import pytest

from capture.developing.develop import PEDESTAL, Recipe, develop, png_bytes, recipe_for, upright
from capture.proving.measure import luminance_map, seen_ev
from capture.reading.read import read_shot
from capture.simulate.dng import dng_bytes
from cat_dataset.errors import InputError
from cat_dataset.jpeg import is_whole_jpeg
from tests.capture.conftest import TAGS, write_dng_file, write_jpeg_file

PLAIN = Recipe(size=4096, half=False, orientation=1, saturation=None, top_gain=1 / 0.45)


def ramp_dng(path, scale):
    """A grey ramp at ``scale`` times full brightness, without noise; its right edge clips at scale 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    level = np.linspace(0.01, 1.3, 96) * scale
    grey = np.broadcast_to(level, (64, 96))[..., None] * TAGS.neutral
    mosaic = grey[..., 1].copy()
    mosaic[0::2, 0::2], mosaic[1::2, 1::2] = grey[0::2, 0::2, 0], grey[1::2, 1::2, 2]
    path.write_bytes(dng_bytes(np.clip(2048 + mosaic * 12952, 0, 15000).astype(np.uint16), TAGS))
    return read_shot(path)


def test_brightness_is_not_rescaled_by_the_brightest_pixel(tmp_path):
    bright, dark = (ramp_dng(tmp_path / f"{scale}.dng", scale) for scale in (1.0, 0.25))
    one, two = (develop(shot, shot.gains, PLAIN) for shot in (bright, dark))
    assert seen_ev(luminance_map(one), luminance_map(two)) == pytest.approx(-2, abs=0.01)
    assert one[:, -8:].min() > 0.999
    assert one[32, 40] == pytest.approx((0.01 + 1.29 * 40 / 95) / (1 - PEDESTAL * (PLAIN.top_gain - 1)), rel=0.01)


def test_files_that_state_different_saturations_clip_alike(tmp_path):
    shot = ramp_dng(tmp_path / "a.dng", 1.0)
    as_stated = develop(shot, shot.gains, PLAIN)
    assert np.array_equal(develop(shot, shot.gains, replace(PLAIN, saturation=15000)), as_stated)
    lower = develop(shot, shot.gains, replace(PLAIN, saturation=2048 + 12952 // 2))
    assert seen_ev(luminance_map(as_stated), luminance_map(lower)) == pytest.approx(1, abs=0.01)
    shots = [shot, replace(shot, saturation=14000)]
    assert (recipe_for(shots, [None], 64, False, 1).saturation, recipe_for(shots[:1], [None], 64, False, 1).saturation) == (14000, None)


def test_a_neutral_surface_comes_out_neutral(tmp_path):
    shot = ramp_dng(tmp_path / "a.dng", 0.6)
    linear = develop(shot, shot.gains, PLAIN)[8:-8, 8:-8]
    assert np.abs(linear / linear[..., 1:2] - 1).max() < 0.01


def test_shadows_below_the_noise_keep_their_colour(tmp_path):
    """A grey 20 numbers above black under noise of 70: cutting at black would more than double its red."""
    rng = np.random.default_rng(0)
    grey = np.full((512, 512), 20.0)
    grey[0::2, 0::2], grey[1::2, 1::2] = 20 * TAGS.neutral[0], 20 * TAGS.neutral[2]
    mosaic = np.clip(np.rint(2048 + grey + rng.normal(0, 70, grey.shape)), 0, 15000).astype(np.uint16)
    path = tmp_path / "dark.dng"
    path.write_bytes(dng_bytes(mosaic, TAGS))
    shot = read_shot(path)
    for half in (True, False):
        mean = develop(shot, shot.gains, replace(PLAIN, half=half)).mean(axis=(0, 1)) * 12952
        assert mean == pytest.approx(np.full(3, 20.5), abs=5)


def test_development_is_bit_identical(tmp_path):
    shot = read_shot(write_dng_file(tmp_path / "a.dng"))
    assert png_bytes(develop(shot, shot.gains, PLAIN)) == png_bytes(develop(shot, shot.gains, PLAIN))


def test_scaling_is_by_area_in_linear_light_and_never_up(tmp_path):
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:, ::2] = 255
    shot = read_shot(write_jpeg_file(tmp_path / "a.jpg", picture=cv2.resize(picture, (192, 128), interpolation=cv2.INTER_NEAREST)))
    small = develop(shot, None, replace(PLAIN, size=24))
    assert small.shape == (16, 24, 3)
    assert small.mean() == pytest.approx(0.5, abs=0.02)
    decoded = cv2.imdecode(np.frombuffer(png_bytes(small), np.uint8), cv2.IMREAD_COLOR)
    assert decoded.mean() == pytest.approx(188, abs=3)
    assert develop(shot, None, PLAIN).shape == (128, 192, 3)


def test_a_jpeg_at_its_own_size_keeps_its_pixels(tmp_path):
    path = write_jpeg_file(tmp_path / "a.jpg")
    again = cv2.imdecode(np.frombuffer(png_bytes(develop(read_shot(path), None, PLAIN)), np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(again, cv2.imread(str(path), cv2.IMREAD_COLOR))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_as_opencv_does(tmp_path, orientation):
    picture = cv2.resize(np.random.default_rng(0).integers(0, 255, (4, 6, 3), np.uint8), (96, 64))
    path = write_jpeg_file(tmp_path / "a.jpg", picture=picture, orientation=orientation)
    plain = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    assert np.array_equal(upright(plain, orientation), cv2.imread(str(path), cv2.IMREAD_COLOR))


def test_half_size_is_used_when_it_is_enough(tmp_path):
    shots = [read_shot(write_dng_file(tmp_path / "a.dng"))]
    assert recipe_for(shots, [None], 48, False, 1).half
    assert not recipe_for(shots, [None], 48, True, 1).half
    assert not recipe_for(shots, [None], 49, False, 1).half
    half = develop(shots[0], shots[0].gains, recipe_for(shots, [None], 48, False, 1))
    assert half.shape == (32, 48, 3)


def test_pixels_that_are_not_there_are_refused(tmp_path):
    good = write_dng_file(tmp_path / "good.dng", size=(256, 192)).read_bytes()
    head = len(good) - 256 * 192 * 2
    tags = replace(TAGS, black=0)
    cut = np.random.default_rng(0).integers(100, 4000, (192, 256)).astype(np.uint16)
    cut[120:] = 0
    cases = {
        "cut.dng": (good[: head + (len(good) - head) // 2], "cut"),
        "black.dng": (dng_bytes(np.zeros((192, 256), np.uint16), tags), "in every pixel"),
        "half_black.dng": (dng_bytes(cut, tags), "no pixels at its end"),
        "cut.jpg": (write_jpeg_file(tmp_path / "whole.jpg").read_bytes()[:-900], "ends before its picture"),
        "grey.jpg": (write_jpeg_file(tmp_path / "one.jpg", picture=np.full((64, 96, 3), 90, np.uint8)).read_bytes(), "one colour"),
    }
    for name, (data, says) in cases.items():
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(InputError, match=says) as caught:
            shot = read_shot(path)
            develop(shot, shot.gains, PLAIN)
        assert name in str(caught.value)


def test_whole_and_cut_jpegs_are_told_apart(tmp_path):
    data = write_jpeg_file(tmp_path / "a.jpg").read_bytes()
    progressive = cv2.imencode(".jpg", np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[
        1
    ]
    restarts = cv2.imencode(".jpg", np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8), [cv2.IMWRITE_JPEG_RST_INTERVAL, 2])[1]
    for whole in (data, data + b"trailing", progressive.tobytes(), restarts.tobytes()):
        assert is_whole_jpeg(whole)
    for share in (0.2, 0.5, 0.9):
        for whole in (data, progressive.tobytes(), restarts.tobytes()):
            assert not is_whole_jpeg(whole[: int(len(whole) * share)])
    assert not is_whole_jpeg(data[:-2])
    assert not is_whole_jpeg(b"")
