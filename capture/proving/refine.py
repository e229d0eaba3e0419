"""From a first guess to a similarity below a tenth of a pixel: the points that have edges, usable in both pictures, weighed robustly.

Inverse-compositional Gauss-Newton (Baker & Matthews, Lucas-Kanade 20 years on, IJCV 56(3), 2004, section 3.2) with free gain
and offset, hence an enhanced correlation as in Evangelidis & Psarakis (PAMI 30(10), 2008), but on pixels picked for their gradient
and with Tukey's weights, so that noise, clipping and what moved count little. Light is linear, so that blur, which is
linear too, moves no edge (in log light a blurred edge wanders to its dark side), and weighed as shares of itself.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.proving.coarse import Floats, Mask, Matrix, compose, similarity

POINTS = 9000
CALM = 4.0
"""A point counts when its gradient is this many times the median one of the calmer half of the picture, which is noise."""
KIN = 20.0
"""Neighbours that share one draw of noise after demosaic and blur (4π·1.2²): errors are the root of it larger."""
TURNED, TURNED_UNSURE = 12.0, 120.0
"""Chi-square of rotation and scale together above which they are real (2 degrees of freedom, p = 0.0025), and the same where
phase correlation was not sure: there the errors are not normal, and a tripod is likelier than a turn."""
_TILES = 8
_ROUNDS = 25
_DONE = 1 / 32
"""Step in pixels after which a shorter one would change nothing: OpenCV samples at 32 places between two pixels."""
_FEWEST = 80
_EXACT = 1e-8
"""Least variance of a share of light: the same picture twice has none."""


@dataclass(frozen=True)
class Points:
    """Points of the reference with edges: ``at`` (n, 2), their light, its gradient, the picture's shape, and the light that noise hides."""

    at: NDArray[np.float64]
    light: NDArray[np.float64]
    gradient: NDArray[np.float64]
    floor: float
    shape: tuple[int, int]


@dataclass(frozen=True)
class Refined:
    """``matrix`` (2, 3), correlation of the points' light in both pictures, their number, and the error of a corner in pixels."""

    matrix: Matrix
    correlation: float
    points: int
    error: float


