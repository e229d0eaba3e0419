"""Moves and sets the camera: orbit, focal length, f-number, focus.

Distance stays fixed over the series, and so does brightness: a camera in aperture priority. With the option
``fixed_shutter`` light follows 1/N² as it does when only the ring is turned; Cycles itself never darkens.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from render.blender.dials.dial import Dial
from render.blender.stage.pose import Pose
from render.blender.stage.scene import Scene
from render.blender.sweeping.spec import State


class CameraDial(Dial):
    """Drives focal_length (mm), orbit_azimuth, orbit_elevation (degrees), aperture (f-number), focus_distance (m).

    Azimuth is relative to the series' viewpoint, to the viewer's right; elevation is that above the horizon. Depth of field
    is real as soon as the f-number or the focus is driven (f/2 where only the focus is), and focused on the pivot's place
    at rest unless the focus is driven.
    """

    kind = "camera"
    NEUTRAL_F = 2.0

    def pose(self, pose: Pose, values: State) -> Pose:
        view = replace(
            pose.view,
            azimuth=pose.view.azimuth + values.get("orbit_azimuth", 0.0),
            elevation=values.get("orbit_elevation", pose.view.elevation),
        )
        return replace(pose, view=view, lens_mm=values.get("focal_length", pose.lens_mm))

    def exposure(self, values: State) -> float:
        if not self.options.get("fixed_shutter") or "aperture" not in values:
            return 0.0
        return 2.0 * math.log2(self._reference() / values["aperture"])

    def apply(self, scene: Scene, values: State) -> None:
        focus = scene.camera.data.dof
        focus.use_dof = "aperture" in values or "focus_distance" in values
        focus.aperture_blades = 0
        focus.aperture_fstop = values.get("aperture", self.NEUTRAL_F)
        focus.focus_distance = values.get("focus_distance", scene.distance)

    def read_back(self, scene: Scene, values: State) -> dict[str, float]:
        place, lens = scene.evaluated(scene.camera), scene.camera.data
        around = math.degrees(math.atan2(place.translation.y, place.translation.x)) - scene.view.azimuth
        found = {
            "focal_length": lens.lens,
            "orbit_azimuth": around + 360.0 * round((values.get("orbit_azimuth", 0.0) - around) / 360.0),
            "orbit_elevation": math.degrees(math.asin(max(-1.0, min(1.0, place.translation.normalized().z)))),
            "aperture": lens.dof.aperture_fstop,
            "focus_distance": lens.dof.focus_distance,
        }
        return {name: found[name] for name in values}

    def state(self, scene: Scene, values: State) -> dict[str, Any]:
        focus = scene.camera.data.dof
        if not focus.use_dof:
            return {}
        return {"f_number": round(focus.aperture_fstop, 6), "focus_distance_m": round(focus.focus_distance, 6)}

    def constants(self, scene: Scene) -> dict[str, Any]:
        if not self.sweep.values("aperture"):
            return {}
        rule = f"light follows 1/N², as at f/{self._reference():g}" if self.options.get("fixed_shutter") else "constant"
        return {"brightness_rule": rule}

    def leave(self, scene: Scene) -> None:
        scene.camera.data.dof.use_dof = False

    def _reference(self) -> float:
        """The f-number at which the picture has its own brightness: the geometric middle of the sweep's."""
        values = self.sweep.values("aperture")
        return math.sqrt(min(values) * max(values))
