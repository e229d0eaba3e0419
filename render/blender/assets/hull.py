"""Corners of convex hulls: the few points of a mesh that decide how far it reaches in any direction."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Any

import bmesh
import bpy

Point = tuple[float, float, float]
TOLERANCE = 2e-4
"""Share of its extent by which a point may lie outside the corners' hull: Blender's hull works on a grid of 10216 steps."""


def coordinates(vertices: Any) -> array[float]:
    """``co`` of vertices or of a shape key's points, as x, y, z, x, y, z, ... (float32)."""
    flat = array("f", bytes(12 * len(vertices)))
    vertices.foreach_get("co", flat)
    return flat


def surface_corners(mesh: Any) -> list[Point]:
    """Corners of the hull of those vertices of ``mesh`` that belong to a face.

    Raises:
        ValueError: a coordinate is not finite.
    """
    used = array("i", bytes(4 * len(mesh.loops)))
    mesh.loops.foreach_get("vertex_index", used)
    indices = set(used)
    flat = coordinates(mesh.vertices)
    if len(indices) < len(mesh.vertices):
        flat = array("f", (flat[3 * index + axis] for index in indices for axis in range(3)))
    return corners(flat)


def corners(flat: array[float]) -> list[Point]:
    """Corners of the hull of x, y, z, x, y, z, ... to `TOLERANCE`; its bounding box is exact.

    Raises:
        ValueError: a coordinate is not finite.
    """
    if not math.isfinite(sum(flat)):
        raise ValueError("coordinates that are not finite")
    if len(flat) < 15:
        return _points(flat)
    content, cloud = bmesh.new(), bpy.data.meshes.new("points")
    try:
        cloud.vertices.add(len(flat) // 3)
        cloud.vertices.foreach_set("co", flat)
        content.from_mesh(cloud)
        bmesh.ops.convex_hull(content, input=content.verts, use_existing_faces=False)
        found = {(x, y, z) for x, y, z in (vertex.co for vertex in content.verts if vertex.link_faces)}
    finally:
        content.free()
        bpy.data.meshes.remove(cloud)
    return sorted(found | _extremes(flat))


def corners_of(points: Sequence[Point]) -> list[Point]:
    """Corners of the hull of ``points``, which are few."""
    return corners(array("f", (value for point in points for value in point)))


def _points(flat: Sequence[float]) -> list[Point]:
    return list(zip(flat[0::3], flat[1::3], flat[2::3], strict=True))


def _extremes(flat: array[float]) -> set[Point]:
    """The points that reach farthest along x, y and z: the box they span is exact, and flat sets have no hull."""
    found = set()
    for axis in range(3):
        values = flat[axis::3]
        for limit in (min(values), max(values)):
            index = values.index(limit)
            found.add((flat[3 * index], flat[3 * index + 1], flat[3 * index + 2]))
    return found
