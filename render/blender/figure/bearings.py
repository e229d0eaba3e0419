"""Where a figure's landmarks are, and how its head, chest and eyes have turned since rest: what `measures` measures with.

Head and chest have frames of their own, which hang on points that no expression moves (ears and crown; shoulders and chest)
and whose axes are the person's at rest.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import bpy
from mathutils import Matrix, Vector

from render.blender.assets.hull import coordinates
from render.blender.figure.figure import Figure
from render.blender.figure.skeleton import FRONT

SIDES = ("left", "right")
SKULL = (("ear_left", "ear_right"), ("ear_left", "ear_right"), ("head_top",))
CHEST = (("shoulder_left", "shoulder_right"), ("chest",), ("shoulder_left", "shoulder_right"))
"""Landmarks that a frame hangs on: a left and a right one, and the middles of two groups of which the second is higher."""


@dataclass(frozen=True)
class Body:
    """Landmarks' ``places`` in metres in the person's frame, how ``head`` and ``chest`` have turned in it since rest, and the
    directions in which the eyes look, in the head's frame.
    """

    places: Mapping[str, Vector]
    head: Matrix
    chest: Matrix
    looks: Mapping[str, Vector]

    def on_head(self, *names: str) -> Vector:
        """The middle of landmarks in the head's frame."""
        return self.head.transposed() @ _middle(self.places, names)

    def both(self, name: str) -> Vector:
        """The middle of a left and a right landmark in the head's frame."""
        return self.on_head(*(f"{name}_{side}" for side in SIDES))

    def eyes(self) -> Vector:
        """The middle of the eyes' corners in the head's frame."""
        return self.on_head(*(f"eye_{corner}_{side}" for corner in ("inner", "outer") for side in SIDES))

    def limb(self, first: str, last: str) -> Vector:
        """From one landmark to another in the chest's frame."""
        return self.chest.transposed() @ (self.places[last] - self.places[first])


def body_of(figure: Figure) -> Body:
    """The body as the figure stands. KeyError: it lacks a landmark of the frames."""
    places = figure.places()
    rest = {name: figure.objects[part].data.vertices[index].co for name, (part, index) in figure.landmarks.items()}
    head, chest = (_axes(places, frame) @ _axes(rest, frame).transposed() for frame in (SKULL, CHEST))
    return Body(places, head, chest, {side: head.transposed() @ look for side, look in _looks(figure).items()})


def _middle(places: Mapping[str, Vector], names: Sequence[str]) -> Vector:
    return sum((places[name] for name in names), Vector((0.0, 0.0, 0.0))) / len(names)


def _axes(places: Mapping[str, Vector], frame: tuple[tuple[str, ...], ...]) -> Matrix:
    """Columns: to the left, backwards, and upwards as far as it is square to the first."""
    (left, right), low, high = frame
    across = (places[left] - places[right]).normalized()
    back = (_middle(places, high) - _middle(places, low)).cross(across).normalized()
    return Matrix((across, back, across.cross(back))).transposed()


def _looks(figure: Figure) -> dict[str, Vector]:
    """Where each eye looks, in the person's frame: to the front at rest, and from there as the points of the eyeball have turned."""
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    frame = figure.pivot.evaluated_get(graph).matrix_world.inverted()
    found = {}
    for side in SIDES:
        eye = figure.objects.get(f"eye_{side}")
        if eye is None:
            continue
        rest, now = coordinates(eye.data.vertices), eye.evaluated_get(graph)
        numbers = range(len(rest) // 3)
        marks = min(numbers, key=lambda index: rest[3 * index + 1]), max(numbers, key=lambda index: rest[3 * index])
        turned = _ball(coordinates(now.data.vertices), marks) @ _ball(rest, marks).transposed()
        found[side] = (frame @ now.matrix_world).to_3x3() @ turned @ FRONT
    return found


def _ball(flat: array[float], marks: tuple[int, int]) -> Matrix:
    """Columns: axes that are fixed to a ball by its middle and two of its points."""
    count = len(flat) // 3
    middle = Vector([math.fsum(flat[axis::3]) / count for axis in range(3)])
    first, second = (Vector(flat[3 * mark : 3 * mark + 3]) - middle for mark in marks)
    front = first.normalized()
    up = second.cross(front).normalized()
    return Matrix((front, up, front.cross(up))).transposed()
