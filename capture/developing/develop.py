"""From camera file to picture, the same way for every frame of a series.

Everything that a RAW converter would choose per picture is fixed: white balance, brightness, saturation level, demosaic,
highlight clipping. LibRaw's ``adjust_maximum_thr`` must be 0: its default rescales each frame by its own brightest pixel,
which makes an ISO series up to 28 % too bright. LibRaw also cuts what noise takes below black, which tints the shadows of
noisy frames; so it is told a black level a little too low, and that pedestal is taken off again after demosaicing, before
the colour matrix. Pictures are scaled down in linear light by area and then get the sRGB curve (IEC 61966-2-1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rawpy
from numpy.typing import NDArray

from capture.quiet import quiet_decoder
from capture.reading.shot import Gains, Shot
from capture.srgb import XYZ_FROM_SRGB
from cat_dataset.errors import InputError
from cat_dataset.jpeg import is_whole_jpeg

Linear = NDArray[np.float32]
"""Linear sRGB (height, width, 3), 1 = the sensor's saturation. Noise may take it below 0."""

PEDESTAL = 0.02
"""Share of the range by which the black level is held too low during demosaicing, where the file has that much below black."""

PNG_COMPRESSION = 3


@dataclass(frozen=True)
class Recipe:
    """What all frames of a series share. ``size`` is the longest side.

    ``saturation`` is the raw number at which every frame clips, where the files state different ones; None where they agree.
    ``top_gain`` is the largest ratio of white-balance gains in the series: it sets the level that all frames clip at.
    """

    size: int
    half: bool
    orientation: int
    saturation: int | None
    top_gain: float = 1.0

    def as_json(self) -> dict[str, Any]:
        """The recipe as it stands in the series' settings."""
        return {
            "size": self.size, "demosaic": "half-size" if self.half else "AHD", "orientation": self.orientation,
            "saturation": self.saturation, "top_gain": self.top_gain, "pedestal": PEDESTAL, "curve": "sRGB",
            "highlights": "clip", "auto_bright": False, "adjust_maximum_thr": 0.0,
        }  # fmt: skip


@dataclass(frozen=True)
class Samples:
    """Decoded ``pixels`` (height, width, 3), and how they become linear sRGB: matrix · (scale · pixel − offset)."""

    pixels: NDArray[np.uint16]
    scale: float = 1 / 65535
    offset: tuple[float, ...] = (0.0, 0.0, 0.0)
    matrix: NDArray[np.float32] = field(default_factory=lambda: np.eye(3, dtype=np.float32))


def recipe_for(shots: Sequence[Shot], gains: Sequence[Gains | None], size: int, full: bool, orientation: int) -> Recipe:
    """The recipe of a series: half-size demosaic when that still gives ``size`` pixels, unless ``full``."""
    levels = {shot.saturation for shot in shots if shot.saturation}
    half = all(shot.raw for shot in shots) and not full and max(shots[0].width, shots[0].height) // 2 >= size
    top = max((max(one) / min(one) for one in gains if one), default=1.0)
    return Recipe(size, half, orientation, min(levels) if len(levels) > 1 else None, top)


def develop(shot: Shot, gains: Gains | None, recipe: Recipe) -> Linear:
    """The picture in linear light, scaled down and upright. ``gains`` is ignored for a JPEG, which has its own baked in.

    Raises:
        InputError: the pixels are damaged, missing or constant.
    """
    samples = _develop_raw(shot, gains or (1.0, 1.0, 1.0), recipe) if shot.raw else Samples(_develop_jpeg(shot.path))
    pixels = samples.pixels
    height, width = pixels.shape[:2]
    scale = recipe.size / max(height, width)
    if scale < 1:
        target = max(1, round(width * scale)), max(1, round(height * scale))
        pixels = np.asarray(cv2.resize(pixels, target, interpolation=cv2.INTER_AREA), np.uint16)
    linear = (pixels * np.float32(samples.scale) - np.array(samples.offset, np.float32)) @ samples.matrix.T
    return upright(np.asarray(linear, np.float32), recipe.orientation)


