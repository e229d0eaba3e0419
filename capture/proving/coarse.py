"""First guesses of where one picture lies on another, each with how sure it is.

Phase correlation: Kuglin & Hines 1975, peak below a pixel by the centroid of 5×5 (OpenCV). Rotation and scale: log-polar spectra, Reddy &
Chatterji, IEEE Trans. Image Processing 5(8), 1996. Correlation of masked pictures: Padfield, ibid. 21(5), 2012.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]

_POLAR = 256
_MASKED_SIDE = 128
_LEAST_OVERLAP = 0.25


def similarity(scale: float, degrees: float, shape: tuple[int, ...], shift: tuple[float, float] = (0.0, 0.0)) -> Matrix:
    """Scale and rotation about the middle of the picture, then a shift."""
    cos, sin = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    x, y = (shape[1] - 1) / 2, (shape[0] - 1) / 2
    return np.array([[cos, -sin, x - cos * x + sin * y + shift[0]], [sin, cos, y - sin * x - cos * y + shift[1]]])


def compose(outer: Matrix, inner: Matrix) -> Matrix:
    """The transform that applies ``inner`` first."""
    return np.asarray((np.vstack([outer, [0, 0, 1]]) @ np.vstack([inner, [0, 0, 1]]))[:2])


def log_gradient(logs: Floats, usable: Mask) -> Floats:
    """Size of the gradient of log light, calm where pixels are not usable."""
    x, y = cv2.Sobel(logs, cv2.CV_32F, 1, 0, ksize=3), cv2.Sobel(logs, cv2.CV_32F, 0, 1, ksize=3)
    gradient = np.sqrt(x * x + y * y)  # cv2.magnitude rounds by where in memory its arguments lie
    gradient = np.minimum(gradient, np.float32(np.quantile(gradient[::4, ::4], 0.98) + 1e-6))
    return np.asarray(gradient * usable, np.float32)


def phase_shift(one: Floats, two: Floats, start: Matrix) -> tuple[Matrix, float]:
    """``start`` after the shift that phase correlation finds between gradients, and its response (0..1)."""
    moved = two if np.allclose(start, np.eye(2, 3)) else warped(two, start)
    window = cv2.createHanningWindow((one.shape[1], one.shape[0]), cv2.CV_32F)
    (x, y), response = cv2.phaseCorrelate(one, np.ascontiguousarray(moved), window)
    if not np.isfinite((x, y, response)).all():  # a picture without any gradient
        return start, 0.0
    return compose(start, np.array([[1, 0, x], [0, 1, y]])), float(np.clip(response, 0, 1))


def warped(picture: Floats, matrix: Matrix) -> Floats:
    """``picture`` as it would lie on the reference; outside of it 0."""
    size = picture.shape[1], picture.shape[0]
    return np.asarray(cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderValue=0), np.float32)


def turned_and_zoomed(one: Floats, two: Floats) -> list[Matrix]:
    """Rotation and magnification of ``two`` by the log-polar spectra of gradients: the guess and none, if it says little."""
    spectra = []
    for picture in (one, two):
        square = cv2.resize(picture, (_POLAR, _POLAR), interpolation=cv2.INTER_AREA)
        square = (square - square.mean()) * cv2.createHanningWindow((_POLAR, _POLAR), cv2.CV_32F)
        spectra.append(np.log1p(np.fft.fftshift(np.abs(np.fft.fft2(square)))).astype(np.float32))
    centre, reach = (_POLAR / 2, _POLAR / 2), _POLAR / 2
    flags = cv2.INTER_LINEAR | cv2.WARP_POLAR_LOG
    polar = [cv2.warpPolar(spectrum, (_POLAR, 2 * _POLAR), centre, reach, flags)[:_POLAR] for spectrum in spectra]
    polar = [np.ascontiguousarray(p - cv2.GaussianBlur(p, (0, 0), 12)) for p in polar]
    (x, y), _ = cv2.phaseCorrelate(polar[0], polar[1], cv2.createHanningWindow((_POLAR, _POLAR), cv2.CV_32F))
    if not np.isfinite((x, y)).all():
        return []
    zoom, turn = float(np.exp(-x * np.log(reach) / _POLAR)), float(y * 180 / _POLAR)
    stretch = one.shape[1] / one.shape[0]
    usable = 0.4 < zoom < 2.5 and (abs(turn) < 20 or 0.9 < stretch < 1.1)
    return [similarity(zoom, turn, one.shape)] if usable else []


def masked_shift(one: Floats, two: Floats, usable_one: Mask, usable_two: Mask) -> Matrix:
    """The shift at which what both pictures have usable correlates best, to a pixel of a picture of 128 pixels."""
    shrink = min(1.0, _MASKED_SIDE / max(one.shape))
    size = max(8, round(one.shape[1] * shrink)), max(8, round(one.shape[0] * shrink))
    masks = [cv2.resize(m.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5 for m in (usable_one, usable_two)]
    small = [cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in (one, two)]
    shape = (2 * size[1], 2 * size[0])
    m1, m2 = (np.fft.rfft2(m.astype(float), shape) for m in masks)
    p1, p2 = (np.fft.rfft2(np.where(m, p - p[m].mean() if m.any() else 0, 0), shape) for p, m in zip(small, masks, strict=True))
    q1, q2 = (np.fft.rfft2(np.where(m, p - p[m].mean() if m.any() else 0, 0) ** 2, shape) for p, m in zip(small, masks, strict=True))

    def correlate(a: NDArray[np.complex128], b: NDArray[np.complex128]) -> NDArray[np.float64]:
        return np.asarray(np.fft.irfft2(np.conj(a) * b, shape))

    count = np.maximum(correlate(m1, m2), 1e-6)
    sum1, sum2 = correlate(p1, m2), correlate(m1, p2)
    top = correlate(p1, p2) - sum1 * sum2 / count
    energy = (correlate(q1, m2) - sum1**2 / count) * (correlate(m1, q2) - sum2**2 / count)
    score = np.where((count > _LEAST_OVERLAP * count.max()) & (energy > 1e-9), top / np.sqrt(np.maximum(energy, 1e-9)), -1)
    y, x = np.unravel_index(int(score.argmax()), shape)
    dy, dx = (int(v) - n if v > n / 2 else int(v) for v, n in ((y, shape[0]), (x, shape[1])))
    return np.array([[1, 0, dx * one.shape[1] / size[0]], [0, 1, dy * one.shape[0] / size[1]]], float)
