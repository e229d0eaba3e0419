"""A DNG's own white balance and colour matrices (DNG specification 1.4, chapter 6), from its tags alone.

LibRaw would have to unpack the whole mosaic before rawpy shows them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from capture.colour_temperature import ILLUMINANT_KELVIN, Array, ColourProfile, white_xyz
from capture.reading.shot import Gains
from capture.reading.tiff import ANALOG_BALANCE, AS_SHOT_NEUTRAL, AS_SHOT_WHITE, MATRICES, Directory, number

_D65_CODE = 21
_D65_KELVIN = 6504.0


def dng_profile(tags: Directory) -> ColourProfile | None:
    """The profile of a DNG's first directory: analogue balance · calibration · matrix for each light; None without a matrix."""
    balance = _sound(tags.get(ANALOG_BALANCE), 3)
    analogue = np.diag(balance) if balance is not None else np.eye(3)
    found = []
    for matrix_tag, calibration_tag, light_tag in MATRICES:
        matrix, calibration = _sound(tags.get(matrix_tag), 9), _sound(tags.get(calibration_tag), 9)
        if matrix is None:
            continue
        whole = analogue @ (calibration.reshape(3, 3) if calibration is not None else np.eye(3)) @ matrix.reshape(3, 3)
        found.append((whole, ILLUMINANT_KELVIN.get(int(number(tags, light_tag) or _D65_CODE), _D65_KELVIN)))
    if len(found) == 2:
        return ColourProfile(found[0][0], found[0][1], found[1][0], found[1][1])
    return ColourProfile(found[0][0], found[0][1]) if found else None


def body_profile(matrix: Array) -> ColourProfile | None:
    """The profile of a body that LibRaw knows, from its XYZ → camera matrix; None for one that it does not (all zeros)."""
    return ColourProfile(matrix) if np.isfinite(matrix).all() and np.abs(matrix).sum() > 0 else None


def dng_gains(tags: Directory, profile: ColourProfile | None) -> Gains | None:
    """As-shot gains from AsShotNeutral, else from AsShotWhiteXY through the profile (LibRaw does not know the latter)."""
    neutral = _sound(tags.get(AS_SHOT_NEUTRAL), 3)
    if neutral is None and profile is not None:
        xy = _sound(tags.get(AS_SHOT_WHITE), 2)
        if xy is not None and 0.1 < xy[0] < 0.7 and 0.1 < xy[1] < 0.7:
            neutral = profile.at(_rough_kelvin(xy)) @ white_xyz(xy)
    return None if neutral is None else usable_gains(1 / np.where(neutral == 0, np.nan, neutral))


def usable_gains(gains: Sequence[float] | Array) -> Gains | None:
    """Gains with green 1; None when one of them is zero, negative, no number, or absurd."""
    red, green, blue = (float(gain) for gain in gains[:3])
    if not all(np.isfinite(gain) and gain > 0 for gain in (red, green, blue)):
        return None
    found = (red / green, 1.0, blue / green)
    return found if all(1e-3 < gain < 1e3 for gain in found) else None


def _rough_kelvin(xy: Array) -> float:
    """C. S. McCamy, Color Res. Appl. 17 (1992) 142: good to some kelvins, which is enough to weigh two matrices."""
    n = (xy[0] - 0.3320) / (0.1858 - xy[1]) if xy[1] != 0.1858 else 0.0
    return float(np.clip(449 * n**3 + 3525 * n**2 + 6823.3 * n + 5520.33, 1667, 25000))


def _sound(values: Sequence[float] | None, count: int) -> Array | None:
    if values is None or len(values) != count:
        return None
    found = np.array(values, np.float64)
    return found if np.isfinite(found).all() and np.abs(found).max() < 1e6 and np.abs(found).sum() > 0 else None