def png_bytes(linear: Linear) -> bytes:
    """The picture as 8-bit sRGB PNG."""
    picture = np.take(_curve(), np.rint(np.clip(linear, 0, 1) * 65535).astype(np.uint16))
    done, data = cv2.imencode(".png", picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, PNG_COMPRESSION])
    if not done:
        raise InputError("OpenCV cannot write PNG on this machine; install opencv-python-headless again")
    return bytes(data)


def upright(picture: Linear, orientation: int) -> Linear:
    """``picture`` turned as EXIF orientation 1 to 8 asks."""
    if orientation in (2, 4, 5, 7):
        picture = picture[:, ::-1]
    turns = {3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}.get(orientation, 0)
    return np.ascontiguousarray(np.rot90(picture, turns))


def _develop_raw(shot: Shot, gains: Gains, recipe: Recipe) -> Samples:
    red, green, blue = gains
    try:
        with quiet_decoder(), rawpy.imread(str(shot.path)) as raw:
            _check_mosaic(raw, shot)
            black = min(raw.black_level_per_channel)
            reach = max(1, (recipe.saturation or raw.white_level) - black)
            pedestal = min(black, round(PEDESTAL * reach))
            matrix = srgb_from_camera(raw)
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
    clipped = np.rint((ceiling + balance * lift) / (1 + lift) * 65535).astype(np.uint16)
    np.minimum(camera, clipped, out=camera)
    return Samples(camera, (1 + lift) / 65535 / ceiling, tuple(balance * lift / ceiling), matrix)


def srgb_from_camera(raw: Any) -> NDArray[np.float32]:
    """White-balanced camera RGB → linear sRGB (3, 3), rows summing to 1 so that neutral stays neutral.

    The matrix of the file where it has one (DNG), else derived from LibRaw's XYZ → camera matrix for the body as dcraw's
    ``cam_xyz_coeff`` does, else the identity.
    """
    own = np.asarray(raw.color_matrix, np.float64)[:, :3]
    if abs(own[0, 0]) > 0.125:
        return np.asarray(own, np.float32)
    camera = np.asarray(raw.rgb_xyz_matrix, np.float64)[:3] @ XYZ_FROM_SRGB
    sums = camera.sum(axis=1, keepdims=True)
    if np.abs(camera).sum() == 0 or (sums <= 0).any():
        return np.eye(3, dtype=np.float32)
    return np.asarray(np.linalg.pinv(camera / sums), np.float32)


def _check_mosaic(raw: Any, shot: Shot) -> None:
    """Refuse pixels that LibRaw made up: it returns a cut file as black, whole or from the cut on, without an error."""
    if raw.raw_type != rawpy.RawType.Flat:
        return
    mosaic = raw.raw_image_visible
    if mosaic.min() == mosaic.max():
        raise InputError(f"{shot.path} decodes to {int(mosaic.min())} in every pixel: it was cut or is empty; copy it from the card again")
    black = max(raw.black_level_per_channel)
    last = mosaic[-max(2, len(mosaic) // 32) :]
    if last.min() == last.max() and last.max() <= black:
        raise InputError(f"{shot.path} has no pixels at its end: it was cut; copy it from the card again")


def _develop_jpeg(path: Path) -> NDArray[np.uint16]:
    data = path.read_bytes()
    if not is_whole_jpeg(data):
        raise InputError(f"{path} ends before its picture does: it was cut; copy it from the card again")
    with quiet_decoder():
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if picture is None:
        raise InputError(f"{path} cannot be decoded as JPEG: it is damaged; copy it from the card again")
    if picture.min() == picture.max():
        raise InputError(f"{path} decodes to one colour in every pixel: it is damaged; copy it from the card again")
    return np.asarray(cv2.LUT(picture, _linear_table())[..., ::-1], np.uint16)


@lru_cache(maxsize=1)
def _curve() -> NDArray[np.uint8]:
    """8-bit sRGB of each 16-bit linear value."""
    x = np.arange(65536) / 65535
    return np.asarray(np.rint(255 * np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)), np.uint8)


@lru_cache(maxsize=1)
def _linear_table() -> NDArray[np.uint16]:
    """16-bit linear value of each 8-bit sRGB."""
    x = np.arange(256) / 255
    return np.asarray(np.rint(65535 * np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)), np.uint16)


def _text(error: Exception) -> str:
    first = error.args[0] if error.args else ""
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
