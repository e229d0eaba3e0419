"""Depth of field of a thin lens, and diffraction, on layers of a scene in linear light.

The circle of confusion of a point at distance d has the diameter c = f²/N · |d − s| / (d (s − f)) on the sensor, for a lens
of focal length f and f-number N focused at s (Hecht, *Optics*, section 5.2; Potmesil & Chakravarty, SIGGRAPH 1981). The Airy
disk is taken as a Gaussian of standard deviation 0.42 λ N (Zhang, Zerubia & Olivo-Marin, Applied Optics 46, 2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.simulate.hdr_scene import Floats

SENSOR_WIDTH_MM = 36.0
WAVELENGTH_MM = 550e-6
CAP = 0.125
"""Largest circle of confusion that is drawn, in shares of the picture's width."""


@dataclass(frozen=True)
class Lens:
    """A thin lens: focal length in mm, f-number, metres to the plane in focus, and the picture's width in pixels."""

    focal_mm: float
    f_number: float
    focus_m: float
    width: int
    diffraction: bool = False

    def confusion(self, depth: Floats) -> Floats:
        """Diameter in pixels of the circle of confusion at ``depth`` metres along the axis."""
        focus = max(self.focus_m * 1e3, 1.001 * self.focal_mm)
        far = np.maximum(np.asarray(depth, np.float32) * np.float32(1e3), np.float32(self.focal_mm))
        diameter = self.focal_mm**2 / self.f_number * np.abs(far - focus) / (far * (focus - self.focal_mm))
        return np.asarray(np.minimum(diameter * (self.width / SENSOR_WIDTH_MM), CAP * self.width), np.float32)

    @property
    def airy(self) -> float:
        """Standard deviation of the Airy disk in pixels."""
        return 0.42 * WAVELENGTH_MM * self.f_number * self.width / SENSOR_WIDTH_MM


@dataclass(frozen=True)
class Layer:
    """One thing by itself: ``radiance`` (height, width, 3), ``coverage`` 0..1 and ``depth`` in metres along the axis, there."""

    radiance: Floats
    coverage: Floats
    depth: Floats


def defocused(layers: Sequence[Layer], lens: Lens) -> Floats:
    """The picture (height, width, 3) of ``layers``, farthest first, each blurred by itself and laid over those behind it."""
    picture: Floats | None = None
    for layer in layers:
        window = _window(layer, lens)
        if window is None:
            continue
        part = _blurred(layer, lens, window)
        if picture is None:
            picture = part[..., :3] / np.maximum(part[..., 3:], 1e-6)
        else:
            behind = picture[window]
            behind *= 1 - part[..., 3:]
            behind += part[..., :3]
    if picture is None:
        raise ValueError("no layer covers a pixel")
    if lens.diffraction:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), lens.airy), np.float32)
    return picture


def _window(layer: Layer, lens: Lens) -> tuple[slice, slice] | None:
    """The rows and columns that a layer reaches with its blur."""
    covered = layer.coverage > 0
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    if len(rows) == 0:
        return None
    reach = int(np.ceil(float(lens.confusion(layer.depth[covered]).max()) / 2)) + 2
    height, width = covered.shape
    return (
        slice(max(int(rows[0]) - reach, 0), min(int(rows[-1]) + reach + 1, height)),
        slice(max(int(columns[0]) - reach, 0), min(int(columns[-1]) + reach + 1, width)),
    )


def _blurred(layer: Layer, lens: Lens, window: tuple[slice, slice]) -> Floats:
    """Premultiplied radiance and coverage (…, 4) of a layer in ``window``, each pixel blurred by its own circle.

    Pictures blurred by a few fixed circles are blended so that the second moment of the blend is that of the circle wanted.
    """
    coverage = layer.coverage[window]
    premultiplied = np.dstack([layer.radiance[window] * coverage[..., None], coverage])
    covered = coverage > 0
    circle = lens.confusion(layer.depth[window])
    if not covered.all():
        circle = carried(circle, covered)
    squared = np.square(circle)
    steps = _levels(float(circle[covered].min()), float(circle.max()))
    result = premultiplied if steps[0] == 0 else cv2.filter2D(premultiplied, -1, disc(steps[0]), borderType=cv2.BORDER_REFLECT)
    sharper = result
    result = result.copy()
    for low, high in pairwise(steps):
        softer = cv2.filter2D(premultiplied, -1, disc(high), borderType=cv2.BORDER_REFLECT)
        share = (squared - low * low) / np.float32(high * high - low * low)
        here = share > 0
        part = np.clip(share[here], 0, 1)[:, None]
        result[here] = sharper[here] * (1 - part) + softer[here] * part
        sharper = softer
    return np.asarray(result, np.float32)


def _levels(least: float, most: float) -> list[float]:
    """Diameters of the circles that are really drawn: equal within 0.02 pixels, else steps of a third and of half a pixel."""
    if most - least < 0.02:
        return [round(most, 3)] if most > 0.05 else [0.0]
    levels = [least if least > 0.05 else 0.0]
    while levels[-1] < most:
        levels.append(max(levels[-1] * 1.35, levels[-1] + 0.5))
    return [*levels[:-1], max(most, levels[-2] + 1e-3)]


def carried(values: Floats, known: NDArray[np.bool_]) -> Floats:
    """``values`` (height, width[, channels]) carried on from where they are ``known``, by means over ever wider boxes."""
    weight = known.astype(np.float32)
    total = values * (weight if values.ndim == 2 else weight[..., None])
    reach = 3
    result = values.copy()
    missing = ~known
    while missing.any() and reach < 4 * max(values.shape):
        near, sums = (cv2.blur(one, (reach, reach), borderType=cv2.BORDER_CONSTANT) for one in (weight, total))
        found = missing & (near > 1e-6)
        result[found] = sums[found] / (near[found] if values.ndim == 2 else near[found][:, None])
        missing &= ~found
        reach = 2 * reach + 1
    return result


@lru_cache(maxsize=256)
def disc(diameter: float) -> Floats:
    """Kernel of a uniform disc, ``diameter`` in pixels; its variance is diameter²/16 along each axis, as the disc's own."""
    if diameter <= 2:
        side = diameter * diameter / 32
        row = np.array([side, 1 - 2 * side, side])
        return np.asarray(np.outer(row, row), np.float32)
    # Summing over the area of pixels adds their own variance of 1/12, on small discs not quite that.
    wanted = diameter * diameter / 16
    narrow, wide = 0.5, diameter
    for _ in range(14 if diameter < 8 else 0):
        middle = (narrow + wide) / 2
        narrow, wide = (middle, wide) if _variance(_summed(middle)) < wanted else (narrow, middle)
    return np.asarray(_summed(wide if diameter < 8 else float(np.sqrt(diameter * diameter - 4 / 3))), np.float32)


def _summed(diameter: float) -> NDArray[np.float64]:
    """A disc's share in each pixel, by 16×16 points a pixel."""
    reach = int(np.ceil(diameter / 2))
    fine = (np.arange((2 * reach + 1) * 16) + 0.5) / 16 - reach - 0.5
    inside = (np.square(fine)[:, None] + np.square(fine)[None] < diameter * diameter / 4).astype(np.float64)
    kernel = inside.reshape(2 * reach + 1, 16, 2 * reach + 1, 16).sum(axis=(1, 3))
    return np.asarray(kernel / kernel.sum())


def _variance(kernel: NDArray[np.float64]) -> float:
    at = np.arange(len(kernel)) - len(kernel) // 2
    return float((kernel.sum(axis=0) * at * at).sum())
