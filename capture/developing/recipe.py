"""What decides the pixels of a frame: the recipe that a whole series shares, and what one frame adds to it.

Both are plain JSON in series.json, so that a frame can be made again from its source and compared bit by bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from capture.colour_temperature import HIGHEST, LOWEST
from capture.developing.fields import GAINS, Fields
from capture.reading.shot import Gains
from cat_dataset.errors import SeriesError

Transform = tuple[float, float, float, float, float, float]
"""Rows of the 2×3 matrix that takes pixel positions of the reference frame to those of this one (working picture)."""

Crop = tuple[int, int, int, int]
"""Left, top, width, height in pixels of the working picture."""

UNMOVED: Transform = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)

PEDESTAL = 0.02
"""Share of the range by which the black level is held too low while LibRaw demosaics, where the file has that much below black."""

HALF_SIZE = "cells of a Bayer mosaic, else LibRaw half-size"
"""How half-size pictures are made, as a recipe names it. What the file's colour filter is decides which of the two."""

FIXED: Mapping[str, Any] = {
    "recipe": 3, "pedestal": PEDESTAL, "highlights": "clip", "auto_bright": False, "adjust_maximum_thr": 0.0, "scaling": "area",
    "half_size_registration": "linear", "warp": "Lanczos 8x8",
}  # fmt: skip
"""What is the same in every series of this version. Another value in a series.json means that it cannot be made again here."""

LIMITS: Mapping[str, tuple[float, float]] = {
    "white_balance": (LOWEST, HIGHEST), "exposure": (-10.0, 10.0), "gamma": (1.0, 3.0), "hue": (-360.0, 360.0),
    "saturation": (0.0, 400.0), "contrast": (25.0, 400.0),
}  # fmt: skip
"""Between which values each attribute can be changed exactly in one picture."""

CHANGES = tuple(LIMITS)
"""Attributes that can be changed exactly in one picture."""


@dataclass(frozen=True)
class Recipe:
    """What all frames of a series share.

    The *working picture* is the developed one, upright, scaled down by area in linear light until its short side is
    ``size`` (``square``) or its long side is; never enlarged. Frames are cut from it by one shared ``crop``.

    ``gains`` are those the files are developed with: the series' own white balance where all frames share one. None means 1 for
    every channel, so that none clips before another, and that each frame brings its own; then ``least_gain`` is the least
    of all gains in the series and all are divided by it, so that highlights stay white and green is the same in all frames.
    ``saturation`` is the raw number at which every frame clips, where the files state different ones, else None.
    ``bits`` is 8 or 16; ``curve`` is ``sRGB`` or ``linear`` (with 16 bits only).
    """

    size: int
    square: bool
    crop: Crop
    half: bool = False
    orientation: int = 1
    gains: Gains | None = None
    least_gain: float = 1.0
    saturation: int | None = None
    bits: int = 8
    curve: str = "sRGB"

    @property
    def top_gain(self) -> float:
        """The largest ratio of gains that LibRaw balances with: where it demosaics, it sets the level that all frames clip at."""
        return max(self.gains) / min(self.gains) if self.gains else 1.0

    def as_json(self) -> dict[str, Any]:
        """The recipe as it stands in series.json, with the parameters that are the same in every series."""
        return {
            **FIXED, "size": self.size, "square": self.square, "crop": list(self.crop),
            "demosaic": HALF_SIZE if self.half else "AHD", "orientation": self.orientation,
            "gains": list(self.gains) if self.gains else None, "least_gain": self.least_gain, "saturation": self.saturation,
            "bits": self.bits, "curve": self.curve,
        }  # fmt: skip

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Recipe:
        """The recipe of a finished series.

        Raises:
            SeriesError: not a recipe of this version.
        """
        fields = Fields(found, "the recipe")
        for name, value in FIXED.items():
            if fields.take(name) != value:
                raise SeriesError(f"the recipe was made with {name} {found[name]!r}, here it is {value!r}; use the version that made it")
        left, top, wide, high = fields.whole_numbers("crop", 4, 0, 1 << 20)
        recipe = cls(
            size=fields.whole("size", 1, 1 << 20), square=fields.choice("square", (True, False)), crop=(left, top, wide, high),
            half=fields.choice("demosaic", (HALF_SIZE, "AHD")) == HALF_SIZE,
            orientation=fields.whole("orientation", 1, 8), gains=fields.gains("gains"), least_gain=fields.between("least_gain", *GAINS),
            saturation=fields.whole("saturation", 1, 65535) if fields.take("saturation") is not None else None,
            bits=fields.choice("bits", (8, 16)), curve=fields.choice("curve", ("sRGB", "linear")),
        )  # fmt: skip
        fields.end()
        if recipe.curve == "linear" and recipe.bits != 16:
            raise SeriesError("the recipe stores linear light in 8 bits; 16 are needed")
        return recipe


@dataclass(frozen=True)
class FrameRecipe:
    """What one frame adds: its white balance, an exact change, and where it lies on the reference frame.

    ``gains`` None: those of the recipe. ``change`` maps names of CHANGES to values: ``white_balance`` K, ``exposure`` EV,
    ``gamma``, ``hue`` degrees, ``saturation`` and ``contrast`` percent. The pixels come from ``gains``; the kelvins of
    ``white_balance`` only say what these are. ``crop`` None: that of the recipe.
    """

    gains: Gains | None = None
    change: Mapping[str, float] = field(default_factory=dict)
    transform: Transform = UNMOVED
    crop: Crop | None = None

    def as_json(self) -> dict[str, Any]:
        """The frame's part as it stands in the frame's ``state``."""
        return {
            "gains": list(self.gains) if self.gains else None, "change": dict(self.change), "transform": list(self.transform),
            "crop": list(self.crop) if self.crop else None,
        }  # fmt: skip

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> FrameRecipe:
        """The frame's part of a finished series.

        Raises:
            SeriesError: not one of this version.
        """
        fields = Fields(found, "the frame's recipe")
        gains = fields.gains("gains")
        change = Fields(fields.take("change"), "the frame's change")
        changes = {name: change.between(name, *LIMITS[name]) for name in CHANGES if name in change.found}
        change.end()
        a, b, x, c, d, y = fields.numbers("transform", 6)
        crop = fields.take("crop")
        frame = cls(gains, changes, (a, b, x, c, d, y))
        if crop is not None:
            left, top, wide, high = Fields({"crop": crop}, "the frame's recipe").whole_numbers("crop", 4, 0, 1 << 20)
            frame = cls(gains, changes, frame.transform, (left, top, wide, high))
        fields.end()
        return frame


def fits(crop: Crop, picture: tuple[int, int]) -> bool:
    """Whether ``crop`` is not empty and lies inside a picture of that (width, height)."""
    left, top, width, height = crop
    return min(left, top) >= 0 and min(width, height) >= 1 and left + width <= picture[0] and top + height <= picture[1]


def working_size(stored: tuple[int, int], recipe: Recipe) -> tuple[int, int]:
    """(width, height) of the upright working picture of a file whose pixels are stored at (width, height) ``stored``."""
    width, height = stored[::-1] if recipe.orientation >= 5 else stored
    guide = min(width, height) if recipe.square else max(width, height)
    if guide <= recipe.size:
        return width, height
    return max(1, round(width * recipe.size / guide)), max(1, round(height * recipe.size / guide))
