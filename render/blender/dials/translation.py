"""Moves the object: centimetres along the axes of the level view frame (x right, y away from the camera, z up)."""

from __future__ import annotations

from dataclasses import replace

from mathutils import Matrix, Vector

from render.blender.dials.dial import Dial
from render.blender.stage.pose import Pose
from render.blender.stage.scene import Scene
from render.blender.sweeping.spec import State

CM = 0.01


class TranslationDial(Dial):
    """Drives translation_x, translation_y, translation_z; the camera stays where it is and does not follow."""

    kind = "translation"

    def pose(self, pose: Pose, values: State) -> Pose:
        shift = sum((pose.view.axis(name[-1]) * value * CM for name, value in values.items()), Vector((0.0, 0.0, 0.0)))
        return replace(pose, pivot=Matrix.Translation(shift) @ pose.pivot)

    def read_back(self, scene: Scene, values: State) -> dict[str, float]:
        place = scene.evaluated(scene.subject.pivot).to_translation()
        return {name: place.dot(scene.view.axis(name[-1])) / CM for name in values}
