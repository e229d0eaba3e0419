"""Lights the object with a lamp of known lumens and kelvins; the sky is dimmed to fill the shadows.

Exposure is fixed over the series and set by its brightest state (`render.blender.dials.brightness`), so that pictures get brighter
with the lamp as they do before a camera in manual mode.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import bpy

from cat_dataset.blackbody import blackbody_rgb, correlated_kelvin, in_gamut
from cat_dataset.command import warn
from render.blender.dials import lamp
from render.blender.dials.brightness import FILL_EV, LUMENS_PER_WATT, WHITE, exposure_ev, sky_ev
from render.blender.dials.dial import Dial
from render.blender.dials.glow import scale_glow
from render.blender.stage.scene import Scene
from render.blender.stage.sky import MEAN_LUMINANCE
from render.blender.sweeping.spec import State, Sweep

DEFAULTS = {"light_intensity": 800.0, "light_temperature": 6500.0}
"""What the lamp has where a sweep says nothing about it: a usual bulb's lumens, about daylight's kelvins."""
BLENDERS_HOTTEST = 12_000.0
"""Kelvins above which Blender's own black body keeps one colour."""


class LightDial(Dial):
    """Drives light_intensity (lumens) and light_temperature (kelvins). Option ``fill_ev``: see `brightness.FILL_EV`."""

    kind = "light"
    may_differ = frozenset({"light_temperature"})  # below about 1900 K

    def __init__(self, sweep: Sweep) -> None:
        super().__init__(sweep)
        self._exposure = 0.0
        self._found: dict[str, Any] = {}
        self._glow: list[tuple[Any, float]] = []

    def enter(self, scene: Scene) -> None:
        _say_what_becomes_of(tuple(sorted(self.sweep.values("light_temperature"))))
        shape = scene.furniture["lamp"]
        lamp.place_lamp(scene, shape)
        self._exposure = exposure_ev(shape, max(map(self._brightest_channel, self.sweep.states)), lamp.distance(scene))
        scene.sky_strength *= 2.0 ** sky_ev(self.options.get("fill_ev", FILL_EV), self._exposure, MEAN_LUMINANCE)
        cycles = bpy.context.scene.cycles
        self._found = {name: getattr(cycles, name) for name in ("light_sampling_threshold", "sample_clamp_indirect")}
        # Both are thresholds of radiance, meant for pictures that are shown as they are gathered; ours are gathered dim.
        cycles.light_sampling_threshold = 0.0
        cycles.sample_clamp_indirect = self._found["sample_clamp_indirect"] * 2.0**-self._exposure
        self._glow = scale_glow(scene.subject.materials, 2.0**-self._exposure)

    def exposure(self, values: State) -> float:
        return self._exposure

    def apply(self, scene: Scene, values: State) -> None:
        both = {**DEFAULTS, **values}
        scene.lamp.data.energy = both["light_intensity"] / LUMENS_PER_WATT
        scene.lamp.data.color = blackbody_rgb(both["light_temperature"])

    def read_back(self, scene: Scene, values: State) -> dict[str, float]:
        watts, rgb, _ = lamp.evaluated(scene)
        found = {"light_intensity": watts * LUMENS_PER_WATT, "light_temperature": correlated_kelvin(rgb)}
        return {name: found[name] for name in values}

    def state(self, scene: Scene, values: State) -> dict[str, Any]:
        watts, rgb, place = lamp.evaluated(scene)
        return {
            "lamp": {
                "watts": float(f"{watts:.7g}"),
                "rgb": [float(f"{value:.7g}") for value in rgb],
                "kelvin": round(correlated_kelvin(rgb), 3),
                "position_m": [round(value, 6) + 0.0 for value in place.translation],
            }
        }

    def constants(self, scene: Scene) -> dict[str, Any]:
        fill = self.options.get("fill_ev", FILL_EV)
        return {
            "luminous_efficacy_lm_per_w": LUMENS_PER_WATT,
            "lamp_size_m": 2 * lamp.BALL_RADIUS_M if scene.furniture["lamp"] == "point" else lamp.PANEL_SIDE_M,
            "lamp_distance_m": lamp.distance(scene),
            "lamp_position_rule": lamp.RULE,
            "lamp_colour_rule": "black body by Planck's law and the CIE 1931 observer, linear Rec.709 of luminance 1, not Blender's own",
            "exposure_rule": (
                f"fixed over the series: white that faces the lamp at the pivot shows as {WHITE:g} (linear) in the brightest state's "
                "brightest channel; what glows by itself looks as in the file"
            ),
            "fill_ev": fill,
            "lamp_defaults": {name: value for name, value in DEFAULTS.items() if not self.sweep.values(name)},
        }

    def leave(self, scene: Scene) -> None:
        for name, value in self._found.items():
            setattr(bpy.context.scene.cycles, name, value)
        for socket, strength in self._glow:
            socket.default_value = strength
        lamp.put_out(scene)

    def _brightest_channel(self, state: State) -> float:
        """Watts of the lamp's brightest channel in ``state``."""
        both = {**DEFAULTS, **self.own(state)}
        return both["light_intensity"] / LUMENS_PER_WATT * max(blackbody_rgb(both["light_temperature"]))


@cache
def _say_what_becomes_of(kelvins: tuple[float, ...]) -> None:
    """Warn, once, of colours that cannot be had, or not in Blender's own way."""
    outside = [kelvin for kelvin in kelvins if not in_gamut(kelvin)]
    if outside:
        warn(
            f"light_temperature {_span(outside)}: redder than Rec.709 can say; blue is left at 0, and what the lamp then has "
            "is in state.lamp.kelvin"
        )
    beyond = [kelvin for kelvin in kelvins if kelvin > BLENDERS_HOTTEST]
    if beyond:
        warn(
            f"light_temperature {_span(beyond)}: Blender's own black body stands still above {BLENDERS_HOTTEST:g} K; "
            "the lamp here goes on by Planck's law"
        )


def _span(kelvins: list[float]) -> str:
    low, high = math.floor(min(kelvins)), math.ceil(max(kelvins))
    return f"{low} K" if low == high else f"{low} to {high} K"
