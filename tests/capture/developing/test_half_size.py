"""Half-size developments: red and blue where green is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from capture.developing.decode import decode
from capture.developing.half_size import leanings_of, shifted
from capture.developing.recipe import FrameRecipe
from tests.capture.conftest import TAGS
from tests.capture.developing.files import bayer, plain, raw_shot


@pytest.mark.parametrize(("x", "y"), [(0.25, 0.25), (-0.25, 0.25), (0.0, -0.25), (0.0, 0.0), (0.4, -0.1)])
def test_planes_are_shifted_as_told(x: float, y: float) -> None:
    v, u = np.mgrid[0:40, 0:50].astype(float)
    wave = lambda across, down: 30000 + 20000 * np.sin(0.4 * across) * np.cos(0.2 * down)  # noqa: E731
    made = shifted(wave(u, v).astype(np.uint16), x, y)[3:-3, 3:-3]
    assert made == pytest.approx(wave(u - x, v - y)[3:-3, 3:-3], abs=600)


def test_a_single_bright_pixel_is_shared_out() -> None:
    plane = np.zeros((5, 7), np.uint16)
    plane[2, 3] = 1000
    assert np.array_equal(shifted(plane, 0.25, 0)[2], [0, 0, 0, 750, 250, 0, 0])
    assert np.array_equal(shifted(plane, 0, -0.5)[:, 3], [0, 500, 500, 0, 0])
    assert np.array_equal(shifted(plane, 0, 0), plane)


def test_where_colours_lie() -> None:
    assert leanings_of("RGGB") == ((-0.25, -0.25), (0.25, 0.25))
    assert leanings_of("GRBG") == ((0.25, -0.25), (-0.25, 0.25))
    assert leanings_of("BGGR") == ((0.25, 0.25), (-0.25, -0.25))
    assert leanings_of("") is None
    assert leanings_of("CMYG") is None


@pytest.mark.parametrize("size", [32, 16])
def test_slopes_of_grey_stay_grey(tmp_path: Path, size: int) -> None:
    """Without registration red would lag and blue lead by half a sensor pixel: 2.5 % of the darkest grey here."""
    v, u = np.mgrid[0:64, 0:96]
    shot = raw_shot(tmp_path / "a.dng", bayer((0.05 + 0.004 * u + 0.003 * v)[..., None] * TAGS.neutral))
    recipe = plain(half=True, square=True, size=size)
    linear = decode(shot, recipe).picture(FrameRecipe(), recipe)[2:-2, 2:-2]
    assert np.abs(linear / linear[..., 1:2] - 1).max() < 4e-3
