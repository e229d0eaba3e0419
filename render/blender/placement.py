"""What a sweep does to the object: the pivot's matrix for each value, and the value read back from a matrix."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from mathutils import Matrix

from render.blender.viewpoint import Viewpoint


@dataclass(frozen=True)
class Rotation:
    """Turns the object about one axis of the level view frame, right-handed, through ``values`` degrees."""

    axis: str
    values: tuple[float, ...]

    @property
    def name(self) -> str:
        """First part of the series ids."""
        return f"rotate_{self.axis}"

    @property
    def attribute(self) -> str:
        """The attribute that varies."""
        return f"rotation_{self.axis}"

    def place(self, view: Viewpoint, value: float) -> Matrix:
        """The pivot's 4×4 matrix at ``value``."""
        return Matrix.Rotation(math.radians(value), 4, view.axis(self.axis))

    def read_back(self, view: Viewpoint, pivot: Matrix, near: float) -> float:
        """Degrees about the axis that ``pivot`` really stands at, on the turn nearest to ``near``."""
        axis = view.axis(self.axis)
        start = axis.orthogonal().normalized()
        end = pivot.to_3x3() @ start
        degrees = math.degrees(math.atan2(axis.dot(start.cross(end)), start.dot(end)))
        return degrees + 360.0 * round((near - degrees) / 360.0)

    def constants(self, view: Viewpoint) -> dict[str, Any]:
        """What a reader of the series needs to know about the motion."""
        return {"axis": self.axis, "axis_world": [round(value, 9) for value in view.axis(self.axis)]}
