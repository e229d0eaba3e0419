"""What decides the pixels of a frame: the recipe that a whole series shares, and what one frame adds to it.

Both are plain JSON in series.json, so that a frame can be made again from its source and compared bit by bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from capture.reading.shot import Gains

Transform = tuple[float, float, float, float, float, float]
"""Rows of the 2×3 matrix that takes pixel positions of the reference frame to those of this one (working picture)."""

Crop = tuple[int, int, int, int]
"""Left, top, width, height in pixels of the working picture."""

UNMOVED: Transform = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@dataclass(frozen=True)
class Recipe:
    """What all frames of a series share.

    The *working picture* is the developed one, upright, scaled down by area in linear light until its short side is
    ``size`` (``square``) or its long side is; never enlarged. Frames are cut from it by one shared ``crop``.

    ``gains`` are those LibRaw demosaics with: the series' own white balance where all frames share one, else all 1, so that
    no channel clips before another. ``saturation`` is the raw number at which every frame clips, where the files state
    different ones. ``top_gain`` is the largest ratio of gains in the series: it sets the level that all frames clip at.
    ``bits`` is 8 or 16; ``curve`` is ``sRGB`` or ``linear`` (with 16 bits only).
    """

    size: int
    square: bool
    crop: Crop
    half: bool
    orientation: int
    gains: Gains | None
    saturation: int | None = None
    top_gain: float = 1.0
    bits: int = 8
    curve: str = "sRGB"

    def as_json(self) -> dict[str, Any]:
        """The recipe as it stands in series.json, with the parameters that are the same in every series."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Recipe:
        """The recipe of a finished series.

        Raises:
            SeriesError: not a recipe of this version.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class FrameRecipe:
    """What one frame adds: its white balance, an exact change, and where it lies on the reference frame.

    ``gains`` None: those of the recipe. ``change`` maps attributes to values: ``white_balance`` K, ``exposure`` EV, ``gamma``,
    ``hue`` degrees, ``saturation`` and ``contrast`` percent.
    """

    gains: Gains | None = None
    change: Mapping[str, float] = field(default_factory=dict)
    transform: Transform = UNMOVED
    crop: Crop | None = None

    def as_json(self) -> dict[str, Any]:
        """The frame's part as it stands in the frame's ``state``."""
        return asdict(self)
