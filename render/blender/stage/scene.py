"""The things in the scene while series are rendered: object, camera, lamp and floor under one rig, below a sky.

The sky never turns, since Cycles would build its importance map anew; the rig turns the other way instead.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import bpy
from mathutils import Matrix, Vector

from render.blender.assets.subject import Subject
from render.blender.dials.lamp import new_lamp
from render.blender.stage import framing
from render.blender.stage.pose import Pose
from render.blender.stage.viewpoint import Viewpoint


@dataclass
class Scene:
    """One asset's scene. All below ``size`` is that of the series under way, but for the name and ``outlines``.

    ``furniture`` says what else stands in it (`render.blender.sweeping.plan.Job`); ``sky_strength`` is the sky's at 0 EV; ``outlines``
    are the object's corners by the values of its shape keys, as far as they were asked for.
    """

    subject: Subject
    camera: Any
    rig: Any
    lamp: Any
    size: int
    view: Viewpoint = field(default_factory=lambda: Viewpoint(0, 0.0, 0.0))
    poses: Sequence[Pose] = ()
    distance: float = 0.0
    furniture: Mapping[str, Any] = field(default_factory=dict)
    sky_strength: float = 1.0
    name: str = "the object"
    outlines: dict[tuple[tuple[str, float], ...], Sequence[Vector]] = field(default_factory=dict)

    @classmethod
    def around(cls, subject: Subject, size: int) -> Scene:
        """Hang ``subject``, a new camera and a dark lamp under a new rig."""
        rig = bpy.data.objects.new("rig", None)
        bpy.context.scene.collection.objects.link(rig)
        camera, lamp = framing.add_camera(), new_lamp()
        for thing in (subject.pivot, camera, lamp):
            hang(thing, rig)
        return cls(subject, camera, rig, lamp, size)

    def stand(self, pose: Pose) -> None:
        """Put object, camera and rig as ``pose`` says."""
        self.rig.rotation_mode = "XYZ"
        self.rig.rotation_euler = (0.0, 0.0, -math.radians(pose.turn))
        self.subject.pivot.matrix_local = pose.pivot
        self.camera.matrix_local = framing.camera_matrix(pose.view, self.distance)
        self.camera.data.lens = pose.lens_mm

    def evaluated(self, thing: Any) -> Matrix:
        """Matrix of ``thing`` in the rig's frame as the dependency graph has it."""
        bpy.context.view_layer.update()
        graph = bpy.context.evaluated_depsgraph_get()
        world = thing.evaluated_get(graph).matrix_world
        return self.rig.evaluated_get(graph).matrix_world.inverted() @ world

    def reach(self) -> float:
        """Metres from the pivot's place at rest to the farthest point of the object in any state."""
        return max(float((pose.pivot @ corner).length) for pose in self.poses for corner in pose.outline)

    def lowest(self) -> float:
        """Height of the lowest point of the object in any state, in the rig's frame."""
        return min(float((pose.pivot @ corner).z) for pose in self.poses for corner in pose.outline)


def hang(thing: Any, rig: Any) -> None:
    """Make ``thing`` a child of ``rig`` whose local matrix is relative to it."""
    thing.parent = rig
    thing.matrix_parent_inverse = Matrix()
