"""Turns of joints as local rotations of body controls, whatever way a control's own axes point."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from typing import Any

from cat_dataset.errors import InputError
from render.unreal.in_editor.rig import Rig, quat
from render.unreal.in_editor.scene import Person, triple
from render.unreal.in_editor.turning import Quat, Vector, back, local_value, times, turned, unit
from render.unreal.job import JointTurn

SWITCHES = ("arm_l_fk_ik_switch", "arm_r_fk_ik_switch", "spine_fk_ik_switch", "neck_fk_ik_switch")
"""Switches that must be off: on, the limb follows its IK target and FK controls do nothing."""
POSED = ("euler_transform", "rotator")


def present(rig: Rig, turn: JointTurn) -> list[str]:
    """Those of a joint's controls that the rig has.

    Raises:
        InputError: none of them, or one that cannot be turned.
    """
    there = [name for name in turn.controls if name in rig.keys]
    if not there:
        near = difflib.get_close_matches(turn.controls[0], rig.keys, n=3, cutoff=0.4)
        hint = f"; the nearest are {', '.join(near)}" if near else ""
        raise InputError(f"the rig {rig.path} has none of the controls {', '.join(turn.controls)} of the joint {turn.joint}{hint}")
    for name in there:
        if (kind := rig.control(name).kind) not in POSED:
            raise InputError(f"the control {name} of {rig.path} is of type {kind}, which cannot be turned")
    return there


def missing(rig: Rig, turns: Sequence[JointTurn]) -> list[str]:
    """Notes on controls that the rig lacks while others of the joint are there."""
    lacking = {
        f"the rig {rig.path} has no {name}; the other controls of {t.joint} share its turn"
        for t in turns
        for name in t.controls
        if name not in rig.keys
    }
    return sorted(lacking)


def local_rotations(rig: Rig, person: Person, turns: Sequence[JointTurn]) -> dict[str, Quat]:
    """The local rotation of every control that ``turns`` name; a turn is shared out evenly among a joint's controls."""
    to_world = quat(person.body.get_world_transform())
    in_rig: dict[str, list[Quat]] = {}
    for turn in turns:
        names = present(rig, turn)
        limb = turned(to_world, limb_direction(rig, names[-1])) if turn.axis == "front" else None
        world = person.frame.turn(turn.axis, turn.degrees / len(names), limb)
        for name in names:
            in_rig.setdefault(name, []).append(times(back(to_world), times(world, to_world)))
    return {name: _local(rig, name, quats) for name, quats in in_rig.items()}


def rest_rotation(rig: Rig, name: str) -> Quat:
    """A control's local rotation at neutral."""
    return quat(rig.rest(name)[0])


def _local(rig: Rig, name: str, turns: list[Quat]) -> Quat:
    local, whole = rig.rest(name)
    return local_value(quat(local), quat(whole), turns)


def limb_direction(rig: Rig, name: str) -> Vector:
    """The unit vector, in the rig's space, from a control to the nearest one beyond it that stands elsewhere.

    Raises:
        InputError: nothing hangs on the control.
    """
    start = _position(rig.rest(name)[1])
    for other in rig.beyond(name):
        end = _position(rig.rest(other)[1])
        if math.dist(start, end) > 1.0:
            return unit((end[0] - start[0], end[1] - start[1], end[2] - start[2]), f"the limb beyond {name}")
    raise InputError(f"the rig {rig.path} has no control beyond {name}, so where its limb points is not known")


def _position(transform: Any) -> Vector:
    return triple(transform.translation)
