"""Whatever was loaded becomes one object under one pivot of ours, centred on it and of unit size.

Several roots count as one object; the importers' own empties, rotation modes, lights and cameras are gone afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import bpy
from mathutils import Matrix, Vector

from cat_dataset.errors import InputError
from render.blender.assets.freeze import Part
from render.blender.assets.hull import Point, corners_of, surface_corners
from render.blender.assets.subject import RADIUS, Subject

NEAR, SMALLEST, LARGEST = 64.0, 1e-3, 1e3
"""Meshes farther from their own origin than this many of their sizes are moved to it; those of other sizes are rescaled."""
_Rows = list[list[float]]


def normalise(name: str, parts: Sequence[Part], turn: Matrix | None = None, keys: Sequence[str] = ()) -> Subject:
    """Replace every object of the scene by ``parts`` as one `Subject`, turned by ``turn``, with the shape keys ``keys``.

    Raises:
        InputError: no parts, no extent, or coordinates that are not finite.
    """
    if not parts:
        raise InputError(f"{name} holds no mesh with a face; export it again with its geometry")
    bpy.data.batch_remove([thing for thing in bpy.data.objects if thing not in {part.thing for part in parts}])
    places = [_rows((turn or Matrix()).to_4x4() @ part.matrix) for part in parts]
    try:
        places, corners = _gather(parts, places)
    except ValueError:
        raise InputError(f"{name} has coordinates that are not finite numbers; repair the file") from None
    centre = [(min(corner[axis] for corner in corners) + max(corner[axis] for corner in corners)) / 2 for axis in range(3)]
    radius = max(math.dist(corner, centre) for corner in corners)
    if radius < 1e-12:
        raise InputError(f"{name} has no extent: all its points coincide; repair the file")
    pivot = bpy.data.objects.new("pivot", None)
    pivot.rotation_mode = "QUATERNION"
    bpy.context.scene.collection.objects.link(pivot)
    scale = RADIUS / radius
    for part, place in zip(parts, places, strict=True):
        bpy.context.scene.collection.objects.link(part.thing)
        part.thing.parent = pivot
        fit = [[scale * (value - (centre[row] if column == 3 else 0.0)) for column, value in enumerate(place[row])] for row in range(3)]
        part.thing.matrix_parent_inverse = Matrix([*fit, [0.0, 0.0, 0.0, 1.0]])  # holds shear, which rotation and scale cannot
    bpy.data.orphans_purge(do_recursive=True)  # the originals would fill memory beside their frozen copies
    outline = tuple(Vector([scale * (value - middle) for value, middle in zip(corner, centre, strict=True)]) for corner in corners)
    return Subject.of(pivot, [part.thing for part in parts], outline, tuple(keys))


def _gather(parts: Sequence[Part], places: list[_Rows]) -> tuple[list[_Rows], list[Point]]:
    """Bring each mesh near its own origin and to a plain size; their new places, and the corners of all in one frame.

    Reckoned in doubles about the first part: an object far from the world's origin keeps its precision.
    """
    origin = [row[3] for row in places[0]]
    places = [[[*row[:3], row[3] - shift] for row, shift in zip(place, origin, strict=True)] for place in places]
    moves: dict[str, tuple[list[Point], Point, float]] = {}
    found: list[Point] = []
    for part, place in zip(parts, places, strict=True):
        mesh = part.thing.data
        if mesh.name not in moves:
            moves[mesh.name] = _tamed(mesh)
        corners, shift, scale = moves[mesh.name]
        for row in place:
            row[3] += sum(value * step for value, step in zip(row, shift, strict=False))
            row[:3] = [value * scale for value in row[:3]]
        found += [_apply(place, corner) for corner in corners]
    if not all(math.isfinite(value) for corner in found for value in corner):
        raise ValueError("a matrix that is not finite")
    return places, corners_of(found) if len(parts) > 1 else found


def _tamed(mesh: Any) -> tuple[list[Point], Point, float]:
    """Move and rescale ``mesh`` where float32 needs it; its corners then, and the shift and scale that undo it."""
    corners = surface_corners(mesh)
    low, high = ([limit(corner[axis] for corner in corners) for axis in range(3)] for limit in (min, max))
    size = max(top - bottom for top, bottom in zip(high, low, strict=True))
    middle = [(top + bottom) / 2 for top, bottom in zip(high, low, strict=True)]
    shift, scale = (0.0, 0.0, 0.0), 1.0
    if size > 0 and max(map(abs, middle)) > NEAR * size:
        shift = tuple(Matrix.Translation(middle).translation)  # rounded to float32, as the mesh is moved by it
        mesh.transform(Matrix.Translation([-value for value in shift]), shape_keys=True)
    if size > 0 and not SMALLEST < size < LARGEST:
        scale = 2.0 ** round(math.log2(size))  # a power of two loses no digit
        mesh.transform(Matrix.Scale(1 / scale, 4), shape_keys=True)
    return ([_undone(corner, shift, scale) for corner in corners], shift, scale) if scale != 1.0 or any(shift) else (corners, shift, scale)


def _undone(corner: Point, shift: Point, scale: float) -> Point:
    x, y, z = ((value - step) / scale for value, step in zip(corner, shift, strict=True))
    return x, y, z


def _rows(matrix: Matrix) -> _Rows:
    return [list(row) for row in matrix][:3]


def _apply(place: _Rows, point: Point) -> Point:
    x, y, z = point
    a, b, c = (row[0] * x + row[1] * y + row[2] * z + row[3] for row in place)
    return a, b, c
