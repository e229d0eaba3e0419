"""A person as what is rendered: built from a character file, in metres, aimed at as the shot wants it."""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import bpy
from mathutils import Matrix, Vector

from cat_dataset.errors import InputError
from render.blender.assets.hull import Point, coordinates, corners, corners_of
from render.blender.assets.subject import Subject
from render.blender.figure.build import build
from render.blender.figure.figure import Figure
from render.blender.figure.person_file import STRANDS, Part, Person, read_person
from render.blender.figure.shot import FULL_BODY, HEAD_BONES, PORTRAIT, head_points, portrait_frame
from render.blender.picture.engine import start_empty
from render.blender.sources import Source
from render.blender.stage.framing import MARGIN
from render.blender.stage.pose import Pose

WHOLE = "whole in a portrait"
STRAND_POINTS = 6000
"""Points of hair that its outline is taken from: it is then a millimetre or two inside the true one."""
KEPT_SHAPES = 64
"""Shapes of the body kept for the next series of the person."""
Shape = tuple[list[Point], list[Point]]
"""Corners of everything and of the head, in the person's frame."""


@dataclass(frozen=True, kw_only=True)
class Character(Subject):
    """A ``person``, whose parts are in the scene. ``pivot`` stands where the camera looks; the figure hangs under it.

    ``outer`` are the points of each part that its outline is taken from, and ``heads`` those that belong to the head; ``target``
    is the pivot's place in the person's frame, and ``room`` (m) how far above and below it a portrait reaches.
    """

    figure: Figure
    person: Person
    outer: Mapping[str, Sequence[int]]
    heads: Mapping[str, Sequence[int]]
    shot: str = FULL_BODY
    target: Vector = field(default_factory=lambda: Vector((0.0, 0.0, 0.0)))
    room: float = 0.0
    shapes: dict[Any, Shape] = field(default_factory=dict, repr=False, compare=False)

    @property
    def licence(self) -> str:
        return self.person.licence

    @property
    def called(self) -> str:
        called = self.person.recipe.get("called")
        return called if called in ("man", "woman") else "person"

    @property
    def is_portrait(self) -> bool:
        """Whether only the head must be inside the picture."""
        return self.shot == PORTRAIT

    def aimed(self, shot: str) -> Character:
        """The person with the pivot moved to where the camera looks in that ``shot``.

        Raises:
            InputError: a portrait of somebody without a head.
        """
        everything, head = self._shape(Pose(Matrix(), _NOWHERE, ()))
        low, high = _box(head if shot == PORTRAIT else everything)
        target, room = (low + high) / 2, 0.0
        if shot == PORTRAIT:
            places = self.figure.places()
            if not head or not {"chin", "head_top"} <= set(places):
                raise InputError(f"{self.person.name} has no head to show; make it again with python -m render.people.make")
            target.x, (target.z, room) = 0.0, portrait_frame(self.person.name, places["chin"].z, places["head_top"].z, high.z)
        self.figure.pivot.location = -target
        aimed = replace(self, shot=shot, target=target, room=room, radius=max((Vector(corner) - target).length for corner in everything))
        return replace(aimed, outline=tuple(aimed.shaped(Pose(Matrix(), _NOWHERE, ())).outline))

    def shaped(self, pose: Pose) -> Pose:
        """``pose`` with the outlines that its face units and joints give the person."""
        everything, head = self._shape(pose)
        outline = [Vector(corner) - self.target for corner in everything]
        if not self.is_portrait:
            return replace(pose, outline=outline)
        reach = Vector((0.0, 0.0, self.room * (1 - MARGIN)))
        return replace(pose, outline=outline, whole=[Vector(corner) - self.target for corner in head], room=(reach, -reach))

    def facts(self) -> dict[str, Any]:
        place = [round(value, 6) + 0.0 for value in self.target]
        return {"character": {"name": self.person.name, "recipe": self.person.recipe}, "target_in_person_m": place}

    @contextmanager
    def showing_what_is_whole(self) -> Iterator[None]:
        """In a portrait, the head alone."""
        masks, hidden = [], []
        for name, thing in self.figure.objects.items() if self.is_portrait else ():
            if name not in self.heads:
                hidden += [one for one in (thing, *thing.children) if not one.hide_render]
            elif WHOLE in thing.vertex_groups:
                mask = thing.modifiers.new("mask", "MASK")
                mask.vertex_group = WHOLE
                masks.append((thing, mask))
        for thing in hidden:
            thing.hide_render = True
        try:
            yield
        finally:
            for thing, mask in masks:
                thing.modifiers.remove(mask)
            for thing in hidden:
                thing.hide_render = False

    def _shape(self, pose: Pose) -> Shape:
        key = (tuple(sorted(pose.face.items())), pose.turns)
        if key not in self.shapes:
            if len(self.shapes) >= KEPT_SHAPES:
                self.shapes.clear()
            self.figure.set_face(pose.face)
            self.figure.set_turns(pose.turns)
            self.shapes[key] = _shape(self.figure, self.outer, self.heads)
            self.figure.set_face({})
            self.figure.set_turns(())
        return self.shapes[key]


