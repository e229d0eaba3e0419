"""Turns of a person in Unreal's left-handed space; plain numbers, no engine.

A turn is given about an axis of the person's frame (`cat_dataset.people`): right-handed, x to the viewer's right, y away from
the camera, z up. Unreal's axes are left-handed, and its quaternions turn by the same formula as everybody's, so a right-handed
turn by d degrees about an axis is the formula's turn by -d about the same axis written in Unreal's coordinates.
Quaternions are (x, y, z, w); the product ``times(a, b)`` does b first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from cat_dataset.errors import InputError

Vector = tuple[float, float, float]
Quat = tuple[float, float, float, float]
IDENTITY: Quat = (0.0, 0.0, 0.0, 1.0)
UP: Vector = (0.0, 0.0, 1.0)


def cross(a: Vector, b: Vector) -> Vector:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def along(start: Vector, *steps: tuple[float, Vector]) -> Vector:
    """``start`` moved by each distance along its direction."""
    x, y, z = start
    for distance, (dx, dy, dz) in steps:
        x, y, z = x + distance * dx, y + distance * dy, z + distance * dz
    return (x, y, z)


def unit(v: Vector, what: str) -> Vector:
    """``v`` at length 1; ``what`` names it where it has none."""
    length = math.hypot(*v)
    if length < 1e-6:
        raise InputError(f"{what} has no length, so no direction: this character is not built as a MetaHuman is")
    return (v[0] / length, v[1] / length, v[2] / length)


def times(a: Quat, b: Quat) -> Quat:
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def back(q: Quat) -> Quat:
    """The turn that undoes ``q``."""
    return (-q[0], -q[1], -q[2], q[3])


def turned(q: Quat, v: Vector) -> Vector:
    x, y, z, _ = times(times(q, (*v, 0.0)), back(q))
    return (x, y, z)


def about(axis: Vector, degrees: float) -> Quat:
    """The formula's turn by ``degrees`` about the unit vector ``axis``."""
    half = math.radians(degrees) / 2
    return (axis[0] * math.sin(half), axis[1] * math.sin(half), axis[2] * math.sin(half), math.cos(half))


def angle(a: Quat, b: Quat) -> float:
    """Degrees between two turns."""
    x, y, z, w = times(back(a), b)
    return math.degrees(2 * math.atan2(math.hypot(x, y, z), abs(w)))


@dataclass(frozen=True)
class PersonFrame:
    """Unit vectors of the person's frame in Unreal's world coordinates: viewer's right, away from the camera, up."""

    right: Vector
    away: Vector
    up: Vector = UP

    @classmethod
    def from_eyes(cls, left: Vector, right: Vector) -> PersonFrame:
        """The frame of a person whose own left and right eye are there: the viewer's right is the person's left."""
        towards_left = (left[0] - right[0], left[1] - right[1], 0.0)
        viewers_right = unit(towards_left, "the line from eye to eye")
        return cls(viewers_right, cross(viewers_right, UP))

    def axis(self, name: str) -> Vector:
        return {"x": self.right, "y": self.away, "z": self.up}[name]

    def turn(self, axis: str, degrees: float, limb: Vector | None = None) -> Quat:
        """A turn of the person's frame as Unreal's quaternion in the world; ``limb`` is the limb's direction for ``front``."""
        if axis != "front":
            return about(self.axis(axis), -degrees)
        if limb is None:
            raise InputError("a turn to the front needs to know where the limb points, and this rig has no control beyond the joint")
        front = (-self.away[0], -self.away[1], -self.away[2])
        return about(unit(cross(limb, front), "the turn of a limb that points to the front already"), degrees)


def local_value(rest_local: Quat, rest_global: Quat, turns: Iterable[Quat]) -> Quat:
    """The local rotation of a control that has been turned.

    At rest, global = parent · rest_local. A turn T before it, T · global, is parent · (rest_local · global⁻¹ · T · global): the
    parent drops out, so each control's key depends on its own rest pose only, and turns of parents carry it along.

    Args:
        rest_local, rest_global: the control's rotation at neutral, from its parent and in the rig's space.
        turns: in the rig's space, the first one first.
    """
    total = IDENTITY
    for turn in turns:
        total = times(turn, total)
    return times(rest_local, times(back(rest_global), times(total, rest_global)))
