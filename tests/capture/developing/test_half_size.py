"""Half-size development of Bayer mosaics: LibRaw's own numbers, nothing cut below black, red and blue where green is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rawpy

from capture.developing.decode import decode
from capture.developing.half_size import BAYER, Cells, shifted
from capture.developing.raw import developed_raw
from capture.developing.recipe import FrameRecipe
from tests.capture.conftest import TAGS
from tests.capture.developing.files import GAINS, REACH, bayer, plain, raw_shot, smooth_colours


@pytest.mark.parametrize(("x", "y"), [(0.25, 0.25), (-0.25, 0.25), (0.0, -0.25), (0.0, 0.0), (0.4, -0.1)])
def test_planes_are_shifted_as_told(x: float, y: float) -> None:
    v, u = np.mgrid[0:40, 0:50].astype(float)
    wave = lambda across, down: 30000 + 20000 * np.sin(0.4 * across) * np.cos(0.2 * down)  # noqa: E731
    made = shifted(wave(u, v).astype(np.float32), x, y)[3:-3, 3:-3]
    assert made == pytest.approx(wave(u - x, v - y)[3:-3, 3:-3], abs=600)


def test_a_single_bright_pixel_is_shared_out() -> None:
    plane = np.zeros((5, 7), np.float32)
    plane[2, 3] = 1000
    assert np.array_equal(shifted(plane, 0.25, 0)[2], [0, 0, 0, 750, 250, 0, 0])
    assert np.array_equal(shifted(plane, 0, -0.5)[:, 3], [0, 500, 500, 0, 0])
    assert np.array_equal(shifted(plane, 0, 0), plane)


def test_numbers_are_those_of_libraws_half_size(tmp_path: Path) -> None:
    """Without its pedestal, before red and blue are moved onto green; it rounds down twice, here nothing is rounded."""
    shot = raw_shot(tmp_path / "a.dng", bayer(smooth_colours()))
    cells = developed_raw(shot, plain(half=True), mosaic=False).picture
    assert isinstance(cells, Cells)
    with rawpy.imread(str(shot.path)) as raw:
        theirs = raw.postprocess(
            user_wb=[*GAINS, 1.0], half_size=True, no_auto_bright=True, adjust_maximum_thr=0.0, gamma=(1, 1), output_bps=16, user_flip=0,
            output_color=rawpy.ColorSpace.raw,
        )  # fmt: skip
    ours = cells.light(GAINS, (48, 32)) * 65535
    moved = [shifted(theirs[..., k].astype(np.float32), by, by) for k, by in ((0, -0.25), (1, 0.0), (2, 0.25))]
    assert np.abs(ours - np.stack(moved, axis=-1)).max() < 3


@pytest.mark.parametrize("colours", BAYER)
def test_each_site_goes_to_its_colour_with_its_own_black(colours: str) -> None:
    light = {"R": 0.2, "G": 0.4, "B": 0.3}
    black = (100.0, 120.0, 90.0, 110.0)
    numbers = np.zeros((20, 30), np.uint16)
    for site, name in enumerate(colours):
        numbers[site // 2 :: 2, site % 2 :: 2] = black[site] + 1000 * light[name]
    cells = Cells(numbers, colours, black, 1000)
    assert cells.size == (15, 10)
    for size in ((15, 10), (6, 4)):
        made = cells.light((2.0, 1.0, 1.5), size)
        assert made.shape == (size[1], size[0], 3)
        assert made.reshape(-1, 3) == pytest.approx(np.tile([0.4, 0.4, 0.45], (size[0] * size[1], 1)), abs=1e-5)
    assert not cells.clips((2.0, 1.0, 1.5))
    assert cells.clips((2.0, 1.0, 4.0))
    assert cells.light((2.0, 1.0, 4.0), (15, 10))[..., 2] == pytest.approx(np.ones((10, 15)), abs=1e-5)


@pytest.mark.parametrize("colours", BAYER)
def test_colours_are_moved_onto_the_middle_of_the_cell(colours: str) -> None:
    v, u = np.mgrid[0:40, 0:60]
    numbers = np.asarray(1000 + 10 * u + 30 * v, np.uint16)
    made = Cells(numbers, colours, (0.0,) * 4, 4000).light((1.0, 1.0, 1.0), (30, 20))[1:-1, 1:-1] * 4000
    middle = (numbers.reshape(20, 2, 30, 2).mean(axis=(1, 3)))[1:-1, 1:-1]
    assert made == pytest.approx(np.repeat(middle[..., None], 3, axis=2), abs=0.01)


def test_numbers_are_cut_at_white_and_not_at_black() -> None:
    """Of a cell half burnt out: what is cut is cut before the mean; numbers under black lower the mean."""
    numbers = np.full((8, 8), TAGS.black, np.uint16)
    numbers[::2, 1::2] = TAGS.white
    numbers[1::2, ::2] = TAGS.black - 100
    cells = Cells(numbers, "RGGB", (float(TAGS.black),) * 4, REACH)
    assert cells.light((1.0, 2.0, 1.0), (4, 4))[..., 1] == pytest.approx(np.full((4, 4), (1 - 2 * 100 / REACH) / 2), abs=1e-6)
    assert cells.light((1.0, 1.0, 1.0), (2, 2))[..., ::2] == pytest.approx(np.zeros((2, 2, 2)), abs=1e-6)


@pytest.mark.parametrize("size", [32, 16])
def test_slopes_of_grey_stay_grey(tmp_path: Path, size: int) -> None:
    """Without registration red would lag and blue lead by half a sensor pixel: 2.5 % of the darkest grey here."""
    v, u = np.mgrid[0:64, 0:96]
    shot = raw_shot(tmp_path / "a.dng", bayer((0.05 + 0.004 * u + 0.003 * v)[..., None] * TAGS.neutral))
    recipe = plain(half=True, square=True, size=size)
    linear = decode(shot, recipe).picture(FrameRecipe(), recipe)[2:-2, 2:-2]
    assert np.abs(linear / linear[..., 1:2] - 1).max() < 4e-3
