"""Which attribute a pair is drawn for, and which series: attributes by weight, the series that vary one equally often."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cat_dataset.errors import UsageError


class SeriesChoice:
    """Two uniform draws to an attribute and a series.

    Args:
        able: numbers of the series that vary each attribute.
        weights: of every attribute; those of weight 0 are never drawn.
        composite: [series of the dataset] whether a series varies several attributes.
        share: how often the series is a composite one; None leaves that to how many there are.

    Raises:
        UsageError: ``share`` asks for series that there are not.
    """

    def __init__(
        self, able: Mapping[str, NDArray[np.int64]], weights: Mapping[str, float], composite: NDArray[np.bool_], share: float | None
    ) -> None:
        self._weights, self._composite, self._share = weights, composite, share
        self._kinds = self._split(able)
        for several, part, kind in self._kinds:
            if not kind:
                which = "several attributes at once" if several else "one attribute alone"
                raise UsageError(f"composite_share {share:g} takes {part:.0%} of the pairs from series that vary {which}; there are none")

    def pick(self, first: float, second: float) -> tuple[str, int]:
        """The attribute, and the number of the series."""
        return _pick(self._kinds, first, second)

    def pick_within(self, series: Sequence[int], place: Mapping[str, NDArray[np.int64]], first: float, second: float) -> tuple[str, int]:
        """The same when only the series with these numbers are at hand; ``place`` is negative for those that do not vary an attribute.

        Raises:
            UsageError: none of them varies an attribute that is drawn from.
        """
        at_hand = np.asarray(series, np.int64)
        able = {name: at_hand[place[name][at_hand] >= 0] for name, weight in self._weights.items() if weight > 0}
        kinds = [kind for kind in self._split(able) if kind[2]]
        if not kinds:
            raise UsageError("none of the series at hand varies an attribute that is drawn from")
        return _pick(kinds, first, second)

    def series(self) -> NDArray[np.int64]:
        """Numbers of all series that can be drawn."""
        found: NDArray[np.int64] = np.unique(np.concatenate([own for _, _, kind in self._kinds for own in kind.able]))
        return found

    def _split(self, able: Mapping[str, NDArray[np.int64]]) -> list[tuple[bool, float, _Kind]]:
        """The kinds of series that are drawn from: whether they are composite, how often, and what they vary."""
        if self._share is None:
            return [(False, 1.0, _Kind(able, self._weights))]
        return [
            (several, part, _Kind({name: own[self._composite[own] == several] for name, own in able.items()}, self._weights))
            for several, part in ((True, self._share), (False, 1 - self._share))
            if part > 0
        ]


class _Kind:
    """Attributes of one kind of series; false if there are none."""

    def __init__(self, able: Mapping[str, NDArray[np.int64]], weights: Mapping[str, float]) -> None:
        self.names = [name for name, own in able.items() if weights[name] > 0 and len(own)]
        self.able = [able[name] for name in self.names]
        self.cumulative = list(itertools.accumulate(weights[name] for name in self.names))

    def __bool__(self) -> bool:
        return bool(self.names)

    def pick(self, first: float, second: float) -> tuple[str, int]:
        """See `SeriesChoice.pick`."""
        at = min(bisect_right(self.cumulative, first * self.cumulative[-1]), len(self.names) - 1)
        own = self.able[at]
        return self.names[at], int(own[int(second * len(own))])


def _pick(kinds: Sequence[tuple[bool, float, _Kind]], first: float, second: float) -> tuple[str, int]:
    """The first draw says the kind, too: what lies in its part is a uniform draw again."""
    if len(kinds) == 1:
        return kinds[0][2].pick(first, second)
    (_, part, one), (_, rest, other) = kinds
    part /= part + rest
    return one.pick(first / part, second) if first < part else other.pick((first - part) / (1 - part), second)


def checked_weights(names: Sequence[str], weights: Mapping[str, float]) -> dict[str, float]:
    """The weight of each attribute, 1 unless told.

    Raises:
        UsageError: one of another attribute, one below 0, or nothing above.
    """
    for name, weight in weights.items():
        if name not in names:
            raise UsageError(f"weights name {name}, which is not drawn from; attributes are {', '.join(names)}")
        if not math.isfinite(weight) or weight < 0:
            raise UsageError(f"the weight of {name} must be 0 or more, not {weight}")
    if not any(weights.get(name, 1.0) > 0 for name in names):
        raise UsageError("every attribute has weight 0; give at least one more")
    return {name: float(weights.get(name, 1.0)) for name in names}