def load_character(source: Source) -> Character:
    """Start an empty scene that holds the person in ``source``, at rest.

    Raises:
        InputError: it is no whole character file.
    """
    assert source.path is not None
    start_empty()
    person = read_person(source.path)
    try:
        figure = build(person)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None
    pivot = bpy.data.objects.new("pivot", None)
    pivot.rotation_mode = "QUATERNION"
    bpy.context.scene.collection.objects.link(pivot)
    figure.pivot.parent, figure.pivot.matrix_parent_inverse = pivot, Matrix()
    heads = {part.name: points for part in person.parts if (points := _head_of(person, part))}
    for name, points in heads.items():
        if len(points) < person.part(name).count:
            figure.objects[name].vertex_groups.new(name=WHOLE).add(points, 1.0, "REPLACE")
    return Character(
        pivot=pivot, parts=tuple(figure.objects.values()), outline=(), materials=(), figure=figure,
        person=replace(person, parts=[]), outer={part.name: _outer(part) for part in person.parts}, heads=heads,
    ).aimed(FULL_BODY)  # fmt: skip


def character_of(subject: Subject) -> Character:
    """``subject``, which is a person.

    Raises:
        InputError: it is an object.
    """
    if not isinstance(subject, Character):
        raise InputError(
            "expression_* and pose_* are of people; give --asset a character file (.person), as render.people.make writes them"
        )
    return subject


def _outer(part: Part) -> Sequence[int]:
    """The points that the outline of ``part`` is taken from: all of them, or enough of the many of its strands."""
    if part.kind != STRANDS or part.count <= STRAND_POINTS:
        return range(part.count)
    return sorted(random.Random(0).sample(range(part.count), STRAND_POINTS))


def _head_of(person: Person, part: Part) -> list[int]:
    """The points of ``part`` that are to be whole in a portrait: the head's, and hair down to the chin."""
    found = head_points(part.count, (part.weights[bone] for bone in HEAD_BONES if bone in part.weights))
    if part.kind != STRANDS or "chin" not in person.landmarks:
        return found
    owner, index = person.landmarks["chin"]
    chin = person.part(owner).points[3 * index + 2]
    outer = set(_outer(part))
    return [index for index in found if index in outer and part.points[3 * index + 2] >= chin]


def _shape(figure: Figure, outer: Mapping[str, Sequence[int]], heads: Mapping[str, Sequence[int]]) -> Shape:
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    frame = figure.pivot.evaluated_get(graph).matrix_world.inverted()
    everything: list[Point] = []
    head: list[Point] = []
    for name, thing in figure.objects.items():
        now = thing.evaluated_get(graph)
        flat, place = coordinates(now.data.vertices), frame @ now.matrix_world
        everything += _placed(place, corners(_some(flat, outer[name])))
        if name in heads:
            head += _placed(place, corners(_some(flat, heads[name])))
    return corners_of(everything), corners_of(head) if head else []


def _some(flat: array[float], points: Sequence[int]) -> array[float]:
    return flat if 3 * len(points) == len(flat) else array("f", (value for index in points for value in flat[3 * index : 3 * index + 3]))


def _placed(place: Matrix, points: list[Point]) -> list[Point]:
    return [tuple(place @ Vector(point)) for point in points]


def _box(points: list[Point]) -> tuple[Vector, Vector]:
    low, high = ([limit(point[axis] for point in points) for axis in range(3)] for limit in (min, max))
    return Vector(low), Vector(high)


_NOWHERE: Any = None
