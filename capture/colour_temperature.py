"""Colour temperature ↔ chromaticity ↔ camera white-balance multipliers, by colour-science and colour-hdri.

The locus is CIE daylight (CIE 15:2004, section 3.1) from 4200 K up, the black body (Planck's law, CIE 1931 2° observer) up
to 3800 K, and a linear blend of x, y between. Correlated colour temperature and Duv: Y. Ohno, "Practical
Use and Calculation of CCT and Duv", LEUKOS 10 (2014) 47. Camera side: DNG specification 1.4, chapter 6 ("Mapping Camera
Color Space to CIE XYZ").

The libraries take over a second to import, so they are imported by the functions that need them.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LOWEST, HIGHEST = 1667.0, 25000.0
"""Kelvins between which both directions are defined."""

DUV_LIMIT = 0.05
"""Distance from the black body past which a white has no colour temperature (CIE 15:2004, section 9.5)."""

ILLUMINANT_KELVIN = {1: 5500.0, 3: 2856.0, 17: 2856.0, 18: 4874.0, 19: 6774.0, 20: 5503.0, 21: 6504.0, 22: 7504.0, 23: 5003.0, 24: 3200.0}
"""Colour temperature of an EXIF LightSource code, as the DNG specification uses it for CalibrationIlluminant."""

_STEPS = 30
_CLOSE = 1e-10


def locus_xy(kelvin: float) -> Array:
    """CIE 1931 x, y of the white that a picture balanced for ``kelvin`` renders as neutral.

    Raises:
        ValueError: outside LOWEST to HIGHEST.
    """
    if not LOWEST <= kelvin <= HIGHEST:
        raise ValueError(f"{kelvin:g} K is outside {LOWEST:g} to {HIGHEST:g} K")
    colour = _colour()
    share = min(max((kelvin - 3800.0) / 400.0, 0.0), 1.0)
    xy = np.zeros(2)
    if share > 0:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns below 4000 K, where the blend asks for it
            xy += share * np.asarray(colour.temperature.CCT_to_xy_CIE_D(kelvin), np.float64)
    if share < 1:
        xy += (1 - share) * np.asarray(colour.models.UCS_uv_to_xy(colour.temperature.CCT_to_uv_Planck1900(kelvin)), np.float64)
    return xy


def correlated(xy: Array) -> tuple[float, float] | None:
    """Correlated colour temperature and Duv of chromaticity ``xy``; None outside LOWEST to HIGHEST or past DUV_LIMIT.

    Duv is the distance from the black body in CIE 1960 u, v, positive on the green side.
    """
    divisor = -2 * xy[0] + 12 * xy[1] + 3
    if not np.isfinite(xy).all() or divisor <= 0 or min(xy) <= 0:
        return None
    colour = _colour()
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whites off its table are refused below
        kelvin, duv = (float(value) for value in colour.temperature.uv_to_CCT_Ohno2013(colour.models.xy_to_UCS_uv(xy)))
    margin = 0.05  # of a mired: daylight lies off the black body
    inside = LOWEST / (1 + LOWEST * margin / 1e6) <= kelvin <= HIGHEST / (1 - HIGHEST * margin / 1e6)
    # to well below what a camera resolves: the last digits depend on how many threads the linear algebra has
    return (round(kelvin, 5), round(duv, 8)) if inside and abs(duv) <= DUV_LIMIT else None


def on_locus(kelvin: float) -> float:
    """The kelvins of the white on `locus_xy` whose correlated colour temperature is ``kelvin``, held in LOWEST to HIGHEST.

    Daylight's kelvins are nominal and the blend bends the locus, so the two differ a little.
    """
    found = min(max(kelvin, LOWEST), HIGHEST)
    for _ in range(_STEPS):
        there = correlated(locus_xy(found))
        step = kelvin / there[0] if there else 1.0
        found = min(max(found * step, LOWEST), HIGHEST)
        if abs(step - 1) < _CLOSE:
            break
    return found


def white_xyz(xy: Array) -> Array:
    """XYZ of chromaticity ``xy`` at Y = 1."""
    return np.array([xy[0] / xy[1], 1.0, (1 - xy[0] - xy[1]) / xy[1]])


@dataclass(frozen=True, eq=False)
class ColourProfile:
    """XYZ → camera matrices (3, 3), one or two, each with the colour temperature it was made under.

    A matrix holds everything between XYZ and the camera: calibration and analogue balance are multiplied in.
    """

    first: Array
    first_kelvin: float = 6504.0
    second: Array | None = None
    second_kelvin: float = 6504.0

    def neutral(self, kelvin: float) -> Array:
        """Camera R, G, B of a white surface under ``kelvin``, G = 1 (the DNG tag AsShotNeutral).

        Raises:
            ValueError: outside LOWEST to HIGHEST.
        """
        return np.asarray(_hdri().xy_to_camera_neutral(locus_xy(kelvin), *self._matrices()), np.float64)

    def multipliers(self, kelvin: float) -> Array:
        """White-balance gains R, G, B for ``kelvin``, G = 1."""
        return 1 / self.neutral(kelvin)

    def white(self, multipliers: Array) -> Array | None:
        """CIE 1931 x, y of the white that gains R, G, B make neutral; None for gains that are none.

        The iteration of the DNG specification. colour-hdri has it too, but without an end where it does not converge, and
        the matrices come from files that nobody vouches for.
        """
        gains = np.asarray(multipliers, np.float64)[:3]
        if not (np.all(np.isfinite(gains)) and np.all(gains > 0)):
            return None
        matrix_at = _hdri().models.dng.matrix_XYZ_to_camera_space
        xy = np.array([1 / 3, 1 / 3])
        with np.errstate(all="ignore"):
            for _ in range(_STEPS):
                try:
                    xyz = np.linalg.solve(matrix_at(xy, *self._matrices()), 1 / gains)
                except np.linalg.LinAlgError:
                    return None
                before, xy = xy, xyz[:2] / xyz.sum()
                if not np.isfinite(xy).all() or min(*xy, 1 - xy.sum()) <= 0:
                    return None
                if np.abs(xy - before).max() < _CLOSE:
                    break
        return np.asarray(xy, np.float64)

    def kelvin_and_duv(self, multipliers: Array) -> tuple[float, float] | None:
        """Colour temperature and Duv that gains R, G, B stand for; None when they fit no white."""
        xy = self.white(multipliers)
        found = correlated(xy) if xy is not None else None
        return (on_locus(found[0]), found[1]) if found else None

    def kelvin(self, multipliers: Array) -> float | None:
        """Colour temperature that gains R, G, B stand for; None when they fit no white."""
        found = self.kelvin_and_duv(multipliers)
        return found[0] if found else None

    def at(self, kelvin: float) -> Array:
        """The matrix for a white of ``kelvin``: interpolated in mired between the two, held outside them."""
        (cool, warm), (low, high) = self._ordered()
        return np.asarray(_hdri().models.dng.matrix_interpolated(kelvin, low, high, cool, warm), np.float64)

    def _ordered(self) -> tuple[tuple[Array, Array], tuple[float, float]]:
        """The matrices by rising colour temperature; one matrix counts as two equal ones."""
        if self.second is None or self.first_kelvin == self.second_kelvin:
            return (self.first, self.first), (2856.0, 6504.0)
        if self.first_kelvin < self.second_kelvin:
            return (self.first, self.second), (self.first_kelvin, self.second_kelvin)
        return (self.second, self.first), (self.second_kelvin, self.first_kelvin)

    def _matrices(self) -> tuple[float, float, Array, Array, Array, Array, Array]:
        """As colour-hdri takes them: kelvins, colour matrices, calibrations, analogue balance."""
        (first, second), (low, high) = self._ordered()
        return low, high, first, second, np.eye(3), np.eye(3), np.ones(3)


@lru_cache(maxsize=1)
def _colour() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says which of its optional companions are not installed
        import colour
    return colour  # type: ignore[no-any-return,unused-ignore]


@lru_cache(maxsize=1)
def _hdri() -> ModuleType:
    _colour()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import colour_hdri
        import colour_hdri.models.dng
    return colour_hdri  # type: ignore[no-any-return,unused-ignore]
