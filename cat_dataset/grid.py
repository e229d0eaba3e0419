"""The values one attribute takes in each series, laid out so that "a frame that lies d further on" is a quick question.

Everything happens in the scale's coordinate (stops, mireds, degrees), where equal steps look equal. Frames of one value
form a level. Where the scale wraps, the circle is cut at its widest gap, so that levels still lie on a line. All series
share a few flat arrays that are made at once: a dataset of ten million frames needs no object per series. Those that have
the same values share them altogether.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cat_dataset.attributes import Attribute
from cat_dataset.scales import F_STOPS, STOPS, Scale

DECIMALS = 9
"""Coordinates are compared to this many decimals: −180° and 180.0000000000001° are one level."""

_AT_ONCE = 4096
"""Series handled together where a step needs several arrays of their size."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def forward_all(scale: Scale, values: Floats) -> Floats:
    """`Scale.forward` of every number at once."""
    logarithmic = {STOPS.name: 1.0, F_STOPS.name: 2.0}.get(scale.name)
    if logarithmic is not None:
        return np.asarray(logarithmic * np.log2(values), np.float64)
    linear_or_reciprocal: Any = scale.forward
    return np.asarray(linear_or_reciprocal(values), np.float64)


class Grids:
    """The levels of ``attribute`` in many series.

    Args:
        attribute: gives the scale.
        values: float64 [labels], natural unit, one series behind the other.
        first: int64 [series + 1]; series k has the labels first[k] to first[k + 1].
    """

    def __init__(self, attribute: Attribute, values: Floats, first: Ints) -> None:
        self._period = attribute.scale.period
        pattern, values, first = _distinct(values, first)
        owner = np.repeat(np.arange(len(first) - 1), np.diff(first))
        coordinates = forward_all(attribute.scale, values)
        if self._period is None:
            lowest = np.minimum.reduceat(coordinates, first[:-1]) if len(values) else coordinates
            position = np.round(coordinates - lowest[owner], DECIMALS)
            closed = np.zeros(len(first) - 1, bool)
        else:
            position, closed = _unroll(coordinates, owner, first, self._period)
        order = _order(position, owner)
        position = position[order]
        starts_level = np.r_[True, (position[1:] > position[:-1]) | (owner[1:] != owner[:-1])][: len(position)]
        level_at = np.flatnonzero(starts_level)
        level_first = np.searchsorted(level_at, first)
        levels = position if len(level_at) == len(position) else position[level_at]
        self.varies: NDArray[np.bool_] = (np.diff(level_first) > 1)[pattern]
        self._arrays: dict[str, NDArray[Any]] = {
            "pattern": pattern,
            "first": first,
            "position": position,
            "frame": (order - first[owner]).astype(np.int32),
            "level_first": level_first,
            "levels": levels,
            "level_at": np.r_[level_at, len(position)],
            "half_step": _half_steps(levels, level_first),
            "reach": _reaches(levels, level_first, self._period),
            "closed": closed.astype(np.uint8),
        }
        self._view()

    def pick(self, series: int, magnitude: float, sign: float, source: float, target: float) -> tuple[int, int]:
        """Numbers of a source and a target frame of a series that differ in this attribute; the others are draws in [0, 1).

        The wanted change is uniform from half the smallest step to half a step beyond the largest change, so that on an
        even grid every possible size is equally likely. The source is uniform among the frames that have a level that
        far on; the target is of the level nearest to it, never of the source's own.
        """
        series = self._pattern[series]
        change = self._half_step[series] + magnitude * self._reach[series]
        if sign < 0.5:
            change = -change
        chosen = self._source(series, change, source)
        level = self._nearest(series, self._position[chosen], change)
        first, after = self._level_at[level], self._level_at[level + 1]
        return self._frame[chosen], self._frame[first + int(target * (after - first))]

    def _source(self, series: int, change: float, draw: float) -> int:
        """A frame (by position), uniform by ``draw`` among those from which ``change`` meets a level.

        They are the lowest and the highest few: a rise starts low enough to stay below the top, or so high that it comes
        out beyond the gap of a circle; a fall mirrors that.
        """
        position, begin, end = self._position, self._first[series], self._first[series + 1]
        count, top = end - begin, self._levels[self._level_first[series + 1] - 1]
        if self._closed[series]:
            return begin + int(draw * count)
        half_step = self._half_step[series]
        size, turn = abs(change) - half_step, (self._period or math.inf) - 2 * half_step
        if change > 0:
            low, high = bisect_right(position, top - size, begin, end) - begin, end - bisect_left(position, turn - size, begin, end)
        else:
            low, high = bisect_right(position, top - turn + size, begin, end) - begin, end - bisect_left(position, size, begin, end)
        total = min(low + high, count)
        if total == 0:
            return begin if change > 0 else end - 1
        chosen = int(draw * total)
        return begin + (chosen if chosen < low else count - total + chosen)

    def _nearest(self, series: int, position: float, change: float) -> int:
        """The level nearest to ``position + change`` that is not the level of ``position``."""
        levels, begin, end = self._levels, self._level_first[series], self._level_first[series + 1]
        count, own = end - begin, bisect_left(levels, position, begin, end)
        wanted = position + change
        if self._period is not None:
            wanted %= self._period
        above = bisect_left(levels, wanted, begin, end)
        best, least = own, math.inf
        for near in range(above - 2, above + 2):
            if self._period is None and not begin <= near < end:
                continue
            level = begin + (near - begin) % count
            apart = abs(levels[level] - wanted)
            if self._period is not None:
                apart = min(apart, self._period - apart)
            if level != own and apart < least:
                best, least = level, apart
        return best

    def _view(self) -> None:
        """Views that give Python numbers: several times quicker than indexing an array one by one."""
        for name, array in self._arrays.items():
            setattr(self, f"_{name}", np.ascontiguousarray(array).data)

    _pattern: Sequence[int]
    _first: Sequence[int]
    _position: Sequence[float]
    _frame: Sequence[int]
    _level_first: Sequence[int]
    _levels: Sequence[float]
    _level_at: Sequence[int]
    _half_step: Sequence[float]
    _reach: Sequence[float]
    _closed: Sequence[int]

    def __getstate__(self) -> dict[str, Any]:
        return {"_period": self._period, "varies": self.varies, "_arrays": self._arrays}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._view()


