"""Turns the object about its pivot: a rotation vector in the level view frame.

The vector (rotation_x, rotation_y, rotation_z) is an axis times an angle, right-handed. With one component it is a turn
about that axis; with several it is one turn about the axis between them, so no order of axes has to be agreed on. A held
rotation comes before: the object as it was modelled, turned by what is held, is what the varying vector then turns.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from mathutils import Matrix, Quaternion, Vector

from render.blender.dials.dial import Dial
from render.blender.stage.pose import Pose
from render.blender.stage.scene import Scene
from render.blender.stage.viewpoint import Viewpoint
from render.blender.sweeping.spec import State

AXES = "xyz"


class RotationDial(Dial):
    """Drives rotation_x, rotation_y, rotation_z in degrees."""

    kind = "rotation"

    def pose(self, pose: Pose, values: State) -> Pose:
        return replace(pose, pivot=pose.pivot @ turned(pose.view, self._varying(values)) @ turned(pose.view, self.sweep.held))

    def read_back(self, scene: Scene, values: State) -> dict[str, float]:
        varying = self._varying(values)
        stands = scene.evaluated(scene.subject.pivot).to_3x3().to_4x4()
        found = rotation_vector(stands @ turned(scene.view, self.sweep.held).transposed(), scene.view, varying)
        return {name: found[AXES.index(name[-1])] for name in varying}

    def constants(self, scene: Scene) -> dict[str, Any]:
        return {"axes_world": {axis: [round(value, 9) for value in scene.view.axis(axis)] for axis in AXES}}

    def _varying(self, values: State) -> dict[str, float]:
        return {name: value for name, value in values.items() if name in self.sweep.varies}


def turned(view: Viewpoint, values: State) -> Matrix:
    """4×4 matrix of the rotation vector ``values`` (degrees) in the level view frame of ``view``."""
    vector = sum((view.axis(axis) * values.get(f"rotation_{axis}", 0.0) for axis in AXES), Vector((0.0, 0.0, 0.0)))
    degrees = vector.length
    return Matrix.Rotation(math.radians(degrees), 4, vector / degrees) if degrees else Matrix()


def rotation_vector(matrix: Matrix, view: Viewpoint, near: State) -> tuple[float, float, float]:
    """Rotation vector of ``matrix`` in degrees along the axes of ``view``: ``near``, plus the turn by which the two differ.

    An axis and an angle would not do: near whole turns a float32 matrix no longer tells the axis.
    """
    wanted = sum((view.axis(axis) * near.get(f"rotation_{axis}", 0.0) for axis in AXES), Vector((0.0, 0.0, 0.0)))
    rest = matrix.to_3x3() @ Quaternion(wanted, math.radians(wanted.length)).to_matrix().transposed()  # not by `turned`, which is checked
    sines = Vector((rest[2][1] - rest[1][2], rest[0][2] - rest[2][0], rest[1][0] - rest[0][1])) / 2
    cosine = (rest[0][0] + rest[1][1] + rest[2][2] - 1) / 2
    if cosine < 0:
        axis, angle = rest.to_quaternion().to_axis_angle()
        difference = axis * angle
    else:
        difference = sines * (math.atan2(sines.length, cosine) / sines.length) if sines.length else sines
    x, y, z = (near.get(f"rotation_{axis}", 0.0) + math.degrees(difference.dot(view.axis(axis))) for axis in AXES)
    return x, y, z