def pick(light: Floats, usable: Mask, floor: float) -> Points:
    """The points of every tile with the strongest gradient of log light; ``light`` is linear, ``floor`` as in `Points`."""
    gx, gy = (cv2.Sobel(light, cv2.CV_32F, x, y, ksize=3, scale=1 / 8) for x, y in ((1, 0), (0, 1)))
    strength = gx * gx
    strength += gy * gy
    np.sqrt(strength, out=strength)
    strength /= np.maximum(light, 0) + np.float32(floor)
    strength *= usable
    strength[:2], strength[-2:], strength[:, :2], strength[:, -2:] = 0, 0, 0, 0
    calm = np.sort(strength[usable][::7]) if usable.any() else np.zeros(1)
    least = max(1e-3, CALM * float(np.median(calm[: len(calm) // 2 + 1])))
    rows = np.linspace(0, light.shape[0], _TILES + 1).astype(int)
    columns = np.linspace(0, light.shape[1], _TILES + 1).astype(int)
    each = POINTS // _TILES**2
    found = []
    for top, bottom in itertools.pairwise(rows):
        for left, right in itertools.pairwise(columns):
            tile = strength[top:bottom, left:right].ravel()
            chosen = np.flatnonzero(tile > least)
            most = min(each, tile.size // 3)
            if len(chosen) > most:
                chosen = np.sort(chosen[np.argpartition(tile[chosen], -most)[-most:]]) if most else chosen[:0]
            y, x = np.divmod(chosen, right - left)
            found.append(np.column_stack([x + left, y + top]))
    at = np.concatenate(found) if found else np.zeros((0, 2), int)
    y, x = at[:, 1], at[:, 0]
    gradient = np.column_stack([gx[y, x], gy[y, x]]).astype(float)
    return Points(at.astype(float), light[y, x].astype(float), gradient, floor, (light.shape[0], light.shape[1]))


def refine(points: Points, light: Floats, usable: Mask, start: Matrix, scale: float = 1.0, turned: float = TURNED) -> Refined | None:
    """The similarity near ``start`` under which ``light`` fits the ``points`` best; None where too few fall on usable pixels.

    Rotation and a magnification other than ``scale`` are given only where they are beyond doubt.
    """
    if len(points.at) < _FEWEST or not np.isfinite(start).all():
        return None
    found = _descend(points, light, usable, start, turning=True)
    if found is None:
        return None
    matrix, covariance = found
    reach = max(points.shape) / 2
    twist = np.array([np.hypot(matrix[0, 0], matrix[1, 0]) / scale - 1, np.arctan2(matrix[1, 0], matrix[0, 0])]) * reach
    if float(twist @ np.linalg.solve(covariance[:2, :2], twist)) < turned:
        middle = np.array([(points.shape[1] - 1) / 2, (points.shape[0] - 1) / 2])
        shift = matrix[:, :2] @ middle + matrix[:, 2] - middle
        again = _descend(points, light, usable, similarity(scale, 0.0, points.shape, (shift[0], shift[1])), turning=False)
        if again is not None:
            matrix, covariance = again
    value, good = _sampled(light, usable.astype(np.float32), matrix, points.at)
    if good.sum() < _FEWEST:
        return None
    stretch = np.array([points.shape[1] - 1, points.shape[0] - 1]) / 2 / reach
    corners = [np.array([[x, -y, 1, 0], [y, x, 0, 1]]) for x in (-stretch[0], stretch[0]) for y in (-stretch[1], stretch[1])]
    error = max(float(np.trace(corner @ covariance @ corner.T)) for corner in corners) ** 0.5
    return Refined(
        matrix, correlation(*(np.log2(np.maximum(v[good], 0) + points.floor) for v in (points.light, value))), int(good.sum()), error
    )


def _descend(points: Points, light: Floats, usable: Mask, start: Matrix, *, turning: bool) -> tuple[Matrix, NDArray[np.float64]] | None:
    """The transform reached from ``start``, and the covariance of growth, turn (both in pixels at the half width) and shift."""
    height, width = points.shape
    reach = max(width, height) / 2
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    xn, yn = ((points.at - middle) / reach).T
    gx, gy = points.gradient.T
    share = 1 / (np.maximum(points.light, 0) + points.floor)
    columns = (gx * xn + gy * yn, gy * xn - gx * yn, gx, gy, points.light, np.ones(len(gx)))
    steepest = np.column_stack([column * share for column in columns])
    free = np.arange(6) if turning else np.arange(2, 6)
    matrix, mask = start.copy(), usable.astype(np.float32)
    covariance = np.zeros((6, 6))
    for _ in range(_ROUNDS):
        value, good = _sampled(light, mask, matrix, points.at)
        if good.sum() < _FEWEST:
            return None
        jacobian, off = steepest[good][:, free], (value[good] - points.light[good]) * share[good]
        weight = _tukey(off - np.median(off))
        normal = (jacobian * weight[:, None]).T @ jacobian + np.eye(len(free)) * 1e-9
        step = np.zeros(6)
        step[free] = np.linalg.solve(normal, (jacobian * weight[:, None]).T @ off)
        rest = off - jacobian @ step[free]
        spread = float((weight * rest**2).sum() / max(1.0, weight.sum())) * KIN
        covariance[np.ix_(free, free)] = np.linalg.inv(normal) * max(spread, _EXACT)
        grow, turn, x, y = step[:4]
        a, b = grow / reach, turn / reach
        delta = np.array([[1 + a, -b, 0.0], [b, 1 + a, 0.0]])
        delta[:, 2] = middle - delta[:, :2] @ middle + (x, y)
        matrix = compose(matrix, np.linalg.inv(np.vstack([delta, [0, 0, 1]]))[:2])
        if not np.isfinite(step).all() or np.abs(matrix[:, :2]).max() > 4:
            return None
        if np.abs(step[:4]).max() < _DONE:
            break
    return matrix, covariance[:4, :4]


def correlation(one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
    """Pearson's correlation of values less their outliers."""
    if one.size < 3 or one.std() < 1e-9 or two.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(one, two)[0, 1])


def _sampled(logs: Floats, mask: Floats, matrix: Matrix, at: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    where = (at @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)[None]
    value = cv2.remap(logs, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen = cv2.remap(mask, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return value[0].astype(float), seen[0] > 0.99


def _tukey(off: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = 1.4826 * float(np.median(np.abs(off))) * 4.685 + 1e-6
    return np.asarray(np.maximum(0, 1 - (off / spread) ** 2) ** 2)