def _distinct(values: Floats, first: Ints) -> tuple[NDArray[np.int32], Floats, Ints]:
    """Which of the distinct lists of values each series has, and those lists: a sweep is mostly made of many scenes alike."""
    known: dict[bytes, int] = {}
    bounds = first.tolist()
    pattern = [known.setdefault(values[begin:end].tobytes(), len(known)) for begin, end in pairwise(bounds)]
    kept = np.unique(np.array(pattern, np.int64), return_index=True)[1]
    counts = np.diff(first)[kept]
    starts = np.r_[0, np.cumsum(counts)]
    if len(kept) < len(pattern):
        values = values[np.repeat(first[kept] - starts[:-1], counts) + np.arange(starts[-1])]
    return np.array(pattern, np.int32), values, starts


def _order(position: Floats, owner: Ints) -> Ints:
    """The order by series, then position, then frame; most series rise already, and only the others are sorted."""
    order = np.arange(len(position))
    falls = (position[1:] < position[:-1]) & (owner[1:] == owner[:-1])
    if falls.any():
        mixed = np.isin(owner, np.unique(owner[1:][falls]))
        some = np.flatnonzero(mixed)
        order[some] = some[np.lexsort((position[some], owner[some]))]
    return order


def _unroll(coordinates: Floats, owner: Ints, first: Ints, period: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Positions along the circle from the end of its widest gap; and, per series, whether that gap is an ordinary step."""
    around = np.round(coordinates % period, DECIMALS) % period
    order = _order(around, owner)
    sorted_around = around[order]
    starts_level = np.r_[True, (sorted_around[1:] > sorted_around[:-1]) | (owner[1:] != owner[:-1])][: len(around)]
    at = np.flatnonzero(starts_level)
    levels, level_owner = sorted_around[at], owner[at]
    begin = np.searchsorted(at, first)
    following = np.r_[levels[1:], 0.0]
    last = begin[1:] - 1
    following[last] = levels[begin[:-1]] + period
    gaps = np.round(following - levels, DECIMALS)
    widest = np.maximum.reduceat(gaps, begin[:-1])
    is_widest = np.flatnonzero(gaps == widest[level_owner])
    chosen = is_widest[np.searchsorted(level_owner[is_widest], np.arange(len(first) - 1))]
    after = np.where(chosen == last, begin[:-1], chosen + 1)
    position = np.round((around - levels[after][owner]) % period, DECIMALS) % period
    return position, widest <= 1.5 * _medians(gaps, level_owner, begin)


def _medians(numbers: Floats, owner: Ints, begin: Ints) -> Floats:
    ranked = numbers[np.lexsort((numbers, owner))]
    count = np.diff(begin)
    return np.asarray((ranked[begin[:-1] + (count - 1) // 2] + ranked[begin[:-1] + count // 2]) / 2, np.float64)


def _half_steps(levels: Floats, begin: Ints) -> Floats:
    """Per series, half the smallest step between two levels; 0 where there is one level."""
    steps = np.r_[np.diff(levels), math.inf]
    steps[begin[1:] - 1] = math.inf
    smallest = np.minimum.reduceat(steps, begin[:-1])
    return np.where(np.isinf(smallest), 0.0, smallest / 2)


def _reaches(levels: Floats, begin: Ints, period: float | None) -> Floats:
    """Per series, the largest change between two levels, the short way round where the scale wraps."""
    span: Floats = levels[begin[1:] - 1] - levels[begin[:-1]]
    if period is None:
        return span
    reach: Floats = span.copy()
    around = np.flatnonzero(span > period / 2)
    for at in range(0, len(around), _AT_ONCE):
        some = around[at : at + _AT_ONCE]
        count = np.diff(begin)[some]
        first = np.cumsum(count) - count
        owner = np.repeat(np.arange(len(some)), count)
        own = levels[np.arange(len(owner)) + (begin[some] - first)[owner]]
        apart_from_others = owner * (4 * period)
        opposite = np.searchsorted(own + apart_from_others, (own + period / 2) % period + apart_from_others) - first[owner]
        largest = np.zeros(len(own))
        for step in (-1, 0):
            apart = np.abs(own[first[owner] + (opposite + step) % count[owner]] - own)
            largest = np.maximum(largest, np.minimum(apart, period - apart))
        reach[some] = np.maximum.reduceat(largest, first)
    return reach
