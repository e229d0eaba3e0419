"""From ranges to states: evenly in step, all combinations, or at random. Standard library only."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass

from cat_dataset.attributes import attribute
from cat_dataset.errors import UsageError
from render.blender.sweeping.spec import State

DIGITS = 6
"""Decimals of a value: enough for a state to stay itself, few enough to read."""
MOST_STATES = 1_000_000


@dataclass(frozen=True)
class Span:
    """An attribute and the range it goes through, natural unit, both ends included, in ``count`` values; it may fall."""

    attribute: str
    low: float
    high: float
    count: int

    def __post_init__(self) -> None:
        chosen = attribute(self.attribute)
        inside = all(chosen.low <= end <= chosen.high for end in (self.low, self.high))
        if self.low == self.high or not inside:
            raise UsageError(
                f"the range {self.low:g} {self.high:g} of {self.attribute} must have two ends inside "
                f"{chosen.low:g} to {chosen.high:g} {chosen.unit}"
            )
        if len(set(self.values())) < self.count:
            raise UsageError(f"the range {self.low:g} {self.high:g} is too narrow for {self.count} values a millionth apart; widen it")

    def at(self, share: float) -> float:
        """The value at ``share`` of the way, even in the attribute's scale (stops, mireds, degrees)."""
        if share in (0, 1):
            return float(self.high if share else self.low)
        scale = attribute(self.attribute).scale
        first, last = scale.forward(self.low), scale.forward(self.high)
        return round(scale.inverse(first + (last - first) * share), DIGITS)

    def values(self) -> list[float]:
        """``count`` values from low to high."""
        return [self.at(index / (self.count - 1)) for index in range(self.count)]


def in_step(spans: Sequence[Span]) -> tuple[State, ...]:
    """All attributes go from their low to their high end together.

    Raises:
        UsageError: they have different numbers of values.
    """
    counts = {span.count for span in spans}
    if len(counts) > 1:
        raise UsageError(f"attributes that move in step need equal numbers of values, not {sorted(counts)}; or use --grid")
    return tuple(_state(spans, values) for values in zip(*(span.values() for span in spans), strict=True))


def grid(spans: Sequence[Span]) -> tuple[State, ...]:
    """Every combination of the attributes' values; the last attribute changes fastest."""
    total = 1
    for span in spans:
        total *= span.count
    if total > MOST_STATES:
        raise UsageError(f"--grid makes {total} states; at most {MOST_STATES} fit one series, use fewer values or --random N")
    return tuple(_state(spans, values) for values in itertools.product(*(span.values() for span in spans)))


def at_random(spans: Sequence[Span], count: int, seed: int) -> tuple[State, ...]:
    """``count`` states, each attribute uniform over its range in its scale; asking for more keeps the first ones."""
    states = []
    for index in range(count):
        draw = random.Random(f"state {seed} {index} {' '.join(span.attribute for span in spans)}")
        states.append(_state(spans, [span.at(draw.random()) for span in spans]))
    return tuple(states)


def _state(spans: Sequence[Span], values: Sequence[float]) -> State:
    return {span.attribute: value for span, value in zip(spans, values, strict=True)}
