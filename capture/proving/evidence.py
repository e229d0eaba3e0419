"""What one frame's pixels say, as plain numbers that fit into a journal line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Mosaic:
    """The sensor's numbers as the file holds them. ``numbers`` (height, width), even sides.

    ``colours`` names the colour of each site of the repeating pattern ("RGGB" reads row by row), ``black`` the level of each
    of those sites, ``white`` the number at which a pixel is full. ``noise`` is the file's NoiseProfile (scale, offset), if any.
    """

    numbers: NDArray[np.uint16]
    colours: str
    black: tuple[float, ...]
    white: int
    noise: tuple[float, float] | None = None


@dataclass(frozen=True)
class Evidence:
    """Everything later judgements need of one frame; its own pixels are not needed again."""

    facts: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return self.facts
