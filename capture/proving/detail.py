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

BANDS = ((0.7, 1.4), (1.4, 2.8), (2.8, 5.6))
"""Pairs of Gaussian widths in pixels whose difference is a band."""
COLUMNS, ROWS = 12, 8
LEAST_PIXELS = 40


def detail_grid(reference: Floats, picture: Floats, usable: NDArray[np.bool_]) -> dict[str, Any]:
    """Slope, correlation and strength (of the reference's detail over its light) of each block in each band; None where unusable.

    Green light (height, width), ``picture`` on ``reference`` and as bright as it.
    """
    rows, columns = min(ROWS, usable.shape[0] // 12), min(COLUMNS, usable.shape[1] // 12)
    if rows < 2 or columns < 2:
        return {"rows": 0, "columns": 0, "slope": [], "correlation": [], "strength": []}
    at = [np.arange(n) * length // n for n, length in ((rows, usable.shape[0]), (columns, usable.shape[1]))]
    inside = cv2.erode(usable.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(np.float32)
    count = _sums(inside, at)
    light = _sums(reference * inside, at) / np.maximum(count, 1)
    slopes, correlations, strengths = [], [], []
    blurred = {s: [cv2.GaussianBlur(p, (0, 0), s) for p in (reference, picture)] for s in {s for band in BANDS for s in band}}
    for fine, coarse in BANDS:
        one, two = (blurred[fine][k] - blurred[coarse][k] for k in (0, 1))
        rr, rf, ff = (_sums(product * inside, at) for product in (one * one, one * two, two * two))
        known = (count >= LEAST_PIXELS) & (rr > 0) & (ff > 0)
        slopes.append(_listed(rf / np.maximum(rr, 1e-20), known))
        correlations.append(_listed(rf / np.sqrt(np.maximum(rr * ff, 1e-30)), known))
        strengths.append(_listed(np.sqrt(rr / np.maximum(count, 1)) / np.maximum(light, 1e-4), known))
    return {"rows": rows, "columns": columns, "slope": slopes, "correlation": correlations, "strength": strengths}


def _sums(values: Floats, at: list[NDArray[np.int64]]) -> NDArray[np.float64]:
    return np.asarray(np.add.reduceat(np.add.reduceat(values.astype(np.float64), at[0], axis=0), at[1], axis=1))


def _listed(values: NDArray[np.float64], known: NDArray[np.bool_]) -> list[float | None]:
    return [round(float(v), 5) if k else None for v, k in zip(values.ravel(), known.ravel(), strict=True)]
