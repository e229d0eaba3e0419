"""What the pixels say about exposure, to stand beside what the metadata says."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.developing.develop import Linear

DARKEST, BRIGHTEST = 0.002, 0.85
"""Share of full scale between which a pixel counts: above the noise floor, below clipping in any part of it."""
LEAST_SHARE = 0.01
SIDE = 256
FULL_SCALE = 0.992


def luminance_map(linear: Linear) -> NDArray[np.float32]:
    """Green channel in 0..1 at 256 pixels a side or less, small enough to keep and free of pixel noise."""
    green = np.ascontiguousarray(linear[..., 1])
    scale = SIDE / max(green.shape)
    if scale < 1:
        green = cv2.resize(
            green, (max(1, round(green.shape[1] * scale)), max(1, round(green.shape[0] * scale))), interpolation=cv2.INTER_AREA
        )
    return np.asarray(green, np.float32)


def seen_ev(reference: NDArray[np.float32], picture: NDArray[np.float32]) -> float | None:
    """Median log2 ratio of ``picture`` to ``reference`` over pixels that are usable in both; None when under 1 % are."""
    if reference.shape != picture.shape:
        return None
    usable = (np.minimum(reference, picture) > DARKEST) & (np.maximum(reference, picture) < BRIGHTEST)
    if usable.mean() < LEAST_SHARE:
        return None
    return float(np.median(np.log2(picture[usable] / reference[usable])))


def clipped_share(linear: Linear) -> float:
    """Share of pixels with a channel at full scale."""
    return float((linear.max(axis=-1) >= FULL_SCALE).mean())
