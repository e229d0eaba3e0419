"""Every visible surface of the scene as static meshes, with the named shape keys left alive.

Evaluating through the dependency graph freezes armatures, modifiers, geometry nodes and instances as they stand.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import bmesh
import bpy
from mathutils import Matrix

from cat_dataset.errors import InputError
from render.blender.assets import shape_keys
from render.blender.assets.hull import coordinates

_ANIMATED = ("objects", "armatures", "curves", "lattices", "materials", "meshes", "metaballs", "node_groups", "shape_keys")


@dataclass
class Part:
    """A new mesh object, and the world matrix of the surface it was made from (it may shear)."""

    thing: Any
    matrix: Matrix


def freeze(name: str, keys: Sequence[str] = ()) -> list[Part]:
    """Every visible surface with a face, not yet in the scene; shared meshes stay shared.

    With ``keys``, names of shape keys, the meshes are those with all named keys at 0, and have a shape key of that name
    each, which holds the evaluated coordinates at 1.

    Raises:
        InputError: ``name`` has no such shape key, or one changes more than coordinates.
    """
    remove_animation()
    _show_what_renders()
    held = shape_keys.release(name, keys)
    graph = bpy.context.evaluated_depsgraph_get()
    parts, sources = _parts(graph)
    for key in keys:
        shape_keys.choose(held, key)
        _add_key(name, key, parts, sources, graph)
    return [part for part in parts if len(part.thing.data.polygons) > 0]


def remove_animation() -> None:
    """Delete actions and NLA strips: everything stands as the file stores it beside its animation. Drivers stay."""
    blocks = [block for group in _ANIMATED for block in getattr(bpy.data, group)]
    blocks += [material.node_tree for material in bpy.data.materials if material.node_tree]
    for block in blocks:
        if block.animation_data is not None:
            block.animation_data.action = None
            for track in list(block.animation_data.nla_tracks):
                block.animation_data.nla_tracks.remove(track)


def _show_what_renders() -> None:
    for thing in bpy.context.scene.objects:
        thing.hide_viewport = thing.hide_render
        for modifier in thing.modifiers:
            modifier.show_viewport = modifier.show_render
            if modifier.type == "SUBSURF":
                modifier.levels = modifier.render_levels


def _surfaces(graph: Any) -> Iterator[tuple[Any, Matrix]]:
    """Evaluated objects with a surface, instances included, in an order that evaluating again keeps.

    Curves, texts and metaballs come twice, as themselves and as the mesh they amount to; the mesh is taken.
    """
    bpy.context.view_layer.update()
    for instance in graph.object_instances:
        thing = instance.object
        if thing.type == "MESH" and instance.show_self and not thing.original.hide_render:
            yield thing, instance.matrix_world.copy()


def _parts(graph: Any) -> tuple[list[Part], list[str]]:
    """The parts, also those without a face, and the names of the objects they come from."""
    meshes: dict[tuple[Any, ...], Any] = {}
    found = []
    for thing, matrix in _surfaces(graph):
        key = (thing.data.as_pointer(), *(slot.material and slot.material.name_full for slot in thing.material_slots))
        if key not in meshes:
            meshes[key] = _mesh_of(thing, graph)
        found.append((meshes[key], matrix, thing.name_full))
    parts = []
    for number, (mesh, matrix, _) in enumerate(found):
        parts.append(Part(bpy.data.objects.new(f"part {number:05d}", mesh), matrix))
    return parts, [name for _, _, name in found]


def _mesh_of(thing: Any, graph: Any) -> Any:
    """The evaluated object's mesh, with the materials of its slots (they may hang on the object)."""
    if _has_own_mesh(thing, graph):
        mesh = bpy.data.meshes.new_from_object(thing, preserve_all_data_layers=True, depsgraph=graph)
    else:
        content = bmesh.new()
        content.from_mesh(thing.data)
        mesh = bpy.data.meshes.new(thing.data.name)
        for material in thing.data.materials:
            mesh.materials.append(material)
        content.to_mesh(mesh)
        content.free()
    slots = [slot.material for slot in thing.material_slots]
    if not _has_own_mesh(thing, graph) and any(mesh.materials):
        slots = list(mesh.materials)
    for index, material in enumerate(slots):
        original = material.original if material else None
        if index < len(mesh.materials):
            mesh.materials[index] = original  # clearing the list instead would send every face to the first material
        else:
            mesh.materials.append(original)
    return mesh


def _has_own_mesh(thing: Any, graph: Any) -> bool:
    """Whether this is a mesh object showing its mesh, not a mesh that nodes or a curve made: Blender would convert the whole object."""
    original = thing.original
    return bool(original.type == "MESH" and thing.data == original.evaluated_get(graph).data)


def _add_key(name: str, key: str, parts: Sequence[Part], sources: Sequence[str], graph: Any) -> None:
    """Give each part the shape key ``key`` if the scene, which now has it at 1, shows that part in another shape."""
    for part, source, surface in zip_longest(parts, sources, _surfaces(graph)):  # taken one by one: Blender re-uses them
        if part is None or source is None or surface is None or source != surface[0].name_full:
            raise InputError(f"{name}: the shape key {key} changes the number of its parts; apply what depends on it (nodes, instances)")
        thing, matrix = surface
        mesh = part.thing.data
        evaluated = thing.to_mesh() if _has_own_mesh(thing, graph) else thing.data
        target, same = coordinates(evaluated.vertices), _corner_indices(evaluated) == _corner_indices(mesh)
        if evaluated != thing.data:
            thing.to_mesh_clear()
        if not same:
            raise InputError(f"{name}: the shape key {key} changes the vertices or faces of {source}; apply or remove its modifiers")
        if matrix != part.matrix:
            target = _moved(target, part, matrix)
            if mesh.users > 1:  # another instance of it may move otherwise
                part.thing.data = mesh = mesh.copy()
        has_key = mesh.shape_keys is not None and key in mesh.shape_keys.key_blocks
        if has_key or target != coordinates(mesh.vertices):
            shape_keys.add(part.thing, key, target)


def _corner_indices(mesh: Any) -> tuple[int, array[int]]:
    indices = array("i", bytes(4 * len(mesh.loops)))
    mesh.loops.foreach_get("vertex_index", indices)
    return len(mesh.vertices), indices


def _moved(flat: array[float], part: Part, matrix: Matrix) -> array[float]:
    """Coordinates under ``matrix`` as coordinates under the part's own matrix."""
    mesh = bpy.data.meshes.new("moved")
    mesh.vertices.add(len(flat) // 3)
    mesh.vertices.foreach_set("co", flat)
    mesh.transform(part.matrix.inverted_safe() @ matrix)
    result = coordinates(mesh.vertices)
    bpy.data.meshes.remove(mesh)
    return result
