"""The values one attribute takes in one series, laid out so that "a frame that lies d further on" is a quick question.

Everything happens in the scale's coordinate (stops, mireds, degrees), where equal steps look equal. Frames of one value
form a level. Where the scale wraps, the circle is cut at its widest gap, so that levels still lie on a line.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right

import numpy as np
from numpy.typing import NDArray

from cat_dataset.attributes import Attribute

DECIMALS = 9
"""Coordinates are compared to this many decimals: −180° and 180.0000000000001° are one level."""


class Grid:
    """The levels of ``attribute`` in one series.

    Args:
        attribute: gives the scale.
        values: float64 [frames], natural unit.
        rows: int64 [frames], the row number of each frame.
    """

    def __init__(self, attribute: Attribute, values: NDArray[np.float64], rows: NDArray[np.int64]) -> None:
        self._period = attribute.scale.period
        coordinates = np.array([attribute.scale.forward(value) for value in values.tolist()])
        self._closed = False
        if self._period is None:
            position = np.round(coordinates - coordinates.min(), DECIMALS)
        else:
            position, self._closed = _unroll(coordinates, self._period)
        order = np.argsort(position, kind="stable")
        position = position[order]
        first = np.flatnonzero(np.r_[True, np.diff(position) > 0])
        levels = position[first]
        self._position = array("d", position.tolist())
        self._rows = array("q", rows[order].tolist())
        self._levels = array("d", levels.tolist())
        self._first = array("q", [*first.tolist(), len(position)])
        self._half_step = float(np.diff(levels).min()) / 2 if len(levels) > 1 else 0.0
        self.reach = _reach(levels, self._period)

    @property
    def varies(self) -> bool:
        """Whether there are two levels to change between."""
        return len(self._levels) > 1

    def pick(self, magnitude: float, sign: float, source: float, target: float) -> tuple[int, int]:
        """Rows of a source and a target frame that differ in this attribute; all arguments are draws in [0, 1).

        The wanted change is uniform from half the smallest step to half a step beyond the largest change, so that on an
        even grid every possible size is equally likely. The source is uniform among the frames that have a level that
        far on; the target is of the level nearest to it, never of the source's own.
        """
        change = self._half_step + magnitude * self.reach
        if sign < 0.5:
            change = -change
        chosen = self._source(change, source)
        level = self._nearest(self._position[chosen], change)
        first, after = self._first[level], self._first[level + 1]
        return self._rows[chosen], self._rows[first + int(target * (after - first))]

    def _source(self, change: float, draw: float) -> int:
        """A frame (index by position), uniform by ``draw`` among those from which ``change`` meets a level.

        They are the lowest and the highest few: a rise starts low enough to stay below the top, or so high that it comes
        out beyond the gap of a circle; a fall mirrors that.
        """
        position, count, top = self._position, len(self._position), self._levels[-1]
        if self._closed:
            return int(draw * count)
        size, turn = abs(change) - self._half_step, (self._period or math.inf) - 2 * self._half_step
        if change > 0:
            low, high = bisect_right(position, top - size), count - bisect_left(position, turn - size)
        else:
            low, high = bisect_right(position, top - turn + size), count - bisect_left(position, size)
        total = min(low + high, count)
        if total == 0:
            return 0 if change > 0 else count - 1
        chosen = int(draw * total)
        return chosen if chosen < low else count - total + chosen

    def _nearest(self, position: float, change: float) -> int:
        """Index of the level nearest to ``position + change`` that is not the level of ``position``."""
        levels, count, own = self._levels, len(self._levels), bisect_left(self._levels, position)
        wanted = position + change
        if self._period is not None:
            wanted %= self._period
        above = bisect_left(levels, wanted)
        best, least = own, math.inf
        for near in range(above - 2, above + 2):
            if self._period is None and not 0 <= near < count:
                continue
            level = near % count
            apart = abs(levels[level] - wanted)
            if self._period is not None:
                apart = min(apart, self._period - apart)
            if level != own and apart < least:
                best, least = level, apart
        return best


def _unroll(coordinates: NDArray[np.float64], period: float) -> tuple[NDArray[np.float64], bool]:
    """Positions along the circle from the end of its widest gap, and whether that gap is no wider than an ordinary step."""
    around = np.round(coordinates % period, DECIMALS) % period
    levels = np.unique(around)
    gaps = np.diff(np.r_[levels, levels[0] + period])
    widest = int(gaps.argmax())
    start = levels[(widest + 1) % len(levels)]
    return np.round((around - start) % period, DECIMALS) % period, bool(gaps[widest] <= 1.5 * np.median(gaps))


def _reach(levels: NDArray[np.float64], period: float | None) -> float:
    """The largest change between two levels, the short way round where the scale wraps."""
    span = float(levels[-1] - levels[0])
    if period is None or span <= period / 2:
        return span
    opposite = np.searchsorted(levels, (levels + period / 2) % period)
    apart = np.abs(np.stack([levels[(opposite + step) % len(levels)] - levels for step in (-1, 0)]))
    return float(np.minimum(apart, period - apart).max())
