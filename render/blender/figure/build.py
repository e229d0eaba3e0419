"""From a character to a `Figure` in the scene. One person at a time: building one takes away the one before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bpy
from mathutils import Matrix

from cat_dataset.errors import InputError
from render.blender.figure import skeleton
from render.blender.figure.figure import Figure, Gaze
from render.blender.figure.hair import strands_object
from render.blender.figure.looks import material_for
from render.blender.figure.person_file import STRANDS, Part, Person
from render.blender.figure.skin import tissue
from render.blender.figure.surfaces import surface_object

FOLDER = "person"
"""Collection that holds everything of a person."""
FINEST, OTHERS = 2, 1
"""Subdivision of the skin and of everything else, in pictures; read-back is of the points as they are in the file."""


def build(person: Person, level: int = FINEST) -> Figure:
    """Put ``person`` into the scene, at rest; ``level`` is how often the skin is subdivided.

    Raises:
        InputError: the character's parts do not fit together.
    """
    clear()
    try:
        return _built(person, level)
    except InputError:
        clear()
        raise


def clear() -> None:
    """Take the person away that was built before, with all of its data."""
    folder = bpy.data.collections.get(FOLDER)
    if folder is None:
        return
    things = list(folder.objects)
    blocks = [thing.data for thing in things if thing.data is not None]
    materials = [material for data in blocks for material in getattr(data, "materials", ()) if material is not None]
    groups = [one.node_group for thing in things for one in thing.modifiers if one.type == "NODES" and one.node_group is not None]
    keys = [data.shape_keys for data in blocks if getattr(data, "shape_keys", None) is not None]  # outlive their mesh in Blender 3.4
    bpy.data.collections.remove(folder)
    bpy.data.batch_remove(list({block.as_pointer(): block for block in [*things, *blocks, *keys, *materials, *groups]}.values()))


def _built(person: Person, level: int) -> Figure:
    folder = bpy.data.collections.new(FOLDER)
    bpy.context.scene.collection.children.link(folder)
    pivot = _put(bpy.data.objects.new(person.name, None), folder, None)
    armature = _put(skeleton.armature_object(person.name, person.bones), folder, pivot)
    objects = {}
    for part in _readied(person):
        thing = strands_object(part) if part.kind == STRANDS else surface_object(part)
        objects[part.name] = _put(thing, folder, armature)
        for seen in thing.children:  # of strands
            folder.objects.link(seen)
        if part.kind != STRANDS:
            thing.data.materials.append(material_for(part))
        _deform(thing, armature, level if part.name == "skin" else min(level, OTHERS))
    gazes = {_bone_of(part): _gaze(part) for part in person.parts if part.look.get("turns")}
    return Figure(pivot, armature, objects, gazes, person.landmarks)


def _readied(person: Person) -> list[Part]:
    """The parts, the skin with what regions of it need."""
    places = {}
    for name, (owner, index) in person.landmarks.items():
        points = person.part(owner).points
        places[name] = (points[3 * index], points[3 * index + 1], points[3 * index + 2])
    return [replace(part, fields=tissue(part, places)) if part.name == "skin" else part for part in person.parts]


def _put(thing: Any, folder: Any, parent: Any) -> Any:
    """Into ``folder`` alone and under ``parent``, at the origin of its frame."""
    for other in list(thing.users_collection):
        other.objects.unlink(thing)
    folder.objects.link(thing)
    if parent is not None:
        thing.parent = parent
        thing.matrix_parent_inverse = Matrix()
    return thing


def _deform(thing: Any, armature: Any, level: int) -> None:
    """Skinning, plain as in the model that the weights are from, then subdivision in the picture."""
    if thing.type != "MESH":
        return
    if not any(one.type == "ARMATURE" for one in thing.modifiers):
        skinning = thing.modifiers.new("skinning", "ARMATURE")
        skinning.object, skinning.use_deform_preserve_volume = armature, False
        with bpy.context.temp_override(object=thing):
            bpy.ops.object.modifier_move_to_index(modifier=skinning.name, index=0)
    if len(thing.data.polygons) and level:
        smooth = thing.modifiers.new("smooth", "SUBSURF")
        smooth.levels, smooth.render_levels = 0, level


def _bone_of(part: Part) -> str:
    """The bone that a part follows most.

    Raises:
        InputError: none.
    """
    if not part.weights:
        raise InputError(f"{part.name} turns but follows no bone; make the character file again with python -m render.people.make")
    return max(sorted(part.weights), key=lambda bone: sum(part.weights[bone][1]))


def _gaze(part: Part) -> Gaze:
    try:
        gaze = {str(unit): (str(axis), float(degrees)) for unit, (axis, degrees) in dict(part.look["turns"]).items()}
    except (TypeError, ValueError):
        gaze = {"": ("", 0.0)}
    if not all(axis in skeleton.AXES and degrees for axis, degrees in gaze.values()):
        raise InputError(f"{part.name} has turns that are none; make the character file again with python -m render.people.make")
    return gaze
