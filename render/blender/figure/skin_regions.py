"""Where a face is redder, darker, oilier or more creased than the rest: numbers for every point of the skin.

What varies over centimetres is worked out here once, since a texture would be worked out again for every ray. Regions lie
round landmarks; their spreads are in metres, on a face whose eyes are 65 mm apart, and grow with it.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping

from mathutils import Vector, noise

from render.blender.figure.person_file import Part

Place = tuple[float, float, float]
Spots = tuple[tuple[str, float, float], ...]
"""Landmark, spread in metres, strength."""

FLUSH: Spots = (
    ("cheek", 0.020, 0.55), ("nose_tip", 0.012, 0.55), ("nose_wing", 0.008, 0.45), ("chin", 0.013, 0.25), ("eye_inner", 0.006, 0.3),
    ("brow_middle", 0.012, 0.12),
)  # fmt: skip
"""More blood."""
SHADE: Spots = (("lid_lower", 0.009, 0.34), ("eye_inner", 0.007, 0.4), ("lid_upper", 0.009, 0.3), ("eye_outer", 0.007, 0.2))
"""Darker: round the eyes."""
OIL: Spots = (
    ("nose_tip", 0.016, 0.8),
    ("brow_inner", 0.022, 0.5),
    ("chin", 0.012, 0.35),
    ("nose_wing", 0.010, 0.5),
    ("forehead", 0.035, 0.4),
)
FOREHEAD: Spots = (("forehead", 0.028, 1.0),)
"""Creased when old, across."""
BEARD: Spots = (("chin", 0.030, 1.0), ("jaw", 0.030, 0.9), ("moustache", 0.011, 0.9), ("neck_front", 0.030, 0.5))
EYES_APART = 0.065
REGIONS: Mapping[str, Spots] = {"flush": FLUSH, "shade": SHADE, "oil": OIL, "forehead": FOREHEAD, "beard": BEARD}
_ADDED: Mapping[str, Mapping[str, float]] = {"flush": {"ears": 0.55, "eyelids": 0.2}, "shade": {"eyelids": 0.2}}
"""What fields of the character file add to a region."""


def regions(skin: Part, places: Mapping[str, Place]) -> dict[str, array[float]]:
    """0 to 1 for every point of ``skin`` by region; ``places`` are landmarks at rest."""
    found = {**places, **_between(places)}
    apart = math.dist(found["eye_inner_left"], found["eye_outer_left"]) + math.dist(found["eye_inner_left"], found["eye_inner_right"]) \
        if {"eye_inner_left", "eye_outer_left", "eye_inner_right"} <= set(found) else EYES_APART  # fmt: skip
    scale = apart / EYES_APART
    made = {}
    for region, spots in REGIONS.items():
        values = array("f", bytes(4 * skin.count))
        for landmark, spread, strength in spots:
            for name in (landmark, f"{landmark}_left", f"{landmark}_right"):
                if name in found:
                    _swell(values, skin.points, found[name], spread * scale, strength)
        for field, strength in _ADDED.get(region, {}).items():
            for index, value in enumerate(skin.fields.get(field, ())):
                values[index] += strength * value
        made[region] = array("f", (min(1.0, value) for value in values))
    return made


def blotches(skin: Part, per_metre: float, seed: int) -> array[float]:
    """Smooth noise between −1 and 1 for every point of ``skin``, with ``per_metre`` lumps in a metre and half of that in smaller ones."""
    away = 10.0 * seed
    flat = iter([per_metre * value + away for value in skin.points])
    return array("f", (noise.noise(at) + 0.5 * noise.noise(2.1 * at) for at in map(Vector, zip(flat, flat, flat, strict=True))))


def _swell(values: array[float], points: array[float], centre: Place, spread: float, strength: float) -> None:
    """Add a bell of ``strength`` round ``centre``."""
    x, y, z = centre
    reach, width = (3 * spread) ** 2, 2 * spread**2
    for index in range(len(values)):
        height = points[3 * index + 2] - z
        if height * height < reach:
            away = height * height + (points[3 * index] - x) ** 2 + (points[3 * index + 1] - y) ** 2
            if away < reach:
                values[index] += strength * math.exp(-away / width)


def _between(places: Mapping[str, Place]) -> dict[str, Place]:
    """Places that are between landmarks, or beyond them."""
    made: dict[str, Place] = {}

    def along(name: str, here: str, there: str, share: float) -> None:
        if here in places and there in places:
            x, y, z = (a + share * (b - a) for a, b in zip(places[here], places[there], strict=True))
            made[name] = (x, y, z)

    along("forehead", "nose_tip", "head_top", 0.62)
    along("moustache", "nose_tip", "lip_upper_outer", 0.75)
    for side in ("left", "right"):
        along(f"jaw_{side}", "chin", f"ear_{side}", 0.45)
    return made
