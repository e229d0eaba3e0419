"""The armature of a person: bones from the character file, joints turned about axes of the person's frame, and read back.

A joint's turns about several axes are those of a head on a neck: about z, then about the turned x, then about the y that
results, R = Rz·Rx·Ry. Each of a joint's n bones gets the n-th part of R, so that the end of the joint has turned by R.
What is further out is carried along: a head turns about the axes of a leaning torso.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import bpy
from mathutils import Matrix, Quaternion, Vector

from cat_dataset.errors import InputError
from cat_dataset.people import Turn
from render.blender.figure.person_file import Bone

AXES: Mapping[str, Vector] = {"x": Vector((1, 0, 0)), "y": Vector((0, 1, 0)), "z": Vector((0, 0, 1))}
FRONT = Vector((0, -1, 0))
SHORTEST = 1e-4
"""Metres; Blender drops bones without length."""


def armature_object(name: str, bones: Sequence[Bone]) -> Any:
    """The armature, in the scene's collection; each bone turns by a quaternion."""
    thing = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    bpy.context.scene.collection.objects.link(thing)
    bpy.context.view_layer.objects.active = thing
    bpy.ops.object.mode_set(mode="EDIT")
    made = {}
    for bone in bones:
        one = made[bone.name] = thing.data.edit_bones.new(bone.name)
        one.head, one.tail = bone.head, bone.tail
        if one.length < SHORTEST:
            one.tail = one.head + Vector((0, 0, SHORTEST))
    for bone in bones:
        if bone.parent:
            made[bone.name].parent = made[bone.parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    for bone in thing.pose.bones:
        bone.rotation_mode = "QUATERNION"
    return thing


def share_turns(armature: Any, joints: Mapping[str, Sequence[str]], turns: Iterable[Turn]) -> None:
    """Pose every joint of ``joints`` (bones by joint): as ``turns`` say, those of none at rest.

    Raises:
        InputError: the person lacks a bone that a turn needs. KeyError: no such joint. ValueError: no such axis.
    """
    wanted: dict[str, list[Turn]] = {joint: [] for joint in joints}
    for turn in turns:
        wanted[turn.joint].append(turn)
    for joint, chain in joints.items():
        missing = [bone for bone in chain if bone not in armature.pose.bones]
        if missing and wanted[joint]:
            raise InputError(f"{armature.name} lacks the bone {missing[0]}; run python -m render.people.make again")
        if not missing:
            whole = joint_rotation(armature, chain, wanted[joint])
            for bone in chain:
                turn_bone(armature, bone, Quaternion(whole.axis, whole.angle / len(chain)))


def joint_rotation(armature: Any, chain: Sequence[str], turns: Sequence[Turn]) -> Quaternion:
    """What a joint's turns come to, in the person's frame."""
    sums = dict.fromkeys("zxy", 0.0)
    front = 0.0
    for turn in turns:
        if turn.axis == "front":
            front += turn.degrees
        elif turn.axis in sums:
            sums[turn.axis] += turn.degrees
        else:
            raise ValueError(f"{turn.axis} is no axis")
    if front and any(sums.values()):
        raise ValueError("a joint turns about front or about x, y and z, not about both")
    if front:
        return Quaternion(front_axis(armature, chain), math.radians(front))
    whole = Quaternion()
    for axis, degrees in sums.items():
        whole = whole @ Quaternion(AXES[axis], math.radians(degrees))
    return whole


def turn_bone(armature: Any, bone: str, rotation: Quaternion) -> None:
    """Turn a bone about its head by a rotation of the person's frame, relative to its parent."""
    rest = armature.data.bones[bone].matrix_local.to_quaternion()
    armature.pose.bones[bone].rotation_quaternion = rest.inverted() @ rotation @ rest


def front_axis(armature: Any, chain: Sequence[str]) -> Vector:
    """The axis about which the limb at rest swings towards where the person looks."""
    limb = armature.data.bones[chain[-1]].tail_local - armature.data.bones[chain[0]].head_local
    axis = limb.cross(FRONT)
    if axis.length < 1e-6:
        raise ValueError(f"{chain[0]} already points to the front")
    return axis.normalized()


def evaluated_rotation(evaluated: Any, chain: Sequence[str]) -> Quaternion:
    """How far a joint of an evaluated armature has turned, relative to the bone that it hangs on."""
    whole = Quaternion()
    for name in chain:
        bone = evaluated.pose.bones[name]
        above = bone.parent.matrix @ bone.parent.bone.matrix_local.inverted() if bone.parent else Matrix()
        whole = whole @ (above.inverted() @ bone.matrix @ bone.bone.matrix_local.inverted()).to_quaternion()
    return whole


def degrees_about(rotation: Quaternion, axis: str) -> float:
    """The part of a joint's turn about x, y or z, in degrees; the inverse of `joint_rotation`."""
    m = rotation.to_matrix()
    angles = {"z": math.atan2(-m[0][1], m[1][1]), "x": math.asin(max(-1.0, min(1.0, m[2][1]))), "y": math.atan2(-m[2][0], m[2][2])}
    return math.degrees(angles[axis])


def degrees_along(rotation: Quaternion, axis: Vector) -> float:
    """The component along ``axis`` of a rotation's vector (its axis times its angle), in degrees."""
    if rotation.w < 0:
        rotation = -rotation
    return math.degrees(rotation.angle * rotation.axis.dot(axis))
