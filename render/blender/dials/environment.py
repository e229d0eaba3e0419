"""Brightens and turns the sky: environment_strength, environment_rotation."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import bpy

from render.blender.dials.dial import Dial
from render.blender.stage.pose import Pose
from render.blender.stage.scene import Scene
from render.blender.stage.sky import present_strength
from render.blender.sweeping.spec import State


class EnvironmentDial(Dial):
    """Drives environment_strength (EV against the series' sky at rest) and environment_rotation (degrees).

    The rotation is that of the sky about the vertical, counter-clockwise as seen from above, against the sky as its file
    has it: it replaces the random turn of the series. In the picture the background moves to the left as it grows.
    """

    kind = "environment"

    def pose(self, pose: Pose, values: State) -> Pose:
        return replace(pose, turn=values.get("environment_rotation", pose.turn))

    def sky(self, values: State) -> float:
        return values.get("environment_strength", 0.0)

    def read_back(self, scene: Scene, values: State) -> dict[str, float]:
        rig = scene.rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world
        turn, near = -math.degrees(rig.to_euler("XYZ").z), values.get("environment_rotation", 0.0)
        found = {
            "environment_strength": math.log2(present_strength() / scene.sky_strength),
            "environment_rotation": turn + 360.0 * round((near - turn) / 360.0),
        }
        return {name: found[name] for name in values}

    def state(self, scene: Scene, values: State) -> dict[str, Any]:
        return {"sky_strength": float(f"{present_strength():.7g}")}

    def constants(self, scene: Scene) -> dict[str, Any]:
        return {"environment_rule": "the sky's strength is sky_strength at 0 EV; its rotation is counter-clockwise as seen from above"}
