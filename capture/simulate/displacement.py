"""A camera that moved a little between frames: shift, turn and scale of the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.float64]


@dataclass(frozen=True)
class Displacement:
    """How what is seen lies in the picture: turned clockwise by ``turn`` degrees and grown ``scale`` times about the
    picture's centre, then moved ``right`` and ``down`` pixels."""

    right: float = 0.0
    down: float = 0.0
    turn: float = 0.0
    scale: float = 1.0

    def origin(self, x: Grid, y: Grid) -> tuple[Grid, Grid]:
        """Where the things at ``x`` (rightwards) and ``y`` (downwards from the centre) lie in the undisplaced picture."""
        across, along = np.asarray(x - self.right), np.asarray(y - self.down)
        cos, sin = math.cos(math.radians(self.turn)) / self.scale, math.sin(math.radians(self.turn)) / self.scale
        return cos * across + sin * along, -sin * across + cos * along

    def then(self, other: Displacement) -> Displacement:
        """This one followed by ``other``."""
        cos, sin = math.cos(math.radians(other.turn)) * other.scale, math.sin(math.radians(other.turn)) * other.scale
        return Displacement(
            cos * self.right - sin * self.down + other.right, sin * self.right + cos * self.down + other.down,
            self.turn + other.turn, self.scale * other.scale,
        )  # fmt: skip


STEADY = Displacement()
