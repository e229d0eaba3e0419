"""What the tests of the simulated camera measure in its files, by LibRaw, ExifRead and OpenCV alone."""

from __future__ import annotations

from pathlib import Path

import cv2
import exifread
import numpy as np
import rawpy

BLACK, WHITE = 2048, 15000


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.dng"))


def raw(path: Path) -> np.ndarray:
    with rawpy.imread(str(path)) as opened:
        return opened.raw_image_visible.copy()


def green(path: Path) -> np.ndarray:
    """The greens of the red rows, half as wide and high as the picture, 1 at saturation."""
    return ((raw(path)[0::2, 1::2].astype(np.float64) - BLACK) / (WHITE - BLACK)).astype(np.float32)


def tags(path: Path) -> dict[str, object]:
    with open(path, "rb") as stream:
        return exifread.process_file(stream, details=False)


def number(path: Path, name: str) -> float:
    return float(tags(path)[name].values[0])


def brightness(path: Path, other: Path) -> float:
    """log2 of how much brighter ``path`` is than ``other``, the median over pixels that neither clips nor leaves in the dark."""
    one, two = green(path), green(other)
    usable = (one > 0.02) & (one < 0.9) & (two > 0.02) & (two < 0.9)
    assert usable.mean() > 0.05
    return float(np.median(np.log2(one[usable] / two[usable])))


def displacement(path: Path, other: Path, kind: int = cv2.MOTION_EUCLIDEAN) -> np.ndarray:
    """2×3 matrix that takes positions in ``other`` (pixels of the whole picture, from its centre) to those in ``path``."""
    one, two = (np.log2(np.maximum(green(each), 1e-3)) for each in (path, other))
    found = cv2.findTransformECC(two, one, np.eye(2, 3, dtype=np.float32), kind, (3, 300, 1e-7), None, 5)[1].astype(np.float64)
    centre = np.array([(one.shape[1] - 1) / 2, (one.shape[0] - 1) / 2])
    found[:, 2] = 2 * (found[:, :2] @ centre + found[:, 2] - centre)
    return found


def correlation(one: np.ndarray, two: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), two.ravel())[0, 1])
