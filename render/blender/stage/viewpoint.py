"""Where a camera stands around the object: random viewpoints, and the level view frame of each.

Standard library and mathutils only.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from mathutils import Matrix, Vector

from cat_dataset.errors import UsageError
from render.blender.sweeping.spec import STEEPEST

ALL_ROUND, ELEVATIONS = (0.0, 360.0), (5.0, 75.0)
"""Degrees between which viewpoints lie unless told: straight from the side one sees no top."""


@dataclass(frozen=True)
class Viewpoint:
    """A direction from the object to the camera: degrees above the horizon, and degrees about z from +x."""

    index: int
    elevation: float
    azimuth: float

    @property
    def backward(self) -> Vector:
        """Unit vector from the object to the camera."""
        up, around = math.radians(self.elevation), math.radians(self.azimuth)
        return Vector((math.cos(up) * math.cos(around), math.cos(up) * math.sin(around), math.sin(up)))

    def axis(self, name: str) -> Vector:
        """Unit vector of the level view frame: x to the viewer's right, y horizontally away from the camera, z up."""
        around = math.radians(self.azimuth)
        if name == "x":
            return Vector((-math.sin(around), math.cos(around), 0.0))
        if name == "y":
            return Vector((-math.cos(around), -math.sin(around), 0.0))
        return Vector((0.0, 0.0, 1.0))

    def camera_axes(self) -> Matrix:
        """3×3 rotation of a Blender camera here (columns: right, up, backward) that looks at the object, level."""
        right, backward = self.axis("x"), self.backward
        return Matrix((right, backward.cross(right), backward)).transposed()


def viewpoint(
    seed: int,
    asset: str,
    index: int,
    azimuths: Sequence[float] = ALL_ROUND,
    elevations: Sequence[float] = ELEVATIONS,
    lowest: float = 0.0,
) -> Viewpoint:
    """Viewpoint ``index`` of an asset (its key): uniform over the area of the sphere between ``azimuths`` and ``elevations``.

    Each is drawn from its own generator, so that asking for more views or assets never moves the first ones. Assets differ
    in their viewpoints, for variety; skies do not, so that series that differ only in their light can be compared.

    Raises:
        UsageError: limits that do not rise, or lie under ``lowest`` (the horizon) or above `STEEPEST`.
    """
    draw = random.Random(f"viewpoint {seed} {asset} {index}")
    if not (-360 <= azimuths[0] <= azimuths[1] <= 360 and azimuths[1] - azimuths[0] <= 360):
        raise UsageError(f"--azimuths {azimuths[0]:g} {azimuths[1]:g} must rise, inside -360 to 360 and by at most 360 degrees")
    if not lowest <= elevations[0] <= elevations[1] <= STEEPEST:
        raise UsageError(f"--elevations {elevations[0]:g} {elevations[1]:g} must rise, inside {lowest:g} to {STEEPEST:g} degrees")
    low, high = (math.sin(math.radians(limit)) for limit in elevations)
    elevation = math.degrees(math.asin(draw.uniform(low, high)))
    return Viewpoint(index, round(elevation, 6), round(draw.uniform(*azimuths), 6))
