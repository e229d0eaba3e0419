"""Where one picture lies on another: phase correlation on log gradients, refined to a similarity on the log light itself.

Logarithms are the same at every exposure but for an offset, as far as noise and clipping leave them; light is added before the
logarithm so that noise makes no edges, the same amount of scene light in both pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.developing.recipe import Transform
from capture.proving.coarse import Floats, Mask, Matrix, log_gradient, masked_shift, phase_shift, similarity, turned_and_zoomed
from capture.proving.evidence import CLIPPED
from capture.proving.refine import TURNED, TURNED_UNSURE, Refined, pick, refine
from capture.srgb import Linear

SIDE = 768
"""Longest side at which pictures are compared: 0.1 pixel there is 0.2 of a 1536-pixel working picture."""
COLOUR_SIDE = 384
MEDIAN_SIDE = 256
"""Pixels along the longest side that a median of brightness looks at, about."""
SURE, LEAST = 0.5, 0.1
"""Response of phase correlation above which its shift is the only guess, and below which others are needed to believe anything."""
FLOOR = 0.002
"""Least light added before the logarithm."""
OFFSET = 0.01
_COARSE = 2
BELIEVED, SURE_CORRELATION = 0.60, 0.80
"""Correlation of the two pictures' light at their edges below which no alignment is believed, and above which none needs a response."""
ERROR = 0.6
"""Standard error of a corner in compared pixels beyond which an alignment says nothing."""


@dataclass(frozen=True)
class Features:
    """What is kept of the reference frame. ``light`` is the square root of green light at `SIDE` pixels or less as 16 bits.

    ``usable`` marks pixels no colour of which is clipped, ``colour`` is linear light (height, width, 3) at `COLOUR_SIDE`
    pixels; ``size`` is the width and height of the working picture.
    """

    size: tuple[int, int]
    light: NDArray[np.uint16]
    usable: NDArray[np.uint8]
    colour: NDArray[np.float16]

    def green(self) -> Floats:
        """Green light in 0..4, linear."""
        return np.asarray((self.light.astype(np.float32) / 65535 * 2) ** 2 - OFFSET, np.float32)


@dataclass(frozen=True)
class Alignment:
    """``matrix`` (2, 3) takes positions of the reference to positions in the picture, in pixels of the compared size.

    ``response`` of phase correlation, ``correlation`` of light at edges after alignment, standard ``error`` of a corner in pixels;
    ``found``: whether it is to be believed.
    """

    matrix: Matrix
    response: float
    correlation: float
    error: float
    method: str
    found: bool


def features(picture: Linear) -> Features:
    """What comparing other pictures with ``picture`` needs."""
    height, width = picture.shape[:2]
    small = _shrunk(picture, SIDE)
    stored = np.sqrt(np.clip(small[..., 1] + OFFSET, 0, 4))
    stored *= 65535 / 2
    below = float(np.nextafter(np.float32(CLIPPED), np.float32(0)))  # inRange takes its ends as inside
    usable = np.asarray(cv2.inRange(small, (-3e38,) * 3, (below,) * 3) > 0, np.uint8)
    return Features((width, height), np.rint(stored).astype(np.uint16), usable, _shrunk(small, COLOUR_SIDE).astype(np.float16))


def _shrunk(picture: Floats, side: int) -> Floats:
    scale = side / max(picture.shape[:2])
    if scale >= 1:
        return picture
    target = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, target, interpolation=cv2.INTER_AREA), np.float32)


def align(reference: Features, other: Features, *, scale: float = 1.0) -> Alignment:
    """The shift, rotation and scale from ``reference`` to ``other``; ``scale`` is a first guess of magnification."""
    lights, usable, floor = _levelled(reference, other)
    logs = [np.log2(np.maximum(light, 0) + np.float32(floor)) for light in lights]
    gradients = log_gradient(logs[0], usable[0]), log_gradient(logs[1], usable[1])
    start = similarity(scale, 0.0, logs[0].shape)
    guess, response = phase_shift(*gradients, start)
    method, guesses = "phase", [guess]
    if response < SURE:
        guesses.append(start)
        for twisted in turned_and_zoomed(*gradients):
            again, better = phase_shift(*gradients, twisted)
            guesses.append(again)
            response = max(response, better)
        guesses.append(masked_shift(logs[0], logs[1], usable[0], usable[1]))
    if len(guesses) > 1:
        method = "ECC"
        guesses = [_coarsely(lights, usable, floor, guesses, scale)]
    turned: float = TURNED if response >= SURE else TURNED_UNSURE * min(1.0, 0.1 / max(response, 1e-3))
    best = refine(pick(lights[0], usable[0], floor), lights[1], usable[1], guesses[0], scale, turned)
    if best is None:
        return Alignment(np.eye(2, 3), response, 0.0, float("inf"), "none", False)
    believed = best.correlation > BELIEVED and best.error < ERROR and (response >= LEAST or best.correlation > SURE_CORRELATION)
    return Alignment(best.matrix, response, best.correlation, best.error, method, believed)


