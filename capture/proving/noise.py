"""The noise of one mosaic as a law of the mean: variance = slope·mean + offset.

Photon noise makes the variance of a raw number rise with its mean, and the slope is the gain in numbers per electron,
which is what an ISO setting changes (EMVA 1288 release 4.0, section 2.2; DNG 1.4, NoiseProfile). The variance is measured inside one
picture by the operator of Immerkær (Fast noise variance estimation, CVIU 64, 1996), which a plane of light does not excite,
on patches of one colour; of the patches of like brightness the calm ones count, for texture only adds.
"""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PATCHES = 1000
SIDE = 8
"""Pixels of one colour along a patch."""
QUANTILE = 0.3
BINS = 12
LEAST_PATCHES = 16
"""Patches of one colour in a bin; fewer give no usable quantile."""
BRIGHTEST = 0.7
"""Above it, clipping cuts the noise of high ISO and the fixed pattern of the sensor (which grows with the square) takes over."""


def noise_facts(numbers: NDArray[np.uint16], colours: str, black: tuple[float, ...], white: int, full: float) -> dict[str, Any] | None:
    """Means, variances (1 = black to white) and relative standard errors of bins of patches, with slope and offset of the line.

    None where no two bins of smooth, unclipped patches can be had.
    """
    found = _patches(numbers, colours, black, white, full)
    if found is None:
        return None
    means, variances = found
    order = np.argsort(means, kind="stable")
    means, variances = means[order], variances[order]
    count = min(BINS, len(means) // LEAST_PATCHES)
    if count < 2:
        return None
    bins = []
    for chunk in np.array_split(np.arange(len(means)), count):
        bins.append((float(means[chunk].mean()), float(np.quantile(variances[chunk], QUANTILE)) / _CALM, _SPREAD / len(chunk) ** 0.5))
    mean, variance, error = (np.array(column) for column in zip(*bins, strict=True))
    usable = variance > 0
    if usable.sum() < 2:
        return None
    mean, variance, error = mean[usable], variance[usable], error[usable]
    slope, offset, slope_error = fit_line(mean, variance, error)
    return {
        "mean": [round(float(v), 8) for v in mean], "variance": [float(f"{v:.5g}") for v in variance],
        "error": [round(float(v), 4) for v in error], "slope": float(f"{slope:.6g}"), "offset": float(f"{offset:.6g}"),
        "slope_error": float(f"{slope_error:.4g}"),
    }  # fmt: skip


def fit_line(mean: Floats, variance: Floats, error: Floats) -> tuple[float, float, float]:
    """Slope, offset and standard error of the slope by weighted least squares, both coefficients at least 0.

    Weights follow the fitted law, not the measured variance, or bins that came out low by chance would count for more.
    """
    model = np.maximum(variance, variance.max() * 1e-3)
    slope, offset, spread = 0.0, float(np.median(variance)), float("inf")
    for _ in range(6):
        weight = 1 / (error * model) ** 2
        total, centre = weight.sum(), (weight * mean).sum() / weight.sum()
        leverage = float((weight * (mean - centre) ** 2).sum())
        if leverage <= 0:
            break
        slope = float((weight * (mean - centre) * variance).sum() / leverage)
        offset = float((weight * variance).sum() / total - slope * centre)
        if offset < 0:
            slope, offset = float((weight * mean * variance).sum() / (weight * mean * mean).sum()), 0.0
        if slope < 0:
            slope, offset = 0.0, float((weight * variance).sum() / total)
        spread = leverage**-0.5
        model = np.maximum(slope * mean + offset, variance.max() * 1e-4)
    return slope, offset, spread


def _patches(numbers: NDArray[np.uint16], colours: str, black: tuple[float, ...], white: int, full: float) -> tuple[Floats, Floats] | None:
    """Mean and noise variance of every usable patch of one colour."""
    period = isqrt(len(colours))
    side = SIDE * period
    down, across = numbers.shape[0] // side, numbers.shape[1] // side
    if down * across < LEAST_PATCHES:
        return None
    step = max(1.0, (down * across / PATCHES) ** 0.5)
    tops = np.unique(np.arange(0, down, step).astype(int)) * side
    lefts = np.unique(np.arange(0, across, step).astype(int)) * side
    rows = (tops[:, None] + np.arange(side)).ravel()
    columns = (lefts[:, None] + np.arange(side)).ravel()
    taken = numbers[rows[:, None], columns].reshape(len(tops), SIDE, period, len(lefts), SIDE, period)
    level = np.asarray(black, np.float32).reshape(period, period)[:, None, None, None, :]
    values = (taken.transpose(0, 2, 1, 3, 4, 5) - level) / np.maximum(1.0, white - level)
    patches = values.transpose(0, 3, 1, 5, 2, 4).reshape(-1, SIDE, SIDE).astype(np.float32)
    lowest = taken.transpose(0, 3, 2, 5, 1, 4).reshape(-1, SIDE * SIDE).min(axis=1)
    means = patches.mean(axis=(1, 2), dtype=np.float64)
    usable = (patches.max(axis=(1, 2)) < full) & (lowest > 0) & (means < BRIGHTEST)
    patches, means = patches[usable], means[usable]
    if len(patches) < 2 * LEAST_PATCHES:
        return None
    rowwise = patches[:, :-2] - 2 * patches[:, 1:-1] + patches[:, 2:]
    ripple = rowwise[:, :, :-2] - 2 * rowwise[:, :, 1:-1] + rowwise[:, :, 2:]
    return means, (ripple * ripple).mean(axis=(1, 2), dtype=np.float64) / 36


_CALM = 0.7436
"""The 0.3 quantile of the variance so measured on patches of pure white noise, over the true one (tests pin it)."""
_SPREAD = 0.58
"""Relative standard deviation of that quantile times the root of the number of patches."""
