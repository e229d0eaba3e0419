"""Rotations as vectors: an axis of the level view frame times an angle in degrees, components rotation_x, rotation_y, rotation_z.

A vector with one component is a turn about that axis. The change between two is the turn that leads from one to the other,
R_target · R_sourceᵀ, again as a vector; it is the difference of the numbers only where both turn about one axis.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

AXES = ("rotation_x", "rotation_y", "rotation_z")

Vector = tuple[float, float, float]
_Quaternion = tuple[float, float, float, float]
_SMALLEST = 1e-9
"""Degrees; smaller components are rounding."""


def turn_between(source: Sequence[float], target: Sequence[float]) -> Vector:
    """Rotation vector, in degrees and at most half a turn long, that leads from ``source`` to ``target``."""
    w, x, y, z = _product(_quaternion(target), _conjugate(_quaternion(source)))
    if w < 0:
        w, x, y, z = -w, -x, -y, -z
    sine = math.hypot(x, y, z)
    if sine == 0:
        return (0.0, 0.0, 0.0)
    scale = math.degrees(2 * math.atan2(sine, w)) / sine
    return tuple(part if abs(part) >= _SMALLEST else 0.0 for part in (x * scale, y * scale, z * scale))  # type: ignore[return-value]


def _quaternion(vector: Sequence[float]) -> _Quaternion:
    degrees = math.hypot(*vector)
    if degrees == 0:
        return (1.0, 0.0, 0.0, 0.0)
    half = math.radians(degrees) / 2
    x, y, z = (part / degrees * math.sin(half) for part in vector)
    return (math.cos(half), x, y, z)


def _conjugate(q: _Quaternion) -> _Quaternion:
    return (q[0], -q[1], -q[2], -q[3])


def _product(p: _Quaternion, q: _Quaternion) -> _Quaternion:
    a, b, c, d = p
    w, x, y, z = q
    return (a * w - b * x - c * y - d * z, a * x + b * w + c * z - d * y, a * y - b * z + c * w + d * x, a * z + b * y - c * x + d * w)
