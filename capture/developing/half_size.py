"""Half-size developments: one pixel from each 2×2 cell of the colour filter, without interpolation.

Red and blue are then sampled off the middle of their pixel, to opposite sides, and edges get coloured rims. They are laid onto
green by linear interpolation, which neither overshoots nor cuts, unlike sharper kernels, and costs a twentieth of the development.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint16]
Leanings = tuple[tuple[float, float], tuple[float, float]]
"""Of red and of blue, how far (x, y) their samples lie from the middle of a half-size pixel, in pixels."""


def leanings_of(sites: str) -> Leanings | None:
    """Where red and blue lie in a cell of ``sites`` (RGGB and the like); None for other colour filters."""
    if len(sites) != 4 or sites.count("R") != 1 or sites.count("B") != 1:
        return None
    red, blue = sites.index("R"), sites.index("B")
    return (red % 2 / 2 - 0.25, red // 2 / 2 - 0.25), (blue % 2 / 2 - 0.25, blue // 2 / 2 - 0.25)


def registered(camera: Plane, leanings: Leanings) -> Plane:
    """A copy of ``camera`` (height, width, 3) with red and blue moved onto green."""
    made = camera.copy()
    for channel, (x, y) in zip((0, 2), leanings, strict=True):
        cv2.insertChannel(shifted(cast(Plane, cv2.extractChannel(camera, channel)), x, y), made, channel)
    return made


def shifted(plane: Plane, x: float, y: float) -> Plane:
    """``plane`` (height, width) moved right by ``x`` and down by ``y``, each by less than a pixel."""
    (across, right), (down, lower) = _taps(x), _taps(y)
    return cast(Plane, cv2.sepFilter2D(plane, -1, across, down, anchor=(right, lower), borderType=cv2.BORDER_REPLICATE))


def _taps(by: float) -> tuple[NDArray[np.float64], int]:
    """Weights of a pixel and the neighbour that moves into it, and which of the two is the pixel itself."""
    share = abs(float(by))
    return (np.array([share, 1 - share]), 1) if by > 0 else (np.array([1 - share, share]), 0)
