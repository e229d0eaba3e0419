"""Colour temperature ↔ chromaticity ↔ camera white-balance multipliers.

Black bodies: the isotemperature table of A. R. Robertson, "Computation of Correlated Color Temperature and Distribution
Temperature", JOSA 58 (1968) 1528, as corrected in Wyszecki & Stiles, *Color Science* (2nd ed., 1982), table 1(3.11).
Daylight: the CIE D series, CIE 15:2004, section 3.1. The locus used here is daylight from 4200 K up, black body up to
3800 K and a blend between. Camera side: DNG specification 1.4, chapter 6 ("Mapping Camera Color Space to CIE XYZ").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_MIRED = np.array([*range(0, 100, 10), *range(100, 601, 25)], np.float64)
# CIE 1960 u, v of the black body and the slope of its isotemperature line, at each mired of the list above.
_U = np.array([
    0.18006, 0.18066, 0.18133, 0.18208, 0.18293, 0.18388, 0.18494, 0.18611, 0.18740, 0.18880, 0.19032, 0.19462, 0.19962, 0.20525,
    0.21142, 0.21807, 0.22511, 0.23247, 0.24010, 0.24792, 0.25591, 0.26400, 0.27218, 0.28039, 0.28863, 0.29685, 0.30505, 0.31320,
    0.32129, 0.32931, 0.33724,
])  # fmt: skip
_V = np.array([
    0.26352, 0.26589, 0.26846, 0.27119, 0.27407, 0.27709, 0.28021, 0.28342, 0.28668, 0.28997, 0.29326, 0.30141, 0.30921, 0.31647,
    0.32312, 0.32909, 0.33439, 0.33904, 0.34308, 0.34655, 0.34951, 0.35200, 0.35407, 0.35577, 0.35714, 0.35823, 0.35907, 0.35968,
    0.36011, 0.36038, 0.36051,
])  # fmt: skip
_SLOPE = np.array([
    -0.24341, -0.25479, -0.26876, -0.28539, -0.30470, -0.32675, -0.35156, -0.37915, -0.40955, -0.44278, -0.47888, -0.58204, -0.70471,
    -0.84901, -1.0182, -1.2168, -1.4512, -1.7298, -2.0637, -2.4681, -2.9641, -3.5814, -4.3633, -5.3762, -6.7262, -8.5955, -11.324,
    -15.628, -23.325, -40.770, -116.45,
])  # fmt: skip

LOWEST, HIGHEST = 1667.0, 25000.0
"""Kelvins between which both directions are defined."""

ILLUMINANT_KELVIN = {1: 5500.0, 3: 2856.0, 17: 2856.0, 18: 4874.0, 19: 6774.0, 20: 5503.0, 21: 6504.0, 22: 7504.0, 23: 5003.0, 24: 3200.0}
"""Colour temperature of an EXIF LightSource code, as the DNG specification uses it for CalibrationIlluminant."""


def black_body_xy(kelvin: float) -> Array:
    """CIE 1931 x, y of a black body."""
    mired = 1e6 / kelvin
    u, v = float(np.interp(mired, _MIRED, _U)), float(np.interp(mired, _MIRED, _V))
    return np.array([3 * u, 2 * v]) / (2 * u - 8 * v + 4)


def daylight_xy(kelvin: float) -> Array:
    """CIE 1931 x, y of the CIE daylight illuminant (4000 to 25000 K)."""
    k = 1e3 / kelvin
    if kelvin <= 7000:
        x = -4.6070 * k**3 + 2.9678 * k**2 + 0.09911 * k + 0.244063
    else:
        x = -2.0064 * k**3 + 1.9018 * k**2 + 0.24748 * k + 0.237040
    return np.array([x, -3 * x * x + 2.87 * x - 0.275])


def locus_xy(kelvin: float) -> Array:
    """x, y of the white that a picture balanced for ``kelvin`` renders as neutral.

    Raises:
        ValueError: outside LOWEST to HIGHEST.
    """
    if not LOWEST <= kelvin <= HIGHEST:
        raise ValueError(f"{kelvin:g} K is outside {LOWEST:g} to {HIGHEST:g} K")
    share = min(max((kelvin - 3800.0) / 400.0, 0.0), 1.0)
    cool = daylight_xy(kelvin) if share > 0 else np.zeros(2)
    warm = black_body_xy(kelvin) if share < 1 else np.zeros(2)
    return share * cool + (1 - share) * warm


def correlated_kelvin(xy: Array) -> float | None:
    """Correlated colour temperature by Robertson's method; None outside LOWEST to HIGHEST or off the table."""
    divisor = -2 * xy[0] + 12 * xy[1] + 3
    if not np.isfinite(divisor) or divisor <= 0:
        return None
    u, v = 4 * xy[0] / divisor, 6 * xy[1] / divisor
    distance = ((v - _V) - _SLOPE * (u - _U)) / np.sqrt(1 + _SLOPE**2)
    crossing = np.flatnonzero((distance[:-1] > 0) & (distance[1:] <= 0))
    if len(crossing) == 0:
        return None
    i = int(crossing[0])
    part = distance[i] / (distance[i] - distance[i + 1])
    mired = float(_MIRED[i] + part * (_MIRED[i + 1] - _MIRED[i]))
    return 1e6 / mired if 1e6 / HIGHEST <= mired <= 1e6 / LOWEST else None


