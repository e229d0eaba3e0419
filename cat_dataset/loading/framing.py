"""Which square of a pair's pictures is shown, and how large: source and target are cut, resized and flipped alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from cat_dataset.errors import UsageError
from cat_dataset.images import Rgb, resize_area
from cat_dataset.pairs import Pair, may_crop

_CROP_STREAM = 0xC409
"""Separates the crops' random numbers from every other use of the seed."""

Square = tuple[int, int, int]
"""Top, left and side of a square in pixels."""


@dataclass(frozen=True, slots=True)
class Framing:
    """How the two pictures of a pair become squares of ``size`` pixels.

    Unless cropped, a picture shows its largest middle square. Where ``crop`` is below 1, and all attributes of a pair allow
    it, both pictures show one random square of ``crop`` to 1 times their short side, a function of (``seed``, pair). Both
    are mirrored where the pair says so. Smaller pictures are enlarged (linear), larger ones averaged (pixel area).
    """

    size: int
    crop: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.size < 1:
            raise UsageError(f"size must be at least 1 pixel, not {self.size}")
        if not 0 < self.crop <= 1:
            raise UsageError(f"crop must be in (0, 1], not {self.crop:g}")

    def short_side(self, pair: Pair) -> int:
        """The short side at which the pictures of a pair are to be decoded, in pixels."""
        return round(self.size / self.crop) if self._is_cropped(pair) else self.size

    def cut(self, picture: Rgb, pair: Pair) -> Rgb:
        """What is shown of a picture of ``pair`` that was decoded at `short_side`: uint8 [size, size, 3], contiguous."""
        shown = cut_square(picture, self._square(picture.shape, pair), self.size)
        return cast(Rgb, cv2.flip(shown, 1)) if pair.mirrored else shown

    def _square(self, shape: tuple[int, ...], pair: Pair) -> Square:
        if self._is_cropped(pair):
            return random_square(shape, self.crop, self.seed, pair.index)
        return centre_square(shape)

    def _is_cropped(self, pair: Pair) -> bool:
        return self.crop < 1 and may_crop(pair.edits)


def centre_square(shape: tuple[int, ...]) -> Square:
    """The largest square in the middle of a picture [H, W, ...]."""
    height, width = shape[:2]
    side = min(height, width)
    return (height - side) // 2, (width - side) // 2, side


def random_square(shape: tuple[int, ...], smallest: float, seed: int, index: int) -> Square:
    """A square of ``smallest`` to 1 times the short side, anywhere in a picture [H, W, ...]; a function of (seed, index)."""
    height, width = shape[:2]
    a, b, c = np.random.Generator(np.random.Philox(key=np.array([seed ^ (_CROP_STREAM << 32), index], np.uint64))).random(3)
    side = max(1, round(min(height, width) * (smallest + (1 - smallest) * a)))
    return int(b * (height - side + 1)), int(c * (width - side + 1)), side


def cut_square(picture: Rgb, square: Square, size: int) -> Rgb:
    """The square of a picture, resized to ``size`` × ``size``."""
    top, left, side = square
    return resize_area(np.ascontiguousarray(picture[top : top + side, left : left + side]), size, size)
