"""One file, decoded once: its working picture before white balance, from which any number of frames can be made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.developing.change import changed
from capture.developing.finish import Finished, finish
from capture.developing.half_size import Cells
from capture.developing.mosaic import Mosaic
from capture.developing.picture import read_picture
from capture.developing.raw import Demosaiced, Matrix, developed_raw
from capture.developing.recipe import FrameRecipe, Recipe, working_size
from capture.reading.shot import Shot
from capture.srgb import Linear
from cat_dataset.errors import InputError

__all__ = ("Decoded", "Finished", "decode", "finish", "frame_bytes")

Pixels = NDArray[np.uint16] | NDArray[np.float32]


@dataclass(frozen=True)
class Decoded:
    """The working picture of ``shot``: ``pixels`` (height, width, 3), upright, scaled down in linear light.

    ``matrix`` makes them linear sRGB. ``whole`` is the unscaled light, kept only where each frame brings its own
    gains: highlights are cut before they are averaged, else their edges would take on a colour. ``mosaic`` is None for
    files that are no RAW with a 2×2 filter. ``remarks`` name what a user should know of the pixels.
    """

    shot: Shot
    pixels: Pixels
    matrix: Matrix
    whole: Cells | Demosaiced | None = None
    mosaic: Mosaic | None = None
    remarks: tuple[str, ...] = ()

    def picture(self, frame: FrameRecipe, recipe: Recipe) -> Linear:
        """The frame's working picture in linear sRGB: white balance, matrix, and the change as far as no curve makes it.

        Values may lie outside 0..1. ``frame.gains`` is ignored for files that are no RAW.

        Raises:
            InputError: own gains of a frame on top of the series' gains, or a white balance without gains.
        """
        pixels, matrix = self.pixels, self.matrix
        if self.shot.raw and frame.gains is not None:
            if self.whole is None:
                raise InputError(f"{self.shot.path}: the frame has gains of its own, but so has its series; it was edited, make it again")
            red, green, blue = (gain / recipe.least_gain for gain in frame.gains)
            gains = red, green, blue
            if self.whole.clips(gains):
                pixels = upright(self.whole.light(gains, _target(self.whole.size, self.shot, recipe)), recipe.orientation)
            else:
                matrix = matrix * np.array(gains)
        elif "white_balance" in frame.change:
            raise InputError(f"{self.shot.path}: the frame has a white balance but no gains; it was edited, make it again")
        linear = np.asarray(cv2.transform(np.asarray(pixels, np.float32), matrix.astype(np.float32)), np.float32)
        return changed(linear, frame.change)


def decode(shot: Shot, recipe: Recipe, *, mosaic: bool = True) -> Decoded:
    """Decode a file for ``recipe``. ``mosaic`` False leaves out the copy of the sensor's numbers.

    Raises:
        InputError: the pixels are damaged, missing, constant, or not those that the header promised.
    """
    if shot.raw:
        made = developed_raw(shot, recipe, mosaic=mosaic)
        light = made.picture.light(made.balance, _target(made.picture.size, shot, recipe))
        whole = made.picture if recipe.gains is None else None
        return Decoded(shot, upright(light, recipe.orientation), made.matrix, whole, made.mosaic)
    picture, scale, remarks = read_picture(shot)
    if picture.shape[:2] != (shot.height, shot.width):
        size = f"{picture.shape[1]}×{picture.shape[0]}"
        raise InputError(f"{shot.path} decodes to {size} and its header says {shot.width}×{shot.height}; copy it from the card again")
    target = _target((shot.width, shot.height), shot, recipe)
    if target != (shot.width, shot.height):
        picture = cv2.resize(picture, target, interpolation=cv2.INTER_AREA)
    return Decoded(shot, upright(picture, recipe.orientation), np.eye(3) * scale, None, None, remarks)


def frame_bytes(shot: Shot, recipe: Recipe, frame: FrameRecipe) -> bytes:
    """The stored frame, made from its file: the same bytes for the same arguments.

    Raises:
        InputError: the file cannot be developed so.
    """
    return finish(decode(shot, recipe, mosaic=False).picture(frame, recipe), recipe, frame).png


def upright(picture: Pixels, orientation: int) -> Pixels:
    """``picture`` turned as EXIF orientation 1 to 8 asks."""
    if orientation in (2, 4, 5, 7):
        picture = picture[:, ::-1]
    turns = {3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}.get(orientation, 0)
    return cast(Pixels, np.ascontiguousarray(np.rot90(picture, turns)))


def _target(found: tuple[int, int], shot: Shot, recipe: Recipe) -> tuple[int, int]:
    """(width, height) that a development of the size ``found`` is scaled to, turned as stored."""
    target = working_size((shot.width, shot.height), recipe)
    if recipe.orientation >= 5:
        target = target[::-1]
    if target[0] > found[0] or target[1] > found[1]:
        raise InputError(f"{shot.path} decodes to {found[0]}×{found[1]} pixels, too few for {target[0]}×{target[1]}; copy it again")
    return target
