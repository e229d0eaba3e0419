"""RAW development with every choice fixed that a converter would make per picture.

Half-size pictures of Bayer mosaics are made from the numbers that LibRaw unpacks (`capture.developing.half_size`). All else LibRaw
develops: white balance, brightness, saturation level, demosaic and highlight clipping are given. ``adjust_maximum_thr`` must be 0: its
default rescales each frame by its own brightest pixel, which makes an ISO series up to 28 % too bright. LibRaw also cuts
what noise takes below black, which tints the shadows of noisy frames; so it is told a black level a little too low, and that
pedestal is taken off again after demosaicing, before the colour matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import rawpy
from numpy.typing import NDArray

from capture.developing.half_size import BAYER, Cells
from capture.developing.mosaic import Mosaic, check_whole, take_mosaic
from capture.developing.recipe import PEDESTAL, Recipe
from capture.quiet import quiet_decoder
from capture.reading.libraw import reason_of
from capture.reading.shot import Gains, Shot
from capture.srgb import XYZ_FROM_SRGB, Linear
from cat_dataset.errors import InputError

Camera = NDArray[np.uint16]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Demosaiced:
    """Camera RGB (height, width, 3) as LibRaw developed it: number · ``scale`` − ``offset`` is light, 1 at most."""

    camera: Camera
    scale: float
    offset: tuple[float, float, float]

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.camera.shape[1], self.camera.shape[0]

    def light(self, gains: Sequence[float], size: tuple[int, int]) -> Linear:
        """As `Cells.light`."""
        camera = self.camera
        if self.clips(gains):
            camera = camera.copy()
            _cut(camera, self._full(gains))
        if size != self.size:
            camera = np.asarray(cv2.resize(camera, size, interpolation=cv2.INTER_AREA), np.uint16)
        affine = np.column_stack([np.diag(gains) * self.scale, -np.array(self.offset) * gains])
        return np.asarray(cv2.transform(np.asarray(camera, np.float32), affine.astype(np.float32)), np.float32)

    def clips(self, gains: Sequence[float]) -> bool:
        """As `Cells.clips`."""
        return max(gains) > 1 and bool((self._peaks > self._full(gains)).any())

    def _full(self, gains: Sequence[float]) -> NDArray[np.uint16]:
        """The camera numbers (3,) that ``gains`` make 1."""
        return np.asarray(np.clip(np.rint((1 / np.array(gains) + np.array(self.offset)) / self.scale), 0, 65535), np.uint16)

    @cached_property
    def _peaks(self) -> NDArray[np.uint16]:
        """The largest number of each channel."""
        height, width, _ = self.camera.shape
        return np.asarray(self.camera.reshape(height, width * 3).max(axis=0).reshape(width, 3).max(axis=0), np.uint16)


@dataclass(frozen=True)
class Developed:
    """A RAW file turned as stored. ``picture`` needs ``balance`` (white-balance gains that it does not hold), then ``matrix`` to sRGB."""

    picture: Cells | Demosaiced
    balance: Gains
    matrix: Matrix
    mosaic: Mosaic | None


def developed_raw(shot: Shot, recipe: Recipe, *, mosaic: bool) -> Developed:
    """The light of a RAW file and, if asked, its mosaic.

    With ``recipe.gains`` every channel is to be balanced and clips at the same level, 1; without, ``balance`` is 1 for all.

    Raises:
        InputError: the pixels are damaged, missing or constant, or have no three colours.
    """
    red, green, blue = gains = recipe.gains or (1.0, 1.0, 1.0)
    try:
        with quiet_decoder(), rawpy.imread(str(shot.path)) as raw:
            check_whole(raw, shot.path)
            numbers = take_mosaic(raw, shot.path) if mosaic or recipe.half else None
            black = min(raw.black_level_per_channel)
            reach = max(1, (recipe.saturation or raw.white_level) - black)
            matrix = srgb_from_camera(raw)
            if recipe.half and numbers and numbers.colours in BAYER and raw.sizes.pixel_aspect == 1:
                least = min(gains)
                cells = Cells(numbers.numbers, numbers.colours, numbers.black, reach)
                return Developed(cells, (red / least, green / least, blue / least), matrix, numbers if mosaic else None)
            pedestal = min(black, round(PEDESTAL * reach))
            camera = raw.postprocess(
                user_wb=[red, green, blue, green],
                user_black=black - pedestal,
                user_sat=reach + pedestal,  # LibRaw compares it after the black level is taken off
                half_size=recipe.half,
                demosaic_algorithm=rawpy.DemosaicAlgorithm.AHD,
                no_auto_bright=True,
                adjust_maximum_thr=0.0,
                highlight_mode=rawpy.HighlightMode.Clip,
                gamma=(1, 1),
                output_bps=16,
                output_color=rawpy.ColorSpace.raw,
                user_flip=0,
            )
    except rawpy.LibRawError as error:
        how = f"cannot be developed ({reason_of(error)})"
        raise InputError(f"{shot.path} {how}: it was cut or damaged; copy it from the card again") from None
    if camera.ndim != 3 or camera.shape[2] != 3:
        raise InputError(f"{shot.path} has no three colours; only colour cameras are read")
    lift = pedestal / reach
    ceiling = 1 - lift * (recipe.top_gain - 1)
    red, green, blue = (gain / min(gains) * lift / ceiling for gain in gains)
    picture = Demosaiced(camera, (1 + lift) / 65535 / ceiling, (red, green, blue))
    if recipe.top_gain > 1:
        _cut(camera, picture._full((1.0, 1.0, 1.0)))
    return Developed(picture, (1.0, 1.0, 1.0), matrix, numbers if mosaic else None)


def _cut(camera: Camera, top: NDArray[np.uint16]) -> None:
    """Cut ``camera`` (height, width, 3) at the numbers ``top`` (3,), in place."""
    height, width, _ = camera.shape
    rows = camera.reshape(height, width * 3)
    np.minimum(rows, np.tile(top, width), out=rows)


def srgb_from_camera(raw: Any) -> Matrix:
    """White-balanced camera RGB → linear sRGB (3, 3), rows summing to 1 so that neutral stays neutral.

    The matrix of the file where it has one (DNG), else derived from LibRaw's XYZ → camera matrix for the body as dcraw's
    ``cam_xyz_coeff`` does, else the identity.
    """
    own = np.asarray(raw.color_matrix, np.float64)[:, :3]
    if abs(own[0, 0]) > 0.125:
        return own
    camera = np.asarray(raw.rgb_xyz_matrix, np.float64)[:3] @ XYZ_FROM_SRGB
    sums = camera.sum(axis=1, keepdims=True)
    if np.abs(camera).sum() == 0 or (sums <= 0).any():
        return np.eye(3)
    return np.asarray(np.linalg.pinv(camera / sums), np.float64)
