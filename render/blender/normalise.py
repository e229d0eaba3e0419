"""Whatever was loaded becomes static meshes under one pivot of ours, centred on it and of unit size.

Evaluating through the dependency graph freezes armatures, shape keys, modifiers and instances as they stand; several
roots count as one object; the importers' own empties, rotation modes, lights, cameras and animation are gone afterwards.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import bmesh
import bpy
from mathutils import Matrix, Vector

from cat_dataset.errors import InputError

RADIUS = 0.5
"""Metres from the pivot to the farthest point of the object, hence in every state of every rotation."""
_SURFACES = {"MESH", "CURVE", "SURFACE", "FONT", "META"}


@dataclass(frozen=True)
class Subject:
    """The object to render: its ``pivot`` empty, and the ``outline``, corners of its convex hull in the pivot's frame."""

    pivot: Any
    outline: tuple[Vector, ...]
    materials: tuple[Any, ...]


def normalise(name: str) -> Subject:
    """Replace every object of the scene by one `Subject`.

    Raises:
        InputError: nothing with a surface, no extent, or coordinates that are not finite.
    """
    parts = _freeze()
    bpy.data.batch_remove([o for o in bpy.data.objects if o.name not in {part.name for part, _ in parts}])
    corners = _hull([matrix @ corner for part, matrix in parts for corner in _hull(_surface_points(part.data))])
    if not corners:
        raise InputError(f"{name} holds no mesh with a face; export it again with its geometry")
    if not all(math.isfinite(value) for corner in corners for value in corner):
        raise InputError(f"{name} has coordinates that are not finite numbers; repair the file")
    low = Vector([min(corner[axis] for corner in corners) for axis in range(3)])
    high = Vector([max(corner[axis] for corner in corners) for axis in range(3)])
    centre = (low + high) / 2
    radius = max((corner - centre).length for corner in corners)
    if radius < 1e-9:
        raise InputError(f"{name} has no extent: all its points coincide; repair the file")
    fit = Matrix.Scale(RADIUS / radius, 4) @ Matrix.Translation(-centre)
    pivot = bpy.data.objects.new("pivot", None)
    pivot.rotation_mode = "QUATERNION"
    bpy.context.scene.collection.objects.link(pivot)
    for part, matrix in parts:
        part.parent = pivot
        part.matrix_parent_inverse = fit @ matrix  # holds shear too, which location, rotation and scale cannot
    materials = {m.name: m for part, _ in parts for m in part.data.materials if m is not None}
    return Subject(pivot, tuple(fit @ corner for corner in corners), tuple(materials[key] for key in sorted(materials)))


def _freeze() -> list[tuple[Any, Matrix]]:
    """Every visible surface as a new static mesh object, with its world matrix; shared meshes stay shared."""
    for thing in bpy.context.scene.objects:
        thing.hide_viewport = thing.hide_render
        for modifier in thing.modifiers:
            modifier.show_viewport = modifier.show_render
            if modifier.type == "SUBSURF":
                modifier.levels = modifier.render_levels
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    meshes: dict[tuple[str, int], Any] = {}
    found = []
    for instance in graph.object_instances:
        thing = instance.object
        if thing.type not in _SURFACES or not instance.show_self or thing.original.hide_render:
            continue
        key = (thing.name_full, thing.data.as_pointer())  # geometry nodes hand out several meshes under one name
        if key not in meshes:
            meshes[key] = _mesh_of(thing, graph)
        found.append((meshes[key], instance.matrix_world.copy()))
    parts = []
    for number, (mesh, matrix) in enumerate(found):
        if len(mesh.polygons) > 0:
            part = bpy.data.objects.new(f"part {number:05d}", mesh)
            bpy.context.scene.collection.objects.link(part)
            parts.append((part, matrix))
    return parts


def _mesh_of(thing: Any, graph: Any) -> Any:
    """The evaluated object's mesh, with the materials of its slots (they may hang on the object)."""
    if thing.type == "MESH" and thing.data != thing.original.evaluated_get(graph).data:
        return _copy_of(thing.data)  # an instance made by geometry nodes: `new_from_object` would give the whole object
    mesh = bpy.data.meshes.new_from_object(thing, preserve_all_data_layers=True, depsgraph=graph)
    for index, slot in enumerate(thing.material_slots):
        material = slot.material.original if slot.material else None
        if index < len(mesh.materials):
            mesh.materials[index] = material  # clearing the list instead would send every face to the first material
        else:
            mesh.materials.append(material)
    return mesh


def _copy_of(evaluated: Any) -> Any:
    """An evaluated mesh as a mesh of its own."""
    content = bmesh.new()
    content.from_mesh(evaluated)
    mesh = bpy.data.meshes.new(evaluated.name)
    for material in evaluated.materials:
        mesh.materials.append(material.original if material else None)
    content.to_mesh(mesh)
    content.free()
    return mesh


def _surface_points(mesh: Any) -> list[Vector]:
    """The vertices of ``mesh`` that belong to a face."""
    used = array("i", bytes(4 * len(mesh.loops)))
    mesh.loops.foreach_get("vertex_index", used)
    flat = array("f", bytes(12 * len(mesh.vertices)))
    mesh.vertices.foreach_get("co", flat)
    return [Vector(flat[3 * index : 3 * index + 3]) for index in sorted(set(used))]


def _hull(points: Sequence[Vector]) -> list[Vector]:
    """The corners of the convex hull; all points where there is no hull (fewer than four, flat, not finite)."""
    if len(points) < 5 or not all(math.isfinite(value) for point in points for value in point):
        return list(points)
    mesh = bmesh.new()
    for point in points:
        mesh.verts.new(point)
    bmesh.ops.convex_hull(mesh, input=mesh.verts, use_existing_faces=False)
    corners = [vertex.co.copy() for vertex in mesh.verts if vertex.link_faces]
    mesh.free()
    return corners or list(points)
