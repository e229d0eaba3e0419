"""What a dataset covers: per attribute and split the values there are, and how large the changes between them are.

A change is that between two frames of one series, in the unit of the attribute's scale (stops, mireds, degrees …), the
short way round where it wraps. Every ordered pair of frames counts. Two bounds keep ten million frames a matter of
seconds: at most `MOST_SERIES` series of a split, spread evenly over it, and of each at most `MOST_LEVELS` of its values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cat_dataset.attributes import ATTRIBUTES, Attribute
from cat_dataset.dataset_json import SPLITS
from cat_dataset.grid import DECIMALS, forward_all
from cat_dataset.scales import F_STOPS, STOPS

MOST_SERIES = 700
"""Series of one split whose changes are counted, per attribute; about 2000 for the three splits together."""
MOST_LEVELS = 256
"""Different values of one series among which changes are counted."""
MOST_BINS = 24
_FINEST = 1000
"""Steps of which the largest change holds more than this are no steps to the eye."""

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
Levels = tuple[Floats, Floats]


class Labelled(Protocol):
    """What is needed of a dataset: `cat_dataset.manifests.Dataset` has it all."""

    @property
    def series(self) -> pd.DataFrame:
        """A row per series with its ``split``."""

    @property
    def starts(self) -> Numbers:
        """int64 [series + 1]: the first frame of each series."""

    @property
    def attributes(self) -> Sequence[str]:
        """The attributes that vary somewhere."""

    def values(self, name: str) -> Floats:
        """The values of an attribute, float64 [frames], NaN where a series does not vary it."""


@dataclass(frozen=True)
class SplitCoverage:
    """One attribute in one split.

    ``low``, ``high`` and ``distinct`` describe its values (natural unit); ``shares`` are those of the pairs that differ, by
    the size of the change, as counted in ``measured`` of the ``series``.
    """

    series: int
    frames: int
    low: float
    high: float
    distinct: int
    measured: int
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Coverage:
    """One attribute: share k of each split is that of changes from ``start`` + k·``width`` on, in ``unit``; k = 0: from 0 on."""

    attribute: str
    unit: str
    start: float
    width: float
    splits: Mapping[str, SplitCoverage]

    @property
    def bins(self) -> int:
        """How many shares every split has."""
        return len(next(iter(self.splits.values())).shares)

    @property
    def sampled(self) -> bool:
        """Whether changes were counted in some of the series only."""
        return any(one.measured < one.series for one in self.splits.values())


def measure_coverage(dataset: Labelled) -> dict[str, Coverage]:
    """The coverage of every attribute that varies, by name, in registry order."""
    splits = dataset.series["split"].to_numpy()
    return {name: _of_attribute(ATTRIBUTES[name], dataset.values(name), dataset.starts, splits) for name in dataset.attributes}


def change_unit(attribute: Attribute) -> str:
    """The unit of changes of an attribute, in the plural: ``stops``, ``degrees``, ``EV``."""
    unit = attribute.scale.unit or attribute.unit
    return unit if unit in ("EV", "percent") else f"{unit}s"


def _of_attribute(attribute: Attribute, values: Floats, starts: Numbers, splits: NDArray[np.object_]) -> Coverage:
    counts = np.diff(starts)
    varied = ~np.isnan(values[starts[:-1]])
    chosen = {split: np.flatnonzero(varied & (splits == split)) for split in SPLITS}
    levels: dict[str, list[tuple[Levels, int]]] = {}
    for split, numbers in chosen.items():
        measured = numbers[_evenly(len(numbers), MOST_SERIES)]
        levels[split] = _merged([_levels(attribute, values[starts[k] : starts[k + 1]]) for k in measured.tolist()])
    every = [one for own in levels.values() for one, _ in own]
    reach = max((_sizes(attribute, one).max() for one in every), default=0.0)
    bins = _bins(reach, _lattice(attribute, every, reach))
    result = {}
    for split, numbers in chosen.items():
        if not len(numbers):
            continue
        mask = np.zeros(len(counts), bool)
        mask[numbers] = True
        own = values[np.repeat(mask, counts)]
        result[split] = SplitCoverage(
            series=len(numbers),
            frames=len(own),
            low=float(own.min()),
            high=float(own.max()),
            distinct=len(np.unique(np.round(own, DECIMALS))),
            measured=min(len(numbers), MOST_SERIES),
            shares=_shares(attribute, levels[split], bins),
        )
    return Coverage(attribute.name, change_unit(attribute), bins.start, bins.width, result)


def _levels(attribute: Attribute, values: Floats) -> Levels:
    """The different coordinates of a series, rising from 0, and how many frames have each; some of them if there are many."""
    coordinates = np.round(forward_all(attribute.scale, values), DECIMALS)
    position, count = np.unique(np.round(coordinates - coordinates.min(), DECIMALS), return_counts=True)
    some = _evenly(len(position), MOST_LEVELS)
    return position[some], count[some] * (count.sum() / count[some].sum())


def _merged(levels: Sequence[Levels]) -> list[tuple[Levels, int]]:
    """Series of equal steps once, with how many there are: sweeps mostly repeat one another."""
    seen: dict[bytes, tuple[Levels, int]] = {}
    for one in levels:
        key = one[0].tobytes() + one[1].tobytes()
        seen[key] = (one, seen.get(key, (one, 0))[1] + 1)
    return list(seen.values())


def _sizes(attribute: Attribute, levels: Levels) -> Floats:
    """Sizes of the changes between every two levels, [levels, levels]."""
    return _short_way(attribute, np.abs(levels[0][:, None] - levels[0][None, :]))


def _short_way(attribute: Attribute, apart: Floats) -> Floats:
    """Distances of 0 or more, the other way round where that is shorter."""
    period = attribute.scale.period
    if period is not None:
        apart = apart % period
        apart = np.minimum(apart, period - apart)
    return np.round(apart, DECIMALS)


@dataclass(frozen=True)
class _Bins:
    start: float
    width: float
    count: int

    def of(self, sizes: Floats) -> Numbers:
        """The bin of each size; one on an edge, but for rounding, belongs to the upper."""
        found: Numbers = np.clip(np.floor((sizes - self.start) / self.width + 1e-6), 0, self.count - 1).astype(np.int64)
        return found


def _shares(attribute: Attribute, levels: Sequence[tuple[Levels, int]], bins: _Bins) -> tuple[float, ...]:
    total = np.zeros(bins.count)
    for one, repeated in levels:
        sizes, weights = _sizes(attribute, one), np.outer(one[1], one[1]) * repeated
        differ = sizes > 0
        total += np.bincount(bins.of(sizes[differ]), weights[differ], minlength=bins.count)
    return tuple((total / (total.sum() or 1.0)).tolist())


def _lattice(attribute: Attribute, levels: Sequence[Levels], reach: float) -> float:
    """The largest step of which nearly all changes are multiples: 5° of a sweep, ⅓ stop of nominal ISO.

    0 if there is none, or it is so small beside ``reach`` that nobody would see it.
    """
    positions = _short_way(attribute, np.concatenate([np.empty(0), *(one[0][1:] for one in levels)]))
    gaps = _short_way(attribute, np.concatenate([np.empty(0), *(np.diff(one[0]) for one in levels)]))
    gaps = gaps[gaps > reach / _FINEST]
    if not len(gaps):
        return 0.0
    steps = [gaps.min(), *(step * 10.0**power for power in range(-9, 9) for step in (1, 2, 2.5, 5))]
    if attribute.scale in (STOPS, F_STOPS) or attribute.unit == "EV":
        steps.append(1 / 3)
    possible = [step for step in steps if reach / _FINEST < step < 1.1 * gaps.min()]
    return float(max((step for step in possible if _share_on(positions, step) > 0.95), default=0.0))


def _share_on(positions: Floats, step: float) -> float:
    """The share of positions that lie within a tenth of a step of a multiple of it."""
    return float(np.mean(np.abs(positions / step - np.round(positions / step)) < 0.1))


def _bins(reach: float, lattice: float) -> _Bins:
    """At most `MOST_BINS` bins of a round width for changes up to ``reach``; each holds equally many steps of a lattice."""
    rounds = [step * 10.0**power for power in range(-10, 10) for step in (1, 2, 5)]
    widths = [lattice * times for times in rounds if times >= 1] if lattice else rounds
    start = lattice / 2
    width = next(one for one in widths if (reach - start) / one <= MOST_BINS)
    return _Bins(start, width, max(1, int(np.ceil((reach - start) / width - 1e-6))))


def _evenly(count: int, most: int) -> Numbers:
    """At most ``most`` of ``count`` places, the first and last among them."""
    if count <= most:
        return np.arange(count)
    places: Numbers = np.round(np.linspace(0, count - 1, most)).astype(np.int64)
    return places