def _levelled(reference: Features, other: Features) -> tuple[list[Floats], list[Mask], float]:
    """Smoothed light of both pictures at the brightness of the reference, where each is usable, and the light that noise hides."""
    lights = reference.green(), other.green()
    step = max(1, max(lights[0].shape) // MEDIAN_SIDE)
    both = (reference.usable[::step, ::step] > 0) & (other.usable[::step, ::step] > 0)
    medians = [max(1e-4, float(np.median(light[::step, ::step][both]))) if both.any() else 1.0 for light in lights]
    ratio = medians[1] / medians[0]
    floor = max(FLOOR, 2 * _noise(lights[0]), max(FLOOR, 2 * _noise(lights[1])) / ratio)
    smooth = [cv2.GaussianBlur(light, (0, 0), 1.0) for light in (lights[0], lights[1] / np.float32(ratio))]
    kernel = np.ones((7, 7), np.uint8)
    masks = [cv2.erode(one.usable, kernel, borderType=cv2.BORDER_REPLICATE) > 0 for one in (reference, other)]
    return smooth, masks, floor


def _noise(light: Floats) -> float:
    """Standard deviation of noise by Immerkær's operator, on an even sample of rows."""
    rows = light[: len(light) // 3 * 3].reshape(-1, 3, light.shape[1])[:: max(1, len(light) // 3 // 64)]
    down = rows[:, 0] - 2 * rows[:, 1] + rows[:, 2]
    ripple = down[:, :-2] - 2 * down[:, 1:-1] + down[:, 2:]
    return float(np.median(np.abs(ripple))) / 0.6745 / 6


def _coarsely(lights: Sequence[Floats], usable: Sequence[Mask], floor: float, guesses: list[Matrix], scale: float) -> Matrix:
    """The best of ``guesses`` after refinement at half or quarter size."""
    shape = lights[0].shape
    shrink = 1 / _COARSE if max(shape) < 600 else 1 / (2 * _COARSE)
    size = max(16, round(shape[1] * shrink)), max(16, round(shape[0] * shrink))
    small = [cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in lights]
    masks = [cv2.resize(m.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.99 for m in usable]
    points = pick(small[0], masks[0], floor)
    scaling = np.diag([size[0] / shape[1], size[1] / shape[0], 1.0])
    tried: list[tuple[float, Refined]] = []
    for guess in guesses:
        matrix = (scaling @ np.vstack([guess, [0, 0, 1]]) @ np.linalg.inv(scaling))[:2]
        refined = refine(points, small[1], masks[1], matrix, scale, TURNED_UNSURE)
        if refined is not None:
            tried.append((refined.correlation * min(1.0, refined.points / (0.3 * max(1, len(points.at)))), refined))
    if not tried:
        return guesses[0]
    best = max(tried, key=lambda one: one[0])[1].matrix
    return np.asarray((np.linalg.inv(scaling) @ np.vstack([best, [0, 0, 1]]) @ scaling)[:2])


def as_transform(matrix: Matrix, compared: tuple[int, ...], size: tuple[int, int]) -> Transform:
    """``matrix`` in pixels of the working picture (``size``: width, height); pixel centres lie at whole numbers."""
    x, y = size[0] / compared[1], size[1] / compared[0]
    grow = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])
    whole = grow @ np.vstack([matrix, [0, 0, 1]]) @ np.linalg.inv(grow)
    return tuple(round(float(v), 6) for v in whole[:2].ravel())  # type: ignore[return-value]


def drift(transform: Transform, size: tuple[int, int]) -> float:
    """Largest displacement in pixels of any point of a picture of ``size``."""
    corners = np.array([[x, y, 1.0] for x in (0, size[0] - 1) for y in (0, size[1] - 1)])
    moved = corners @ np.array(transform).reshape(2, 3).T
    return float(np.hypot(*(moved - corners[:, :2]).T).max())


def turn_and_scale(transform: Transform) -> tuple[float, float]:
    """Rotation in degrees and scale of a similarity."""
    a, _, _, c, _, _ = transform
    return float(np.degrees(np.arctan2(c, a))), float(np.hypot(a, c))
