"""Surfaces that are grids of points, computed by functions of what deforms them: meshes with shape keys without a modeller."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import bpy

Point = tuple[float, float, float]
Grid = list[list[Point]]
Weights = Mapping[str, float]
"""How strong each deformation is, 0 to 1."""


def add_piece(name: str, material: Any, keys: Sequence[str], make: Callable[[Weights], Grid]) -> Any:
    """The mesh object of a surface, in the scene, with a shape key for each of ``keys`` that moves it."""
    neutral = dict.fromkeys(keys, 0.0)
    rest = make(neutral)
    mesh = bpy.data.meshes.new(name)
    corners = _quads(rest)
    mesh.from_pydata(_flat(rest), [], corners)
    mesh.polygons.foreach_set("use_smooth", [True] * len(corners))
    mesh.materials.append(material)
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(thing)
    for key in keys:
        moved = make({**neutral, key: 1.0})
        if moved != rest:
            if mesh.shape_keys is None:
                thing.shape_key_add(name="neutral", from_mix=False)
            block = thing.shape_key_add(name=key, from_mix=False)
            block.value = 0.0  # newer Blenders begin at 1
            block.data.foreach_set("co", [value for point in _flat(moved) for value in point])
    return thing


def _quads(grid: Grid) -> list[tuple[int, int, int, int]]:
    """The grid's faces; where the last column lies on the first one it is left out."""
    width = len(grid[0])
    closed = all(math.dist(row[0], row[-1]) < 1e-9 for row in grid)
    columns = width - 1
    faces = []
    for row in range(len(grid) - 1):
        for column in range(columns):
            after = (column + 1) % columns if closed else column + 1
            here, below = row * width, (row + 1) * width
            faces.append((here + column, here + after, below + after, below + column))
    return faces


def _flat(grid: Grid) -> list[Point]:
    return [point for row in grid for point in row]


def fixed(grid: Grid) -> Callable[[Weights], Grid]:
    """A surface that nothing deforms."""
    return lambda weights: grid


def sphere(rows: int, columns: int) -> Grid:
    """Directions from the top down, each row once around; the seam is behind and closes on itself."""
    grid = []
    for row in range(rows + 1):
        down = math.pi * row / rows
        around = [math.pi / 2 + 2 * math.pi * column / columns for column in range(columns + 1)]
        grid.append([(math.sin(down) * math.cos(a), math.sin(down) * math.sin(a), math.cos(down)) for a in around])
    return grid


def ellipsoid(centre: Point, radii: Point) -> Grid:
    """A sphere stretched along x, y and z."""
    x, y, z = centre
    a, b, c = radii
    return [[(x + a * u, y + b * v, z + c * w) for u, v, w in row] for row in sphere(24, 32)]


def cap(centre: Point, radius: float, degrees: float) -> Grid:
    """The part of a sphere that looks ahead, out to ``degrees`` from -y."""
    x, y, z = centre
    grid = []
    for ring in range(9):
        tilt = math.radians(degrees * ring / 8)
        around = [2 * math.pi * column / 40 for column in range(41)]
        across, ahead = radius * math.sin(tilt), radius * math.cos(tilt)
        grid.append([(x + across * math.cos(a), y - ahead, z + across * math.sin(a)) for a in around])
    return grid


def tube(path: list[Point], thick: list[float], sides: int = 32) -> Grid:
    """A tube along a path that runs sideways or down, its ends drawn to a point."""
    upright = abs(path[-1][2] - path[0][2]) > abs(path[-1][0] - path[0][0])
    rings = [(path[0], 0.0), *zip(path, thick, strict=True), (path[-1], 0.0)]
    grid = []
    for (x, y, z), radius in rings:
        turns = [2 * math.pi * side / sides for side in range(sides + 1)]
        if upright:
            grid.append([(x + radius * math.cos(a), y + radius * math.sin(a), z) for a in turns])
        else:
            grid.append([(x, y - radius * math.cos(a), z + radius * math.sin(a)) for a in turns])
    return grid
