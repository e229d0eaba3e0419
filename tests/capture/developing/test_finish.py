"""Alignment, crop, depth and clipping of the stored frame."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from capture.developing.finish import clipped, finish, warped
from capture.developing.recipe import UNMOVED, FrameRecipe, Recipe, Transform
from capture.developing.tone import Tone
from cat_dataset.errors import InputError
from cat_dataset.images import decode_rgb

SHAPE = (128, 192)


def scene(transform: Transform = UNMOVED, finest: float = 0.35) -> np.ndarray:
    """A picture of waves up to ``finest`` cycles per pixel, known at every position, as a camera moved by ``transform`` sees it."""
    rng = np.random.default_rng(0)
    a, b, x, c, d, y = np.linalg.inv(np.vstack([np.array(transform).reshape(2, 3), [0, 0, 1]]))[:2].ravel()
    v, u = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    across, down = a * u + b * v + x, c * u + d * v + y
    light = np.zeros((*SHAPE, 3))
    for _ in range(30):
        angle, frequency, phase = rng.uniform(0, 2 * np.pi), 2 * np.pi * rng.uniform(0, finest), rng.uniform(0, 2 * np.pi, 3)
        light += np.cos(frequency * (np.cos(angle) * across + np.sin(angle) * down)[..., None] + phase)
    return (0.5 + 0.3 * light / 10).astype(np.float32)


def psnr(one: np.ndarray, two: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((one - two) ** 2)))


@pytest.mark.parametrize(
    "transform",
    [(1, 0, 0.5, 0, 1, 0.5), (1, 0, 2.3, 0, 1, -1.7), (math.cos(0.01), -math.sin(0.01), 1.2, math.sin(0.01), math.cos(0.01), 0.4),
     (1.01, 0, -1, 0, 1.01, -0.6)],
)  # fmt: skip
def test_a_known_move_is_taken_back(transform: Transform) -> None:
    """What a moved camera saw, put back, is the reference to 48 dB, with detail up to 0.35 cycles per pixel."""
    crop = (12, 10, 160, 100)
    back = warped(scene(transform), transform, crop)
    reference = scene()[10:110, 12:172]
    assert psnr(back, reference) > 48
    assert psnr(scene(transform)[10:110, 12:172], reference) < 27


def test_whole_pixels_are_not_resampled() -> None:
    picture = scene()
    assert np.array_equal(warped(picture, UNMOVED, (5, 6, 30, 20)), picture[6:26, 5:35])
    assert np.array_equal(warped(picture, (1, 0, 3, 0, 1, -2), (5, 6, 30, 20)), picture[4:24, 8:38])


@pytest.mark.parametrize("transform", [UNMOVED, (1, 0, 3, 0, 1, 0), (1, 0, 2.5, 0, 1, 0)])
def test_a_crop_outside_the_frame_is_refused(transform: Transform) -> None:
    with pytest.raises(InputError, match="does not lie in the frame's picture of 192×128"):
        warped(scene(), transform, (3, 0, 191, 128))


def test_frames_of_eight_and_sixteen_bits() -> None:
    picture = scene(finest=0.1)
    recipe = Recipe(size=128, square=True, crop=(32, 0, 128, 128))
    small = finish(picture, recipe, FrameRecipe())
    assert (small.width, small.height) == (128, 128)
    assert np.array_equal(decode_rgb(small.png), Tone().encode(picture[:, 32:160]))
    for curve in ("sRGB", "linear"):
        deep = finish(picture, Recipe(128, True, recipe.crop, bits=16, curve=curve), FrameRecipe(crop=(0, 0, 64, 50)))
        stored = cv2.imdecode(np.frombuffer(deep.png, np.uint8), cv2.IMREAD_UNCHANGED)[..., ::-1]
        assert (stored.dtype, stored.shape) == (np.uint16, (50, 64, 3))
        assert np.array_equal(stored, Tone(curve, 16).encode(picture[:50, :64]))
    linear = stored / 65535
    assert np.abs(linear - np.clip(picture[:50, :64], 0, 1)).max() < 0.6 / 65535


def test_clipped_shares() -> None:
    light = np.full((10, 10, 3), 0.5, np.float32)
    light[0, :, 1] = 1.0
    light[1, :5, 2] = -0.1
    assert clipped(light) == (0.1, 0.05)
    frame = FrameRecipe(change={"contrast": 50.0})
    light[2, :, 0] = 8.0
    made = finish(light, Recipe(16, False, (0, 0, 10, 10)), frame)
    assert (made.above, made.below, made.clipped_share) == (0.1, 0.05, 0.1)
    assert clipped(np.full((4, 4, 3), 2.0, np.float32)) == (1.0, 0.0)
