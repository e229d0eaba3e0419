"""Linear light and the sRGB curve (IEC 61966-2-1)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Linear = NDArray[np.float32]
"""Linear sRGB (height, width, 3), 1 = the sensor's saturation. Noise may take it below 0."""

XYZ_FROM_SRGB = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
"""Linear sRGB → XYZ, D65."""


def encoded(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB value in 0..1 of linear light in 0..1."""
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 0) ** (1 / 2.4) - 0.055)


@lru_cache(maxsize=1)
def curve8() -> NDArray[np.uint8]:
    """8-bit sRGB of each 16-bit linear value. Shared: do not write to it."""
    return np.asarray(np.rint(255 * encoded(np.arange(65536) / 65535)), np.uint8)


def decoded(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear light in 0..1 of an sRGB value in 0..1."""
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)


@lru_cache(maxsize=1)
def linear16() -> NDArray[np.uint16]:
    """16-bit linear value of each 8-bit sRGB. Shared: do not write to it."""
    return np.asarray(np.rint(65535 * decoded(np.arange(256) / 255)), np.uint16)


@lru_cache(maxsize=1)
def decoded16() -> NDArray[np.float32]:
    """Linear light in 0..1 of each 16-bit sRGB value. Shared: do not write to it."""
    return np.asarray(decoded(np.arange(65536) / 65535), np.float32)
