"""Whether the values of a series lie on an even grid, and which of its values are absent.

A camera's settings are even only in name: third-stop f-numbers run 10, 11, 13, 14, 16, shutter times 1/10, 1/13, 1/15, 1/20.
They lie within 0.1 EV of a grid of exact steps, so a grid is fitted to all values instead of comparing gaps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cat_dataset.attributes import Attribute

DECIMALS = 9
"""Coordinates are compared to this many decimals."""
CAMERA = ("iso", "aperture", "exposure")
"""Settings that cameras round as they like."""
CAMERA_EV = 0.12
"""EV by which such a setting may miss its exact place: f/11 misses 2^3.5 by 0.08, 1/15 s misses 1/16 s by 0.09."""
CAMERA_STEPS = (1 / 3, 1 / 2)
"""EV of the steps that cameras have."""
SLACK = 0.1
"""The same of other attributes, in steps (kelvins are rounded), and `CAMERA_SLACK` at most of a camera's."""
CAMERA_SLACK = 0.36
LEAST_SINGLE = 3
"""Gaps of one step that a grid must have; and two thirds of all."""
_ROUNDS = 5

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Absence:
    """Values that an even grid lacks between its first and its last.

    ``values`` are natural ones, float64 [absent], rising; ``step`` is in the scale's unit where ``relative``, else natural;
    ``beyond`` is the coordinate of the level above the first absent one.
    """

    values: Floats
    step: float
    relative: bool
    beyond: float


def straight(attribute: Attribute, values: Floats) -> Floats:
    """Coordinates float64 [frames] on a line. Where the scale wraps they are taken in the order of the frames if that runs
    one way, else the circle is cut at its widest gap."""
    position: Floats = np.round([attribute.scale.forward(value) for value in values.tolist()], DECIMALS)
    period = attribute.scale.period
    if period is None or one_way(position):
        return position
    unrolled: Floats = np.round(np.unwrap(position, period=period), DECIMALS)
    if one_way(unrolled):
        return unrolled
    around = np.round(position % period, DECIMALS) % period
    levels = np.unique(around)
    widest = int(np.diff(levels, append=levels[0] + period).argmax())
    start = levels[(widest + 1) % len(levels)]
    return np.asarray(start + np.round((around - start) % period, DECIMALS) % period)


def one_way(position: Floats) -> bool:
    """Whether the coordinates never fall or never rise."""
    change = np.diff(position)
    return bool((change >= 0).all() or (change <= 0).all())


def absence(attribute: Attribute, position: Floats) -> Absence | None:
    """What an otherwise even grid lacks; None if nothing, or if the coordinates (from `straight`) are on no such grid.

    Values that are uneven in the scale's coordinate may be even in the natural unit (3000, 3500, 4000 K).
    """
    levels = np.unique(position)
    gap = np.diff(levels)
    if len(gap) <= LEAST_SINGLE or gap.max() < 1.25 * gap.min():
        return None  # too few to tell, or plainly even
    scale, relative = attribute.scale, True
    index = _fit(levels, attribute.name in CAMERA)
    if index is None and attribute.needs_source:
        levels, relative = np.array([scale.inverse(level) for level in levels.tolist()]), False
        index = _fit(levels, False)
    if index is None:
        return None
    absent = np.setdiff1d(np.arange(index[-1] + 1), index)
    if not len(absent):
        return None
    step, start = np.polyfit(index, levels, 1)
    values = np.round(start + step * absent, DECIMALS) + 0.0  # no -0
    first = int(np.searchsorted(index, absent[0]))
    if not relative:
        return Absence(values, float(step), False, scale.forward(float(levels[first])))
    natural = np.array([scale.inverse(value) for value in values.tolist()])
    if scale.period is not None:
        natural = np.where(natural > scale.period / 2, natural - scale.period, natural)
    return Absence(natural, float(step), attribute.needs_source, float(levels[first]))


def _fit(levels: Floats, camera: bool) -> Indices | None:
    """Number of the step, int64 [levels] from 0, that each of the rising levels is nearest to on the even grid that fits
    them; None if one is too far from its step, or single steps are too few. Of several grids, the one that lacks least."""
    gap = np.diff(levels)
    steps = [float(gap[gap < 1.5 * np.median(gap)].mean()), *(CAMERA_STEPS if camera else ())]
    fitted = [index for step in steps if (index := _fit_near(levels, step, camera)) is not None]
    return min(fitted, key=lambda index: int(index[-1]), default=None)


def _fit_near(levels: Floats, step: float, camera: bool) -> Indices | None:
    """As `_fit`, of grids whose step is near ``step``."""
    index = np.r_[0, np.cumsum(np.maximum(np.rint(np.diff(levels) / step), 1))].astype(np.int64)
    for _ in range(_ROUNDS):
        step, start = np.polyfit(index, levels, 1)
        again = np.rint((levels - start) / step).astype(np.int64)
        again -= again[0]
        if (again == index).all():
            break
        index = again
    width = np.diff(index)
    single = int((width == 1).sum())
    slack = min(CAMERA_EV, CAMERA_SLACK * step) if camera else SLACK * step
    if (width < 1).any() or single < LEAST_SINGLE or 3 * single < 2 * len(width):
        return None
    return index if np.abs(levels - start - step * index).max() <= slack else None
