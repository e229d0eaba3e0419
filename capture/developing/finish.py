"""From the working picture to the stored frame: alignment, crop, clipping, curve, PNG."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from capture.developing.recipe import UNMOVED, Crop, FrameRecipe, Recipe, Transform, fits
from capture.developing.tone import Tone
from capture.srgb import Linear
from cat_dataset.errors import InputError
from cat_dataset.images import encode_png

BELOW = -1e-3
"""Linear light under which a channel counts as clipped at black: past rounding, and past 3 of 255 sRGB steps."""
NEAR_WHITE = 1 - 1e-3
_ANY = 3e38
"""More light than any pixel has."""
_REACH = 1.0
"""Pixels by which a warped crop may reach past the picture's outermost pixel centres; the edge is mirrored there."""


@dataclass(frozen=True)
class Finished:
    """A frame as ``png`` bytes; the share of its pixels with a channel at or above white, and with one below black."""

    png: bytes
    width: int
    height: int
    above: float
    below: float

    @property
    def clipped_share(self) -> float:
        """The larger of the two shares."""
        return max(self.above, self.below)


def finish(linear: Linear, recipe: Recipe, frame: FrameRecipe) -> Finished:
    """The stored frame of a working picture (height, width, 3).

    Raises:
        InputError: the frame's crop, moved by its transform, does not lie in the picture.
    """
    cut = warped(linear, frame.transform, frame.crop or recipe.crop)
    tone = Tone.of(frame.change, recipe.curve, recipe.bits)
    above, below = clipped(cut, tone.white)
    return Finished(encode_png(tone.encode(cut), fast=True), cut.shape[1], cut.shape[0], above, below)


def warped(linear: Linear, transform: Transform, crop: Crop) -> Linear:
    """The part ``crop`` of the reference frame, taken from the picture ``linear`` that lies on it by ``transform``.

    Resampled once, in linear light; a picture that did not move, or by whole pixels, is not resampled at all.
    """
    left, top, width, height = crop
    a, b, x, c, d, y = transform
    if (a, b, c, d) == (UNMOVED[0], UNMOVED[1], UNMOVED[3], UNMOVED[4]) and x == round(x) and y == round(y):
        left, top = left + round(x), top + round(y)
        if not fits((left, top, width, height), (linear.shape[1], linear.shape[0])):
            raise _outside(crop, linear)
        return linear[top : top + height, left : left + width]
    matrix = np.array([[a, b, a * left + b * top + x], [c, d, c * left + d * top + y]], np.float64)
    corners = np.array([[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]]) @ matrix.T
    if corners.min() < -_REACH or (corners.max(axis=0) > np.array([linear.shape[1], linear.shape[0]]) - 1 + _REACH).any():
        raise _outside(crop, linear)
    how = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(linear, matrix, (width, height), flags=how, borderMode=cv2.BORDER_REFLECT_101), np.float32)


def clipped(linear: Linear, white: float = 1.0) -> tuple[float, float]:
    """Share of pixels with a channel at or above ``white``, and share with one below black."""
    pixels = linear.shape[0] * linear.shape[1]
    under = float(np.nextafter(np.float32(white * NEAR_WHITE), np.float32(0)))  # inRange takes its ends as inside
    above = pixels - cv2.countNonZero(cv2.inRange(linear, (-_ANY,) * 3, (under,) * 3))
    below = pixels - cv2.countNonZero(cv2.inRange(linear, (float(np.float32(BELOW)),) * 3, (_ANY,) * 3))
    return above / pixels, below / pixels


def _outside(crop: Crop, linear: Linear) -> InputError:
    place = f"{linear.shape[1]}×{linear.shape[0]}"
    return InputError(f"the crop {', '.join(map(str, crop))} does not lie in the frame's picture of {place} pixels where it moved to")
