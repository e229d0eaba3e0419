"""How much an edit really did, in the attribute's unit, measured from the pictures alone.

The label of the frame of the held-out series that is nearest to the output, interpolated between neighbouring frames.
It needs no model and knows nothing of what was asked, and is the same for every attribute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cat_dataset.attributes import Attribute
from cat_dataset.images import Rgb


def achieved_value(output: Rgb, frames: Sequence[Rgb], values: Sequence[float], attribute: Attribute) -> float:
    """The natural value whose picture is nearest to ``output``.

    Between two neighbouring frames the picture is taken to move on a straight line; ``output`` is projected onto each of
    these segments and the nearest one (least squared error over all pixels) gives the value, interpolated in the scale's
    coordinate. Answers lie within the series' range.

    Args:
        output: [H, W, 3], uint8 or float.
        frames: pictures of one series, all of the shape of ``output``.
        values: the natural value of each frame, strictly rising.
        attribute: gives the scale.
    """
    picture = output.astype(np.float64).ravel()
    stack = np.stack([frame.astype(np.float64).ravel() for frame in frames])
    step = stack[1:] - stack[:-1]
    length = np.maximum((step**2).sum(1), 1e-12)
    share = np.clip(((picture - stack[:-1]) * step).sum(1) / length, 0.0, 1.0)
    error = ((stack[:-1] + share[:, None] * step - picture) ** 2).sum(1)
    nearest = int(error.argmin())
    low, high = (attribute.scale.forward(values[nearest + i]) for i in (0, 1))
    return attribute.scale.inverse(low + float(share[nearest]) * (high - low))


def psnr(a: Rgb, b: Rgb) -> float:
    """Peak signal-to-noise ratio of two uint8 RGB pictures of one shape, dB on [0, 1]; 100 for equal ones."""
    error = float(((a.astype(np.float64) - b.astype(np.float64)) ** 2).mean()) / 255.0**2
    return 100.0 if error < 1e-10 else -10.0 * float(np.log10(error))


def ranks(values: Sequence[float]) -> NDArray[np.float64]:
    """Ranks from 0, ties sharing their mean rank."""
    array = np.asarray(values, dtype=np.float64)
    _, inverse, counts = np.unique(array, return_inverse=True, return_counts=True)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    shared: NDArray[np.float64] = (first + (counts - 1) / 2)[inverse]
    return shared


@dataclass(frozen=True)
class Agreement:
    """How achieved changes follow asked ones: Spearman's rank correlation, the slope of the least-squares line, and the
    mean absolute error, the last in the unit of the input. NaN where the input does not vary."""

    spearman: float
    slope: float
    error: float
    count: int


def agreement(asked: Sequence[float], achieved: Sequence[float]) -> Agreement:
    """Compare asked with achieved changes (same unit, same order)."""
    x, y = np.asarray(asked, dtype=np.float64), np.asarray(achieved, dtype=np.float64)
    if len(x) < 2 or np.ptp(x) == 0:
        return Agreement(float("nan"), float("nan"), float(np.abs(y - x).mean()) if len(x) else float("nan"), len(x))
    spearman = float(np.corrcoef(ranks(asked), ranks(achieved))[0, 1]) if np.ptp(y) > 0 else 0.0
    return Agreement(spearman, float(np.polyfit(x, y, 1)[0]), float(np.abs(y - x).mean()), len(x))
