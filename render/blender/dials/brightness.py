"""How bright a picture with a lamp is: lumens, irradiance, exposure, and what the sky adds. Standard library only.

Blender's lamps are set in radiant watts. Lumens become watts by the constant that Blender's own glTF exporter uses, whatever
the colour: so a lamp's luminance, not its energy, follows its lumens.
"""

from __future__ import annotations

import math

LUMENS_PER_WATT = 683.0
WHITE = 1.2
"""Linear value (1 is the brightest that the picture shows) of a white matt surface at the pivot that faces the lamp, in the
brightest state of a series and in its brightest channel. Objects are darker and rarely face the lamp. It is the channel and
not luminance, since a clipped channel turns the lamp's colour into another one."""
FILL_EV = -4.5
"""The sky's mean luminance against `WHITE`, in stops: it lightens shadows and leaves the lamp in charge."""


def irradiance(shape: str, watts: float, metres: float) -> float:
    """W/m² on a surface that faces the lamp: P/(4πd²) of a point, P/(πd²) on the axis of a small area."""
    return watts / ({"point": 4.0, "area": 1.0}[shape] * math.pi * metres**2)


def exposure_ev(shape: str, watts: float, metres: float) -> float:
    """Stops by which the picture is brightened so that a white matt surface under ``watts`` of a channel shows as `WHITE`."""
    return math.log2(WHITE * math.pi / irradiance(shape, watts, metres))


def sky_ev(fill_ev: float | None, exposure: float, mean_luminance: float) -> float:
    """Stops that bring a sky of ``mean_luminance`` to ``fill_ev`` against `WHITE` at ``exposure``; no sky at all for None."""
    return -math.inf if fill_ev is None else math.log2(WHITE / mean_luminance) + fill_ev - exposure
