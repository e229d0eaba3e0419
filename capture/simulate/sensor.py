"""A Bayer sensor: light → electrons → numbers, with the noise of each step.

Electrons rise with t/N² and the scene; pixels differ by a fixed pattern (photo-response non-uniformity); photons arrive
by Poisson statistics; the well fills up; read noise joins before and after the gain, and the gain rises with ISO. After
EMVA 1288 (release 4.0, section 2) and the noise model of the DNG specification (NoiseProfile).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from capture.srgb import XYZ_FROM_SRGB

Floats = NDArray[np.float32]

COLOUR_MATRIX = np.array([[0.6461, -0.1164, -0.0857], [-0.3825, 1.1597, 0.2534], [-0.0416, 0.1540, 0.6039]])
"""XYZ → camera under D65, the measured response of an APS-C Bayer sensor of 2010."""

HOT = 20000.0
"""Mean dark current of a hot pixel in electrons per second."""

POISSON_LIMIT = 1000.0
"""Electrons above which Poisson is drawn as a normal distribution (its skew is below 0.032 there)."""


@dataclass(frozen=True)
class Sensor:
    """``full_well`` in electrons at base ISO; read noise in electrons before the gain and in numbers (DN) after it.

    ``row_noise`` is the standard deviation in DN of an offset that all pixels of a row share, new in every frame. ``hot_share``
    of the pixels leak `HOT` electrons a second on average, always the same ones.
    """

    black: int = 2048
    white: int = 15000
    full_well: float = 60000.0
    base_iso: int = 100
    read_before: float = 2.5
    read_after: float = 6.0
    non_uniformity: float = 0.005
    row_noise: float = 0.0
    hot_share: float = 0.0

    def gain(self, iso: int) -> float:
        """DN per electron."""
        return (self.white - self.black) / self.full_well * iso / self.base_iso

    def read_noise(self, iso: int) -> float:
        """Standard deviation of the read noise in DN."""
        return math.hypot(self.read_before * self.gain(iso), self.read_after)

    def noise_profile(self, iso: int) -> tuple[float, float]:
        """DNG NoiseProfile: variance = scale·x + offset of a pixel whose mean is x in 0..1 (black to white)."""
        reach = self.white - self.black
        return self.gain(iso) / reach, (self.read_noise(iso) / reach) ** 2

    def electrons(self, light: Floats, exposure: float) -> Floats:
        """Mean electrons per pixel: ``light`` is relative camera response, ``exposure`` in H units (1 = full well at light 1)."""
        return np.asarray(light * np.float32(exposure * self.full_well), np.float32)

    def read(self, electrons: Floats, iso: int, rng: np.random.Generator, pattern: Floats | None = None) -> NDArray[np.uint16]:
        """One exposure: raw numbers from mean electrons (height, width).

        ``pattern`` is `fixed_pattern` of the body; None means a perfectly even one.
        """
        mean = electrons if pattern is None else electrons * pattern
        arrived = mean + np.sqrt(mean) * rng.standard_normal(mean.shape, dtype=np.float32)
        few = mean < POISSON_LIMIT
        arrived[few] = rng.poisson(mean[few])
        np.minimum(arrived, self.full_well, out=arrived)
        numbers = arrived * np.float32(self.gain(iso))
        numbers += np.float32(self.read_noise(iso)) * rng.standard_normal(mean.shape, dtype=np.float32)
        if self.row_noise:
            numbers += np.float32(self.row_noise) * rng.standard_normal(len(numbers), dtype=np.float32)[:, None]
        return np.asarray(np.clip(np.rint(numbers + self.black), 0, self.white), np.uint16)


def camera_rgb(linear_srgb: Floats) -> Floats:
    """Camera response (height, width, 3) to linear sRGB light, negatives (out of the camera's gamut) cut at zero."""
    matrix = (COLOUR_MATRIX @ XYZ_FROM_SRGB).astype(np.float32)
    return np.asarray(np.maximum(linear_srgb @ matrix.T, 0), np.float32)


def mosaic(colour: Floats) -> Floats:
    """RGGB samples (height, width) of a colour picture (height, width, 3) with even sides."""
    samples = colour[..., 1].copy()
    samples[0::2, 0::2] = colour[0::2, 0::2, 0]
    samples[1::2, 1::2] = colour[1::2, 1::2, 2]
    return samples


@lru_cache(maxsize=2)
def fixed_pattern(height: int, width: int, strength: float, body: int) -> Floats:
    """Gain of every pixel of the body numbered ``body``, around 1. Shared between callers: do not write to it."""
    noise = np.random.Generator(np.random.Philox(key=[0x5052_4E55, body])).standard_normal((height, width), dtype=np.float32)
    return np.asarray(1 + np.float32(strength) * noise, np.float32)


@lru_cache(maxsize=2)
def hot_pixels(height: int, width: int, share: float, body: int) -> Floats:
    """Dark current of every pixel of a body in electrons per second, exponentially distributed over the hot ones. Shared."""
    rng = np.random.Generator(np.random.Philox(key=[0x484F_54, body]))
    hot = rng.random((height, width), dtype=np.float32) < share
    return np.asarray(hot * rng.exponential(HOT, (height, width)), np.float32)
