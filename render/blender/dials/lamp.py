"""The lamp: a small ball or a square panel that lights the object and is itself never seen by the camera.

It always hangs in the scene, dark where no sweep asks for light: Cycles numbers its lights as they come, and pictures would
depend, in their noise, on whether a series without a lamp went before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
from mathutils import Matrix

from render.blender.stage import framing
from render.blender.stage.viewpoint import Viewpoint

if TYPE_CHECKING:
    from render.blender.stage.scene import Scene

BALL_RADIUS_M = 0.05
PANEL_SIDE_M = 0.5
TO_THE_RIGHT, ELEVATION = 50.0, 45.0
"""Degrees: as seen from the pivot, right of the series' viewpoint and above the horizon. From any viewpoint, light then comes
from 37 to 59 degrees beside the line of sight, so that forms show."""
NEAREST_M = 1.5
RULE = (
    f"at elevation {ELEVATION:g} degrees, {TO_THE_RIGHT:g} degrees to the right of the series' viewpoint, as far from the pivot's "
    f"place at rest as {NEAREST_M:g} m or twice the object's reach over all states, whichever is more"
)


def new_lamp() -> Any:
    """A dark lamp."""
    light = bpy.data.lights.new("lamp", "POINT")
    light.energy = 0.0
    thing = bpy.data.objects.new("lamp", light)
    bpy.context.scene.collection.objects.link(thing)
    thing.visible_camera = False
    return thing


def distance(scene: Scene) -> float:
    """Metres from the pivot's place at rest to the lamp; the object never comes nearer than half of them."""
    return max(NEAREST_M, round(2.0 * scene.reach(), 6))


def place_lamp(scene: Scene, shape: str) -> None:
    """Give the lamp its ``shape`` (point, area) and its place, turned to the pivot."""
    scene.lamp.data.type = {"point": "POINT", "area": "AREA"}[shape]
    light = scene.lamp.data  # anew: its Python type has changed
    if shape == "point":
        light.shadow_soft_size = BALL_RADIUS_M  # 0.25 or 0 unless told, as the version goes
        if hasattr(light, "use_soft_falloff"):
            light.use_soft_falloff = False  # a ball, whose irradiance is P/(4πd²) at every distance
    else:
        light.shape, light.size = "SQUARE", PANEL_SIDE_M
    direction = Viewpoint(0, ELEVATION, scene.view.azimuth + TO_THE_RIGHT)
    scene.lamp.matrix_local = framing.camera_matrix(direction, distance(scene))  # lamps, like cameras, look along -z


def put_out(scene: Scene) -> None:
    """Make the lamp dark."""
    scene.lamp.data.energy = 0.0


def evaluated(scene: Scene) -> tuple[float, tuple[float, float, float], Matrix]:
    """What the scene's lamp really has: watts, linear Rec.709 and matrix in the rig's frame."""
    place = scene.evaluated(scene.lamp)
    light = scene.lamp.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    red, green, blue = light.color
    return light.energy, (red, green, blue), place
