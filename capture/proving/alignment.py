"""Where one picture lies on another: phase correlation on log gradients, then ECC where that is not sure.

Phase correlation: Kuglin & Hines 1975, peak below a pixel by the centroid of 5×5 (OpenCV). Rotation and scale without a first
guess: Reddy & Chatterji, IEEE Trans. Image Processing 5(8), 1996. ECC: Evangelidis & Psarakis, PAMI 30(10), 2008. Gradients
of the logarithm are the same at every exposure, as far as noise and clipping leave them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.developing.recipe import Transform
from capture.srgb import Linear

Floats = NDArray[np.float32]
Matrix = NDArray[np.float64]

SIDE = 768
"""Longest side at which pictures are compared: 0.1 pixel there is 0.2 of a 1536-pixel working picture."""
COLOUR_SIDE = 192
SURE, LEAST = 0.5, 0.1
"""Response of phase correlation above which its shift is taken as it is, and below which nothing is believed."""
FLOOR = 0.004
"""Light added before the logarithm, so that the noise of blacks makes no gradients."""
OFFSET = 0.01
CLIPPED = 0.985
ECC_SIDE = 384
ECC_LEAST = 0.35
"""Correlation that ECC must reach to be believed."""
TWIST, ZOOM = 0.02, 0.002
"""Degrees of rotation and change of scale below which a similarity is given as a shift alone."""


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
    """``matrix`` (2, 3) takes positions of the reference to positions in the picture, in pixels of the compared size."""

    matrix: Matrix
    response: float
    method: str
    found: bool


def features(picture: Linear) -> Features:
    """What comparing other pictures with ``picture`` needs."""
    height, width = picture.shape[:2]
    small = _shrunk(picture, SIDE)
    stored = np.sqrt(np.clip(small[..., 1] + OFFSET, 0, 4)) / 2 * 65535
    usable = (small.max(axis=-1) < CLIPPED).astype(np.uint8)
    return Features((width, height), np.rint(stored).astype(np.uint16), usable, _shrunk(small, COLOUR_SIDE).astype(np.float16))


def _shrunk(picture: Floats, side: int) -> Floats:
    scale = side / max(picture.shape[:2])
    if scale >= 1:
        return picture
    target = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, target, interpolation=cv2.INTER_AREA), np.float32)


def align(reference: Features, other: Features, *, scale: float = 1.0) -> Alignment:
    """The shift, or shift with rotation and scale, from ``reference`` to ``other``; ``scale`` is a first guess of magnification."""
    one, two = log_gradient(reference.green(), reference.usable), log_gradient(other.green(), other.usable)
    guesses = [similarity(scale, 0.0, one.shape)]
    matrix, response = _shifted(one, two, guesses[0])
    method = "phase"
    if response < SURE:
        turn, zoom = _turn_and_zoom(one, two)
        again, better = _shifted(one, two, similarity(zoom, turn, one.shape))
        if better > response * 1.15 and better > LEAST:
            matrix, response = again, better
        refined = _ecc(one, two, matrix)
        if refined is not None:
            return Alignment(refined, response, "ECC", True)
    return Alignment(matrix, response, method, response >= LEAST)


def log_gradient(light: Floats, usable: NDArray[np.uint8]) -> Floats:
    """Size of the gradient of log light, calm where pixels are clipped."""
    logs = cv2.GaussianBlur(np.log2(np.maximum(light, 0) + np.float32(FLOOR)), (0, 0), 0.8)
    gradient = cv2.magnitude(cv2.Sobel(logs, cv2.CV_32F, 1, 0, ksize=3), cv2.Sobel(logs, cv2.CV_32F, 0, 1, ksize=3))
    gradient = np.minimum(gradient, np.float32(np.quantile(gradient[::4, ::4], 0.98) + 1e-6))
    gradient *= cv2.erode(usable, np.ones((5, 5), np.uint8), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(gradient, np.float32)


def similarity(scale: float, degrees: float, shape: tuple[int, ...]) -> Matrix:
    """Scale and rotation about the middle of the picture."""
    cos, sin = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    x, y = (shape[1] - 1) / 2, (shape[0] - 1) / 2
    return np.array([[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y]])


def _shifted(one: Floats, two: Floats, start: Matrix) -> tuple[Matrix, float]:
    """``start`` followed by the shift that phase correlation finds, and its response."""
    moved = two if np.allclose(start, np.eye(2, 3)) else warped(two, start)
    window = cv2.createHanningWindow((one.shape[1], one.shape[0]), cv2.CV_32F)
    (x, y), response = cv2.phaseCorrelate(one, np.ascontiguousarray(moved), window)
    shift = np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
    return (np.vstack([start, [0, 0, 1]]) @ shift)[:2], float(min(response, 1.0))


def warped(picture: Floats, matrix: Matrix) -> Floats:
    """``picture`` as it would lie on the reference; outside of it 0."""
    size = picture.shape[1], picture.shape[0]
    return np.asarray(cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderValue=0), np.float32)


def _turn_and_zoom(one: Floats, two: Floats) -> tuple[float, float]:
    """Rotation in degrees and magnification by phase correlation of the log-polar spectra."""
    side = 256
    spectra = []
    for picture in (one, two):
        square = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA) if min(picture.shape) > 8 else picture
        square = square * cv2.createHanningWindow((square.shape[1], square.shape[0]), cv2.CV_32F)
        spectrum = np.fft.fftshift(np.abs(np.fft.fft2(square - square.mean())))
        spectra.append(np.log1p(spectrum).astype(np.float32))
    centre, reach = (side / 2, side / 2), side / 2
    polar = [cv2.warpPolar(spectrum, (side, 2 * side), centre, reach, cv2.INTER_LINEAR | cv2.WARP_POLAR_LOG)[:side] for spectrum in spectra]
    polar = [np.ascontiguousarray(p - cv2.GaussianBlur(p, (0, 0), 12)) for p in polar]
    (x, y), _ = cv2.phaseCorrelate(polar[0], polar[1], cv2.createHanningWindow((side, side), cv2.CV_32F))
    zoom = float(np.exp(-x * np.log(reach) / side))
    turn = float(y * 360 / (2 * side))
    return (turn, zoom) if 0.3 < zoom < 3 else (0.0, 1.0)


def _ecc(one: Floats, two: Floats, start: Matrix) -> Matrix | None:
    """A similarity near ``start`` that correlates best, or None."""
    shrink = min(1.0, ECC_SIDE / max(one.shape))
    size = max(8, round(one.shape[1] * shrink)), max(8, round(one.shape[0] * shrink))
    template, picture = (cv2.GaussianBlur(cv2.resize(p, size, interpolation=cv2.INTER_AREA), (0, 0), 1.2) for p in (one, two))
    scaling = np.diag([size[0] / one.shape[1], size[1] / one.shape[0], 1.0])
    first = (scaling @ np.vstack([start, [0, 0, 1]]) @ np.linalg.inv(scaling))[:2].astype(np.float32)
    try:
        reached, found = cv2.findTransformECC(
            template, picture, first, cv2.MOTION_AFFINE, (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-5), None, 3
        )
    except cv2.error:
        return None
    if reached < ECC_LEAST:
        return None
    matrix = (np.linalg.inv(scaling) @ np.vstack([found, [0, 0, 1]]) @ scaling)[:2]
    return nearest_similarity(matrix, one.shape)


def nearest_similarity(matrix: Matrix, shape: tuple[int, ...]) -> Matrix | None:
    """The similarity nearest to an affine transform over the picture; None where they differ by more than 1 % of it."""
    a, b = (matrix[0, 0] + matrix[1, 1]) / 2, (matrix[1, 0] - matrix[0, 1]) / 2
    linear = np.array([[a, -b], [b, a]])
    if np.abs(matrix[:, :2] - linear).max() > 0.01:
        return None
    middle = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2])
    offset = matrix @ np.append(middle, 1) - linear @ middle
    return np.column_stack([linear, offset])


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
