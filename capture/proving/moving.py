"""What moved between two aligned pictures of one scene: light that neither blur nor noise nor brightness explains.

Blur keeps every value between the least and the greatest around it, so a pixel counts only when each picture leaves the range
that the other one spans nearby. What noise does is measured on the pair itself.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

REACH, SHARP_REACH = 2, 1
"""Pixels around a pixel within which the other picture may have its value; the lesser where both are as sharp."""
LEAST_STEP = 0.25
"""EV beyond the range that count as another thing."""
SIGMAS = 5.0
LEAST_AREA = 8
DARKEST = 0.003


def moving_content(reference: Floats, picture: Floats, usable: NDArray[np.bool_], gain: float, as_sharp: bool) -> dict[str, Any]:
    """Share and boxes (left, top, width, height as shares of the picture) of content that moved; pictures (height, width, 3).

    ``picture`` lies on ``reference`` and is ``gain`` times as bright; ``usable`` marks pixels seen unclipped by both;
    ``as_sharp``: neither is blurred against the other.
    """
    if usable[::2, ::2].mean() < 0.05:
        return {"share": 0.0, "boxes": [], "seen": round(float(usable.mean()), 4)}
    floor = np.float32(DARKEST * max(1.0, 1 / gain))
    logs = [np.log2(np.maximum(p, 0) + floor) for p in (reference, picture / np.float32(gain))]
    found = np.zeros(usable.shape, bool)
    reach = SHARP_REACH if as_sharp else REACH
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    for channel in range(logs[0].shape[2]):
        one, two = (np.ascontiguousarray(p[..., channel]) for p in logs)
        two = two - np.float32(np.median((two - one)[::2, ::2][usable[::2, ::2]]))
        beyond = [_beyond(a, b, kernel) for a, b in ((one, two), (two, one))]
        excess = np.minimum(*beyond)
        apart = np.nonzero(excess > LEAST_STEP)
        if len(apart[0]):
            found[apart] |= excess[apart] > SIGMAS * 1.4826 * _level_mad(two - one, one, usable, one[apart])
    found &= cv2.erode(usable.astype(np.uint8), kernel) > 0
    clean = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    clean = cv2.morphologyEx(clean, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(clean, connectivity=8)
    height, width = usable.shape
    large = [row for row in stats[1:] if row[cv2.CC_STAT_AREA] >= LEAST_AREA]
    large.sort(key=lambda row: -int(row[cv2.CC_STAT_AREA]))
    boxes = [[round(float(v), 4) for v in (r[0] / width, r[1] / height, r[2] / width, r[3] / height)] for r in large[:8]]
    share = sum(int(row[cv2.CC_STAT_AREA]) for row in large) / usable.size
    return {"share": round(share, 6), "boxes": boxes, "seen": round(float(usable.mean()), 4)}


def _beyond(value: Floats, other: Floats, kernel: NDArray[np.uint8]) -> Floats:
    """How far ``value`` lies outside the range of ``other`` nearby."""
    return np.asarray(np.maximum(value - cv2.dilate(other, kernel), cv2.erode(other, kernel) - value), np.float32)


def _level_mad(difference: Floats, level: Floats, usable: NDArray[np.bool_], at: Floats) -> Floats:
    """Median absolute difference among pixels of like brightness (eight classes), for the brightnesses ``at``."""
    chosen = usable[::2, ::2]
    level, size = level[::2, ::2][chosen], np.abs(difference[::2, ::2][chosen])
    edges = np.quantile(level, np.linspace(0, 1, 9)[1:-1]).astype(np.float32)
    classes = np.searchsorted(edges, level, side="right")
    table = np.array([np.median(size[classes == index]) if (classes == index).any() else 1.0 for index in range(8)], np.float32)
    return np.asarray(table[np.searchsorted(edges, at, side="right")], np.float32)
