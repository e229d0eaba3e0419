"""The camera: at the distance where the whole object is inside the frame in every state of the sweep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import bpy
from mathutils import Matrix, Vector

from render.blender.viewpoint import Viewpoint

LENS_MM = 50.0
SENSOR_MM = 36.0
MARGIN = 0.06
"""Share of the half frame left free around the object at its widest."""


def safe_distance(outline: Sequence[Vector], placements: Iterable[Matrix], view: Viewpoint) -> float:
    """Smallest distance from the pivot at which all points of ``outline``, under each placement, stay inside the margin.

    With p in camera axes about the pivot, the point is inside when max(|x|, |y|) ≤ (d − z)·t, t = tan(half angle) less
    the margin; so d is the largest z + max(|x|, |y|) / t. A frustum is convex: hull corners stand for all vertices.
    """
    reach = SENSOR_MM / 2 / LENS_MM * (1 - MARGIN)
    to_camera = view.camera_axes().transposed().to_4x4()
    farthest = 0.0
    for placement in placements:
        motion = to_camera @ placement
        for corner in outline:
            x, y, z = motion @ corner
            farthest = max(farthest, z + max(abs(x), abs(y)) / reach)
    return round(farthest, 6) + 1e-6


def free_margin(outline: Sequence[Vector], pivot: Matrix, camera: Matrix) -> float:
    """Share of the half frame that is free around the object as it stands: below 0 it is cut off."""
    motion = camera.inverted() @ pivot
    half_angle = SENSOR_MM / 2 / LENS_MM
    widest = 0.0
    for corner in outline:
        x, y, z = motion @ corner
        if z >= 0:
            return -1.0
        widest = max(widest, max(abs(x), abs(y)) / (-z * half_angle))
    return 1.0 - widest


def add_camera() -> Any:
    """The scene's camera, made anew."""
    data = bpy.data.cameras.new("camera")
    data.sensor_fit, data.sensor_width, data.lens = "HORIZONTAL", SENSOR_MM, LENS_MM
    data.clip_start, data.clip_end = 0.01, 1000.0
    camera = bpy.data.objects.new("camera", data)
    bpy.context.scene.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    return camera


def camera_matrix(view: Viewpoint, distance: float) -> Matrix:
    """World matrix of a camera at ``view``, ``distance`` metres from the pivot, looking at it."""
    return Matrix.Translation(view.backward * distance) @ view.camera_axes().to_4x4()


def describe(view: Viewpoint, distance: float, size: int) -> dict[str, Any]:
    """The camera's constants: intrinsics (K in pixels), viewpoint, and its matrix in the pivot's rest frame."""
    focal = LENS_MM / SENSOR_MM * size
    return {
        "lens_mm": LENS_MM,
        "sensor_mm": SENSOR_MM,
        "K": [[focal, 0.0, size / 2], [0.0, focal, size / 2], [0.0, 0.0, 1.0]],
        "elevation_degrees": view.elevation,
        "azimuth_degrees": view.azimuth,
        "distance_m": distance,
        "camera_to_object": [[round(value, 6) + 0.0 for value in row] for row in camera_matrix(view, distance)],
    }
