"""Pictures to edit, in whatever form they come: upright uint8 RGB arrays [H, W, 3], of a size that can be edited."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import exifread
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from cat_dataset.errors import InputError, UsageError
from cat_dataset.images import MAX_PIXELS, Rgb, decode_rgb, resize_area

Picture = str | Path | Image.Image | NDArray[Any]

SMALLEST = 16
"""Pixels of the shortest side that is edited: below it there is nothing to see."""
LONGEST = 8
"""Times that the long side may be the short one: a base of 512² pixels leaves the short side of such a picture 181."""
_FILE_CAP = 512 << 20
_ORIENTATION = 0x0112


def as_rgb(picture: Picture) -> Rgb:
    """The picture upright (a file's or a PIL image's EXIF orientation is applied), alpha dropped, 16 bits cut to 8.

    Args:
        picture: path of a PNG or JPEG; PIL image; array [H, W, 3] or [H, W], uint8 or floats in [0, 1].

    Raises:
        InputError: a file that is missing, too large, damaged or of another format, or a size that cannot be edited.
        UsageError: anything else.
    """
    if isinstance(picture, (str, Path)):
        return read_picture(Path(picture))
    where = "the picture"
    if isinstance(picture, Image.Image):
        _check_size((picture.height, picture.width), where)
        return _of_pil(picture)
    if not isinstance(picture, np.ndarray):
        raise UsageError(f"a picture to edit is a path, a PIL image or an array, not {type(picture).__name__}")
    array = np.stack([picture] * 3, axis=-1) if picture.ndim == 2 else picture
    if array.ndim != 3 or array.shape[2] != 3:
        raise UsageError(f"an array to edit has the shape [height, width, 3], not {list(picture.shape)}")
    _check_size(array.shape, where)
    if array.dtype == np.uint8:
        return cast(Rgb, np.ascontiguousarray(array))
    if not (np.issubdtype(array.dtype, np.floating) and array.min() >= 0 and array.max() <= 1):
        raise UsageError(f"an array to edit holds uint8, or floats from 0 to 1, not {array.dtype} beyond that")
    return np.asarray((array * 255).round(), dtype=np.uint8)


def read_picture(path: Path) -> Rgb:
    """A PNG or JPEG file, upright.

    Raises:
        InputError: missing, too large, no whole picture, or a size that cannot be edited.
    """
    if not path.is_file():
        raise InputError(f"{path} is no file; check the path" if path.exists() else f"{path} does not exist; check the path")
    if path.stat().st_size > _FILE_CAP:
        raise InputError(f"{path} has more than {_FILE_CAP >> 20} MB; make it smaller")
    data = path.read_bytes()
    rgb = decode_rgb(data, where=str(path))
    _check_size(rgb.shape, str(path))
    upright = Image.fromarray(rgb)
    upright.getexif()[_ORIENTATION] = _orientation(data)
    return np.asarray(ImageOps.exif_transpose(upright))


def add_change(picture: Rgb, small: Rgb, edited: Rgb) -> Rgb:
    """``picture`` plus what ``edited`` changed in ``small``, its reduction, enlarged to its size."""
    wide: Any = resize_area(edited.astype(np.float32) - small, picture.shape[1], picture.shape[0])  # type: ignore[arg-type]
    wide += picture
    return cast(Rgb, np.rint(wide, out=wide).clip(0, 255, out=wide).astype(np.uint8))


def _of_pil(picture: Image.Image) -> Rgb:
    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I;16"):
        return np.stack([(np.asarray(upright) >> 8).astype(np.uint8)] * 3, axis=-1)
    if upright.mode in ("I", "F"):
        raise UsageError(f"a PIL image of mode {upright.mode} has no known range; convert it to RGB")
    return np.asarray(upright.convert("RGB"))


def _orientation(data: bytes) -> int:
    """EXIF's 1 to 8; 1, upright, where it says nothing that can be read."""
    logging.getLogger("exifread").setLevel(logging.CRITICAL)
    try:
        tag = exifread.process_file(io.BytesIO(data), details=False).get("Image Orientation")
        return int(tag.values[0]) if tag is not None else 1
    except Exception:  # whatever damaged EXIF does to its reader, the pixels are whole
        return 1


def _check_size(shape: Sequence[int], where: str) -> None:
    height, width = shape[:2]
    if min(height, width) < SMALLEST:
        raise InputError(f"{where} has {width}×{height} pixels; an edit needs at least {SMALLEST} on each side")
    if height * width > MAX_PIXELS:
        raise InputError(f"{where} has {width}×{height} pixels, more than the {MAX_PIXELS} allowed; make it smaller")
    if max(height, width) > LONGEST * min(height, width):
        raise InputError(f"{where} has {width}×{height} pixels; one side is more than {LONGEST} times the other: cut it")
