"""The coordinate in which equal steps of an attribute look equal.

A scale maps a natural value (ISO 400, f/2.8, 5600 K) to a coordinate (stops, mireds, degrees) and back. Every scale
rises with the natural value, so a positive change is positive in both.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """``forward``: natural value → coordinate; ``inverse`` back; ``unit`` of the coordinate; ``period`` if it wraps."""

    name: str
    unit: str
    forward: Callable[[float], float]
    inverse: Callable[[float], float]
    period: float | None = None

    def difference(self, source: float, target: float) -> float:
        """Coordinate change from ``source`` to ``target`` (natural values); the short way round where it wraps."""
        return self.wrap(self.forward(target) - self.forward(source))

    def wrap(self, change: float) -> float:
        """A coordinate change brought into (−period/2, period/2]; unchanged where the scale does not wrap."""
        if self.period is None:
            return change
        half = self.period / 2
        if -half < change <= half:
            return change
        return half - (half - change) % self.period


def _same(value: float) -> float:
    return value


LINEAR = Scale("linear", "", _same, _same)
ANGLE = Scale("angle", "degree", _same, _same, period=360.0)
STOPS = Scale("stops", "stop", math.log2, lambda x: 2.0**x)
F_STOPS = Scale("f_stops", "stop", lambda n: 2.0 * math.log2(n), lambda x: 2.0 ** (x / 2.0))
"""Light through the aperture goes as 1/N², so doubling the f-number is two stops (ISO 517)."""
MIRED = Scale("mired", "mired", lambda kelvin: -1e6 / kelvin, lambda x: -1e6 / x)
"""Negative reciprocal megakelvin: equal steps look about equal, and it rises with the colour temperature."""
DIOPTRE = Scale("dioptre", "dioptre", lambda metres: -1.0 / metres, lambda x: -1.0 / x)
"""Negative reciprocal metres: equal steps move the plane of sharpness by equal amounts of blur, and it rises with the distance."""
