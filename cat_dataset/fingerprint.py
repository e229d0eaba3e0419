"""Two small facts about a picture that need its pixels: what it looks like (`dhash`) and how bright it is (`luminance`)."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from cat_dataset.images import Rgb, resize_area

ROWS: Final = 16
COLUMNS: Final = 17
BITS: Final = ROWS * (COLUMNS - 1)
"""Bits of a `dhash`: one per pair of neighbours in a row."""
_FINER: Final = 8
"""The picture is first averaged to this many times `COLUMNS` × `ROWS`, in 8 bits, which is quick; then exactly."""
_FLAT: Final = 1 / 64
"""Grey levels by which neighbours must differ: above the rounding of float32, so that a flat area gives no random bits."""

REC709: Final = (0.2126, 0.7152, 0.0722)
"""Luminance of linear R, G, B (ITU-R BT.709, section 3)."""


def _linear_light() -> NDArray[np.float64]:
    """Linear light of every 8-bit sRGB value, 0 to 1 (IEC 61966-2-1)."""
    encoded = np.arange(256) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


_LINEAR = _linear_light()


def dhash(rgb: Rgb) -> str:
    """A 256-bit difference hash as 64 hex digits, of a picture uint8 RGB [height, width, 3].

    The grey picture is averaged to 16 rows × 17 columns (INTER_AREA); bit 16·row + column, the first one highest, says
    whether the cell to the right is brighter. It stands firm against scaling, compression and brightness, and changes
    with what is to be seen (figures in `cat_dataset.describing.near_duplicates`).
    """
    small, width, height = rgb, COLUMNS * _FINER, ROWS * _FINER
    while _even(small) and small.shape[0] >= 2 * height and small.shape[1] >= 2 * width:
        small = resize_area(small, small.shape[1] // 2, small.shape[0] // 2)  # by 2 it is ten times as quick as by any other factor
    if small.shape[0] >= height and small.shape[1] >= width:
        small = resize_area(small, width, height)
    grey = cv2.cvtColor(small.astype(np.float32), cv2.COLOR_RGB2GRAY)
    cells = np.asarray(cv2.resize(grey, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA))
    return np.packbits(np.diff(cells, axis=1) > _FLAT).tobytes().hex()


def _even(rgb: Rgb) -> bool:
    return rgb.shape[0] % 2 == 0 and rgb.shape[1] % 2 == 0


def luminance(rgb: Rgb) -> float:
    """Mean relative luminance, linear light, 0 (black) to 1 (white), of uint8 sRGB [height, width, 3].

    Exact to float64 rounding: it is taken from the counts of the 256 values of each channel, which is quicker than
    converting every pixel (a picture shrunk first would be averaged before the curve, and read too dark).
    """
    mean = 0.0
    for channel, weight in enumerate(REC709):
        counts = cv2.calcHist([rgb], [channel], None, [256], [0, 256])[:, 0].astype(np.float64)
        mean += weight * float(counts @ _LINEAR) / float(counts.sum())
    return mean
