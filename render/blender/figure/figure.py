"""A person in the scene: expressions and poses are set here, and read back from the evaluated scene."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import bpy
from mathutils import Quaternion, Vector

from cat_dataset.errors import RunFailed
from cat_dataset.people import ANNY_BONES, Turn
from render.blender.figure import skeleton
from render.blender.figure.surfaces import halfway_key, set_keys

Gaze = Mapping[str, tuple[str, float]]
"""Of a bone that face units turn: axis of the person's frame and degrees at the unit's full value."""
SLACK = 1e-6
"""Blender keeps numbers as 32-bit floats."""


@dataclass(frozen=True)
class Figure:
    """A person under its ``pivot``, an empty at the origin of the person's frame (metres, z up, facing −y, left is +x).

    ``objects`` are the parts by name; ``gazes`` are the eyes' turns by bone; ``landmarks`` are points by name: part and index.
    """

    pivot: Any
    armature: Any
    objects: Mapping[str, Any]
    gazes: Mapping[str, Gaze]
    landmarks: Mapping[str, tuple[str, int]]

    def units(self) -> tuple[str, ...]:
        """The face units that move or turn something, sorted."""
        keys = (block.name for thing in self._keyed() for block in thing.data.shape_keys.key_blocks[1:])
        found = {key.removesuffix(halfway_key("")) for key in keys}
        return tuple(sorted(found.union(*self.gazes.values())))

    def set_face(self, units: Mapping[str, float]) -> None:
        """Set every face unit: those of ``units``, all others to 0.

        Raises:
            KeyError: the person lacks one that is not 0.
        """
        if unknown := {unit for unit, value in units.items() if value} - set(self.units()):
            raise KeyError(", ".join(sorted(unknown)))
        for thing in self._keyed():
            set_keys(thing, units)
        for bone, gaze in self.gazes.items():
            skeleton.turn_bone(self.armature, bone, _looking(units, gaze))

    def set_turns(self, turns: Iterable[Turn]) -> None:
        """Pose every joint: those of ``turns``, all others at rest. Errors as `skeleton.share_turns`."""
        skeleton.share_turns(self.armature, ANNY_BONES, turns)

    def face_units(self) -> dict[str, float]:
        """Every face unit's value in the evaluated scene; an eye's turn stands for the units that turn it.

        Raises:
            RunFailed: parts of the face are at odds.
        """
        graph = self._evaluated()
        found: dict[str, float] = {}
        for thing in self._keyed():
            for block in thing.data.shape_keys.evaluated_get(graph).key_blocks[1:]:
                if abs(found.setdefault(block.name, block.value) - block.value) > SLACK:
                    raise RunFailed(f"{self.pivot.name}: {block.name} is {found[block.name]:g} and, on {thing.name}, {block.value:g}")
        armature = self.armature.evaluated_get(graph)
        for bone, gaze in self.gazes.items():
            rotation = skeleton.evaluated_rotation(armature, [bone])
            for unit, (axis, degrees) in gaze.items():
                found[unit] = max(0.0, skeleton.degrees_along(rotation, skeleton.AXES[axis]) / degrees)
        return {unit: found.get(unit, 0.0) for unit in self.units()}

    def turn(self, joint: str, axis: str) -> float:
        """Degrees by which ``joint`` is turned about ``axis`` in the evaluated scene, relative to what it hangs on."""
        chain = ANNY_BONES[joint]
        rotation = skeleton.evaluated_rotation(self.armature.evaluated_get(self._evaluated()), chain)
        if axis == "front":
            return skeleton.degrees_along(rotation, skeleton.front_axis(self.armature, chain))
        return skeleton.degrees_about(rotation, axis)

    def landmark(self, name: str) -> Vector:
        """A landmark's place in the evaluated scene, in the person's frame, in metres. KeyError: there is none of that name."""
        return self.places([name])[name]

    def places(self, names: Sequence[str] = ()) -> dict[str, Vector]:
        """The places of landmarks, of all where none are named, as `landmark`."""
        graph = self._evaluated()
        frame = self.pivot.evaluated_get(graph).matrix_world.inverted()
        found = {}
        for name in names or self.landmarks:
            part, index = self.landmarks[name]
            thing = self.objects[part].evaluated_get(graph)
            found[name] = frame @ thing.matrix_world @ thing.data.vertices[index].co
        return found

    def _keyed(self) -> list[Any]:
        """Parts that have shape keys."""
        return [thing for thing in self.objects.values() if getattr(thing.data, "shape_keys", None) is not None]

    def _evaluated(self) -> Any:
        bpy.context.view_layer.update()
        return bpy.context.evaluated_depsgraph_get()


def _looking(units: Mapping[str, float], gaze: Gaze) -> Quaternion:
    """How an eye turns: about one axis, the sum of its units', so that it does not roll (Listing's law)."""
    total = Vector((0.0, 0.0, 0.0))
    for unit, (axis, degrees) in gaze.items():
        total += skeleton.AXES[axis] * math.radians(degrees * units.get(unit, 0.0))
    return Quaternion(total.normalized(), total.length) if total.length else Quaternion()
