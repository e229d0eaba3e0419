"""The small JPEG that a camera puts into its RAW files."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.srgb import curve8

SIDE = 256
"""Longest side of a preview in pixels."""


def preview_jpeg(
    mosaic: NDArray[np.uint16], black: int, white: int, neutral: NDArray[np.float64], side: int = SIDE
) -> tuple[bytes, tuple[int, int]]:
    """JPEG of an RGGB ``mosaic`` balanced for ``neutral``, without a colour matrix, and its (height, width)."""
    height, width = mosaic.shape[0] // 2, mosaic.shape[1] // 2
    step = max(1, round(max(height, width) / side))
    colours = (mosaic[0::2, 0::2], mosaic[0::2, 1::2], mosaic[1::2, 1::2])
    linear = np.stack([plane[::step, ::step] for plane in colours[::-1]], axis=-1).astype(np.float32) - black
    linear *= (65535 / (white - black) / np.maximum(neutral[::-1], 1e-3)).astype(np.float32)
    picture = curve8()[np.clip(linear, 0, 65535).astype(np.uint16)]
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
    if not done:
        raise RuntimeError("the JPEG encoder failed")
    return data.tobytes(), (picture.shape[0], picture.shape[1])