def on_locus(correlated: float) -> float:
    """The kelvins of the white on `locus_xy` whose correlated colour temperature is ``correlated``.

    Daylight lies off the black body and the table is coarse, so the two differ by up to 0.1 mired.
    """
    kelvin = correlated
    for _ in range(3):
        there = correlated_kelvin(locus_xy(min(max(kelvin, LOWEST), HIGHEST)))
        kelvin *= correlated / there if there else 1.0
    return kelvin


def white_xyz(xy: Array) -> Array:
    """XYZ of chromaticity ``xy`` at Y = 1."""
    return np.array([xy[0] / xy[1], 1.0, (1 - xy[0] - xy[1]) / xy[1]])


@dataclass(frozen=True)
class ColourProfile:
    """XYZ → camera matrices (3, 3), one or two, each with the colour temperature it was made under."""

    first: Array
    first_kelvin: float = 6504.0
    second: Array | None = None
    second_kelvin: float = 6504.0

    def at(self, kelvin: float) -> Array:
        """The matrix for ``kelvin``: interpolated in 1/K between the two, held outside them."""
        if self.second is None or self.first_kelvin == self.second_kelvin:
            return self.first
        share = (1 / kelvin - 1 / self.second_kelvin) / (1 / self.first_kelvin - 1 / self.second_kelvin)
        share = min(max(share, 0.0), 1.0)
        return share * self.first + (1 - share) * self.second

    def neutral(self, kelvin: float) -> Array:
        """Camera R, G, B of a white surface under ``kelvin``, G = 1 (the DNG tag AsShotNeutral)."""
        response = self.at(kelvin) @ white_xyz(locus_xy(kelvin))
        return np.asarray(response / response[1], np.float64)

    def multipliers(self, kelvin: float) -> Array:
        """White-balance gains R, G, B for ``kelvin``, G = 1."""
        return 1 / self.neutral(kelvin)

    def kelvin(self, multipliers: Array) -> float | None:
        """Colour temperature that gains R, G, B stand for; None when they fit no white on the locus."""
        gains = np.asarray(multipliers, np.float64)[:3]
        if not (np.all(np.isfinite(gains)) and np.all(gains > 0)):
            return None
        guess = 5000.0
        for _ in range(30):
            try:
                xyz = np.linalg.solve(self.at(guess), 1 / gains)
            except np.linalg.LinAlgError:
                return None
            found = correlated_kelvin(xyz[:2] / xyz.sum()) if xyz.sum() > 0 else None
            if found is None or abs(found - guess) < 0.05:
                return None if found is None else on_locus(found)
            guess = found
        return on_locus(guess)
