"""The camera: at the distance where the whole object is inside the frame in every state of the sweep."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import bpy
from mathutils import Matrix, Vector

from render.blender.stage.pose import LENS_MM, Pose
from render.blender.stage.viewpoint import Viewpoint

SENSOR_MM = 36.0
MARGIN = 0.06
"""Share of the half frame left free around the object at its widest."""
NEAREST_M = 0.05
"""Free metres in front of the camera."""


def safe_distance(poses: Iterable[Pose]) -> float:
    """Smallest distance of the camera from the pivot's place at rest at which the object is inside the margin in every pose,
    or of a person as much as is to be shown.

    With p in camera axes about that place, the point is inside when max(|x|, |y|) ≤ (d − z)·t, t = tan(half angle) less
    the margin; so d is the largest z + max(|x|, |y|) / t. A frustum is convex: hull corners stand for all vertices.
    """
    farthest = 0.0
    for pose in poses:
        reach = SENSOR_MM / 2 / pose.lens_mm * (1 - MARGIN)
        x, y, z = _rows(pose.view.camera_axes().transposed().to_4x4() @ pose.pivot)
        farthest = max(farthest, _most(z, pose.outline) + NEAREST_M)
        shown = [*pose.framed, *pose.room] if pose.room else pose.framed
        for side in (x, -x, y, -y):
            farthest = max(farthest, _most(z + side / reach, shown))
    return round(farthest, 6) + 1e-6


def free_margin(outline: Sequence[Vector], pivot: Matrix, camera: Matrix, lens_mm: float) -> float:
    """Share of the half frame that is free around the object as it stands: below 0 it is cut off.

    The widest point has the largest ratio of offset to depth. The point that sticks out most of a frame as wide as the best
    ratio so far has a larger one, or there is none: a few looks at the outline find it (Dinkelbach 1967).
    """
    x, y, z = _rows(camera.inverted() @ pivot)
    if _most(z, outline) >= 0:
        return -1.0
    half_angle = SENSOR_MM / 2 / lens_mm
    widest = 0.0
    for side in (x, -x, y, -y):
        while True:
            outmost = max(outline, key=(side + z * (widest * half_angle)).to_3d().dot).to_4d()
            found = side.dot(outmost) / (-z.dot(outmost) * half_angle)
            if found <= widest + 1e-7:
                break
            widest = found
    return 1.0 - widest


def _rows(motion: Matrix) -> tuple[Vector, Vector, Vector]:
    """The functions that give x, y and z of a point after ``motion``: a factor for each coordinate, and what is added."""
    return motion[0].copy(), motion[1].copy(), motion[2].copy()


def _most(function: Vector, outline: Iterable[Vector]) -> float:
    """The largest value of such a function. Only calls to C in the loop: outlines may have thousands of corners."""
    return float(max(map(function.to_3d().dot, outline)) + function.w)


def add_camera() -> Any:
    """The scene's camera, made anew."""
    data = bpy.data.cameras.new("camera")
    data.sensor_fit, data.sensor_width, data.lens = "HORIZONTAL", SENSOR_MM, LENS_MM
    data.clip_start, data.clip_end = 0.01, 10_000.0
    camera = bpy.data.objects.new("camera", data)
    bpy.context.scene.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    return camera


def camera_matrix(view: Viewpoint, distance: float) -> Matrix:
    """World matrix of a camera at ``view``, ``distance`` metres from the pivot, looking at it."""
    return Matrix.Translation(view.backward * distance) @ view.camera_axes().to_4x4()


def intrinsics(lens_mm: float, size: int) -> list[list[float]]:
    """K in pixels of a square picture, origin at its upper left corner."""
    focal = round(lens_mm / SENSOR_MM * size, 6)
    return [[focal, 0.0, size / 2], [0.0, focal, size / 2], [0.0, 0.0, 1.0]]


def rows(matrix: Matrix) -> list[list[float]]:
    """A matrix as JSON: rows of numbers to a micrometre."""
    return [[round(value, 6) + 0.0 for value in row] for row in matrix]


def lowest_row(pose: Pose, distance: float, size: int) -> int:
    """The picture's row, from the top, of the lowest of what must be inside it."""
    _, y, z = _rows(pose.view.camera_axes().transposed().to_4x4() @ pose.pivot)
    focal = pose.lens_mm / SENSOR_MM * size
    points = [corner.to_4d() for corner in pose.framed]
    return math.ceil(max(float(size / 2 - focal * y.dot(point) / (distance - z.dot(point))) for point in points))


def describe(view: Viewpoint, distance: float, size: int, lens_mm: float = LENS_MM) -> dict[str, Any]:
    """The camera's constants at rest: intrinsics, viewpoint, and its matrix in the pivot's rest frame."""
    return {
        "lens_mm": lens_mm,
        "sensor_mm": SENSOR_MM,
        "K": intrinsics(lens_mm, size),
        "elevation_degrees": view.elevation,
        "azimuth_degrees": view.azimuth,
        "distance_m": distance,
        "camera_to_object": rows(camera_matrix(view, distance)),
    }
