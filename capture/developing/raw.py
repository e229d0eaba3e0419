"""RAW development by LibRaw with every choice fixed that a converter would make per picture.

White balance, brightness, saturation level, demosaic and highlight clipping are given. ``adjust_maximum_thr`` must be 0: its
default rescales each frame by its own brightest pixel, which makes an ISO series up to 28 % too bright. LibRaw also cuts
what noise takes below black, which tints the shadows of noisy frames; so it is told a black level a little too low, and that
pedestal is taken off again after demosaicing, before the colour matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import rawpy
from numpy.typing import NDArray

from capture.developing.half_size import Leanings, leanings_of
from capture.developing.mosaic import check_whole, colour_sites, take_mosaic
from capture.developing.recipe import PEDESTAL, Recipe
from capture.proving.evidence import Mosaic
from capture.quiet import quiet_decoder
from capture.reading.shot import Shot
from capture.srgb import XYZ_FROM_SRGB
from cat_dataset.errors import InputError

Camera = NDArray[np.uint16]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Levels:
    """How numbers become linear sRGB: ``matrix`` · (gains of the frame · (number · ``scale`` − ``offset``)).

    ``leanings`` of a half-size development say where red and blue lie in their pixels.
    """

    scale: float
    offset: tuple[float, float, float]
    matrix: Matrix
    leanings: Leanings | None = None

    def number(self, light: NDArray[np.float64]) -> NDArray[np.uint16]:
        """The camera numbers of ``light`` (3,), held in 0..65535."""
        return np.asarray(np.clip(np.rint((light + np.array(self.offset)) / self.scale), 0, 65535), np.uint16)


def developed_raw(shot: Shot, recipe: Recipe, *, mosaic: bool) -> tuple[Camera, Levels, Mosaic | None]:
    """Camera RGB (height, width, 3) of a RAW file, turned as stored, with what it takes to read it; and its mosaic if asked.

    With ``recipe.gains`` every channel is balanced and clips at the same level, 1; without, camera numbers are as the sensor
    gave them and each clips at 1.

    Raises:
        InputError: the pixels are damaged, missing or constant, or have no three colours.
    """
    red, green, blue = gains = recipe.gains or (1.0, 1.0, 1.0)
    try:
        with quiet_decoder(), rawpy.imread(str(shot.path)) as raw:
            check_whole(raw, shot.path)
            numbers = take_mosaic(raw, shot.path) if mosaic else None
            black = min(raw.black_level_per_channel)
            reach = max(1, (recipe.saturation or raw.white_level) - black)
            pedestal = min(black, round(PEDESTAL * reach))
            matrix = srgb_from_camera(raw)
            leanings = leanings_of(colour_sites(raw)) if recipe.half else None
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
        raise InputError(f"{shot.path} cannot be developed ({_text(error)}): it was cut or damaged; copy it from the card again") from None
    if camera.ndim != 3 or camera.shape[2] != 3:
        raise InputError(f"{shot.path} has no three colours; only colour cameras are read")
    lift = pedestal / reach
    balance = np.array(gains) / min(gains)
    ceiling = 1 - lift * (recipe.top_gain - 1)
    red, green, blue = (float(share) for share in balance * lift / ceiling)
    levels = Levels((1 + lift) / 65535 / ceiling, (red, green, blue), matrix, leanings)
    if recipe.top_gain > 1:
        clip(camera, levels.number(np.ones(3)))
    return camera, levels, numbers


def clip(camera: Camera, top: NDArray[np.uint16]) -> None:
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


def _text(error: Exception) -> str:
    first = error.args[0] if error.args else ""
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
