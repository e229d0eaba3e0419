"""How much finer or coarser one picture shows each part of a scene than another does.

Per block, the slope of one picture's detail on the other's, band by band. Noise of the picture does not bend the slope, and
noise of the reference scales that of every frame of a series alike, so frames of one series can be compared at any ISO.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

BANDS = 3
FINEST = 0.7
"""Gaussian width in pixels at which the finest band begins; each band is what lies between a width and twice it."""
COLUMNS, ROWS = 12, 8
LEAST_PIXELS = 40
WIDE_BLOCK = 32
"""Pixels along a side from which a block has enough to leave some out."""


def detail_grid(reference: Floats, picture: Floats, usable: NDArray[np.bool_]) -> dict[str, Any]:
    """Slope, correlation and strength (of the reference's detail over its light) of each block in each band; None where unusable.

    Green light (height, width), ``picture`` on ``reference`` and as bright as it.
    """
    rows, columns = min(ROWS, usable.shape[0] // 12), min(COLUMNS, usable.shape[1] // 12)
    if rows < 2 or columns < 2:
        return {"rows": 0, "columns": 0, "slope": [], "correlation": [], "strength": []}
    inside = cv2.erode(usable.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(np.float32)

    def means(values: Floats) -> NDArray[np.float64]:
        return np.asarray(cv2.resize(values, (columns, rows), interpolation=cv2.INTER_AREA), np.float64)

    share = means(inside)
    enough = share * inside.size / (rows * columns) >= LEAST_PIXELS
    light = means(reference * inside) / np.maximum(share, 1e-6)
    slopes, correlations, strengths = [], [], []
    width = FINEST
    pair = [cv2.GaussianBlur(p, (0, 0), width) for p in (reference, picture)]
    for _ in range(BANDS):
        blurred = [cv2.GaussianBlur(p, (0, 0), width * 3**0.5) for p in pair]  # twice as wide: variances add up
        one, two = ((fine - coarse) * inside for fine, coarse in zip(pair, blurred, strict=True))
        rr, rf, ff = (means(product) for product in (one * one, one * two, two * two))
        known = enough & (rr > 0) & (ff > 0)
        slopes.append(_listed(rf / np.maximum(rr, 1e-20), known))
        correlations.append(_listed(rf / np.sqrt(np.maximum(rr * ff, 1e-30)), known))
        strengths.append(_listed(np.sqrt(rr / np.maximum(share, 1e-6)) / np.maximum(light, 1e-4), known))
        pair, width = blurred, 2 * width
        if min(inside.shape[0] / rows, inside.shape[1] / columns) >= WIDE_BLOCK:  # every other pixel shows all that such a blur leaves
            pair, inside, width = [np.ascontiguousarray(p[::2, ::2]) for p in pair], np.ascontiguousarray(inside[::2, ::2]), width / 2
            share = means(inside)
    return {"rows": rows, "columns": columns, "slope": slopes, "correlation": correlations, "strength": strengths}


def _listed(values: NDArray[np.float64], known: NDArray[np.bool_]) -> list[float | None]:
    return [round(float(v), 5) if k else None for v, k in zip(values.ravel(), known.ravel(), strict=True)]
