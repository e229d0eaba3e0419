"""A small grey picture of a shot, cheaply, to tell scenes apart. Runs in a worker: nothing in the file is trusted."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
import rawpy
from numpy.typing import NDArray

from capture import PIXEL_LIMIT
from capture.quiet import quiet_decoder
from capture.reading.formats import Kind
from capture.reading.libraw import raw_file
from capture.reading.shot import Shot
from capture.reading.sizes import check_size
from cat_dataset.errors import InputError
from cat_dataset.picture_header import stream_size

Grey = NDArray[np.uint8]

SIDE = 160
"""Pixels of the longest side."""
_LEAST_THUMBNAIL = 64
_REDUCED = {8: cv2.IMREAD_REDUCED_GRAYSCALE_8, 4: cv2.IMREAD_REDUCED_GRAYSCALE_4, 2: cv2.IMREAD_REDUCED_GRAYSCALE_2}


def preview(shot: Shot) -> Grey | None:
    """Grey sRGB (height, width), upright, longest side 160 or less; None where the file gives no picture, or a blank one.

    A RAW file's embedded thumbnail where it has one, else its mosaic stretched between two percentiles.
    """
    try:
        grey = _grey(shot)
    except (InputError, OSError, ValueError, cv2.error):
        return None
    if grey is None or grey.ndim != 2 or min(grey.shape) < 2 or grey.min() == grey.max():
        return None
    scale = SIDE / max(grey.shape)
    if scale < 1:
        size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    if shot.orientation in (2, 4, 5, 7):
        grey = grey[:, ::-1]
    turns = {3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}.get(shot.orientation, 0)
    return np.ascontiguousarray(np.rot90(grey, turns))


def _grey(shot: Shot) -> Grey | None:
    if shot.kind is Kind.RAW:
        return _raw(shot)
    if shot.kind is Kind.HEIC:
        return _heic(shot)
    if shot.kind is Kind.LINEAR:
        return None
    data = shot.path.read_bytes()
    return _jpeg(data, str(shot.path)) if shot.kind is Kind.JPEG else _decoded(data, cv2.IMREAD_GRAYSCALE)


def _raw(shot: Shot) -> Grey | None:
    with raw_file(shot.path) as raw:
        found = _thumbnail(raw)
        if found is not None and max(found.shape) >= _LEAST_THUMBNAIL:
            return found
        check_size(shot.path, raw.sizes.raw_width, raw.sizes.raw_height)
        return _stretched(raw.raw_image_visible)


def _thumbnail(raw: Any) -> Grey | None:
    try:
        thumb = raw.extract_thumb()
        if thumb.format is rawpy.ThumbFormat.JPEG:
            return _jpeg(thumb.data, "the thumbnail")
        pixels = np.asarray(thumb.data, np.uint8)
    except (rawpy.LibRawError, InputError, cv2.error):
        return None
    return pixels[..., 1] if pixels.ndim == 3 else pixels


def _stretched(mosaic: NDArray[np.uint16]) -> Grey | None:
    """The mosaic by blocks of whole Bayer cells, 0.5 % and 99.5 % of its levels taken as black and white, roughly sRGB."""
    numbers = mosaic if mosaic.ndim == 2 else mosaic[..., 1]
    step = max(2, max(numbers.shape) // SIDE // 2 * 2)
    height, width = (side // step * step for side in numbers.shape)
    if min(height, width) == 0:
        return None
    small = cv2.resize(numbers[:height, :width], (width // step, height // step), interpolation=cv2.INTER_AREA).astype(np.float32)
    low, high = np.percentile(small, (0.5, 99.5))
    if high <= low:
        return None
    return np.asarray(np.clip((small - low) / (high - low), 0, 1) ** (1 / 2.2) * 255, np.uint8)


def _jpeg(data: bytes, where: str) -> Grey | None:
    width, height = stream_size(io.BytesIO(data), where)
    if width * height > PIXEL_LIMIT:
        return None
    factor = next((factor for factor in _REDUCED if max(width, height) >= SIDE * factor), 0)
    return _decoded(data, (_REDUCED[factor] if factor else cv2.IMREAD_GRAYSCALE) | cv2.IMREAD_IGNORE_ORIENTATION)


def _decoded(data: bytes, how: int) -> Grey | None:
    with quiet_decoder():
        found = cv2.imdecode(np.frombuffer(data, np.uint8), how)
    return None if found is None else np.asarray(found, np.uint8)


def _heic(shot: Shot) -> Grey | None:
    import pi_heif

    try:
        picture = np.asarray(pi_heif.open_heif(shot.path, convert_hdr_to_8bit=True))
    except (RuntimeError, SyntaxError, TypeError):
        return None
    return np.asarray(picture[..., 1] if picture.ndim == 3 else picture, np.uint8)
