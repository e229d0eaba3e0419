"""What the rig really held, in points: an expression or pose read back from its controls."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from cat_dataset.errors import InputError
from cat_dataset.people import PERSON_DIALS, POINTS
from render.unreal.job import State

LARGEST_DIFFERENCE = 0.05
"""Points between what was asked and what was read back: a two-hundredth of the full target."""
Quat = tuple[float, float, float, float]


def measured(attribute: str, state: State, controls: Mapping[str, float], limits: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """The value of ``attribute`` that the controls read back amount to; empty where they cannot say (a pose without a rest).

    A face's is the share of the target that fits its controls best (least squares). A pose's is the angle by which its
    controls are turned from their rest, over that of the full target; the editor itself has seen that they turned the right way.

    Raises:
        InputError: the rig lacks a control, or holds another value than was asked.
    """
    asked = state.values[attribute]
    side, _ = PERSON_DIALS[attribute].target(asked)
    pairs: list[tuple[float, float]] = []
    for name, full in side.controls.items():
        if name not in controls:
            raise InputError(f"the editor did not read back {name}; its code is not this version's: restart the editor")
        pairs.append((controls[name], full))
    for turn in state.turns:
        there = [name for name in turn.controls if f"{name}.yaw" in controls]
        full = next(one.degrees for one in side.turns if one.joint == turn.joint)
        for name in there:
            rest = limits.get(name, {}).get("rest")
            if not isinstance(rest, list) or len(rest) != 4:
                return {}
            angle = _angle(
                _quaternion(*(controls[f"{name}.{part}"] for part in ("roll", "pitch", "yaw"))), (rest[0], rest[1], rest[2], rest[3])
            )
            pairs.append((angle, abs(full) / len(there)))
    weight = sum(full * full for _, full in pairs)
    points = math.copysign(POINTS, asked) * sum(found * full for found, full in pairs) / weight
    if abs(points - asked) > LARGEST_DIFFERENCE:
        raise InputError(
            f"{attribute} = {asked:g} reads back from the rig as {points:.2f}: a limit or another rig layer holds it; narrow range"
        )
    return {attribute: round(points, 4) + 0.0}


def _quaternion(roll: float, pitch: float, yaw: float) -> Quat:
    """Unreal's rotator, degrees, as a quaternion (FRotator::Quaternion)."""
    (sr, cr), (sp, cp), (sy, cy) = ((math.sin(math.radians(a) / 2), math.cos(math.radians(a) / 2)) for a in (roll, pitch, yaw))
    return (cr * sp * sy - sr * cp * cy, -cr * sp * cy - sr * cp * sy, cr * cp * sy - sr * sp * cy, cr * cp * cy + sr * sp * sy)


def _angle(one: Quat, other: Quat) -> float:
    """Degrees between two turns."""
    return 2 * math.degrees(math.acos(min(1.0, abs(sum(a * b for a, b in zip(one, other, strict=True))))))
