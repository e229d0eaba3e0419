"""Bands of light along the rows (or columns, of a turned picture) that a flickering lamp and a rolling shutter make.

The profile is the brightness ratio to the reference, so the scene cancels; the median over the frames takes out bands of
the reference itself, which then stand in its own.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from capture.proving.material import Material

Floats = NDArray[np.float64]

WAVES = np.arange(1.5, 20.01, 0.25)
"""Periods over the picture: 100 Hz under a read-out of 15 ms to 1 kHz under one of 20 ms."""
EXPLAINED = 0.5
"""Share of the profile's variance that one wave must explain."""
LEAST_KNOWN = 0.5


def amplitudes(material: Material) -> list[float]:
    """Amplitude in EV of the wave along the profile of each frame; 0 where there is none, and for finished pictures."""
    found = np.zeros(material.count)
    if not material.raw:  # a tone curve turns every difference of brightness into one that follows the scene
        return [0.0] * material.count
    if material.attribute == "white_balance" and material.mosaics:  # developed alike, the frames differ in colour; the mosaics do not
        return [_wave(profile) for profile in _raw_profiles(material)]
    for key in ("row_profile", "column_profile"):
        profiles = _profiles(material, key)
        if profiles is not None:
            found = np.maximum(found, [_wave(profile) for profile in profiles])
    return [float(value) for value in found]


def _raw_profiles(material: Material) -> Floats:
    rows = np.array([report["rows"] for report in material.reports], float)
    logs = np.log2(np.where((rows > 1e-3) & (rows < 0.9), rows, np.nan))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(logs - np.nanmedian(logs, axis=0))


def _profiles(material: Material, key: str) -> Floats | None:
    rows: list[list[float] | None] = []
    for index in range(material.count):
        compared = material.compared(index)
        known = compared and compared["found"] and key in compared
        rows.append([np.nan if v is None else v for v in compared[key]] if compared and known else None)
    length = next((len(row) for row in rows if row), 0)
    if not length:
        return None
    empty = [0.0] * length
    table = np.array([row if row else empty if i == material.reference else [np.nan] * length for i, row in enumerate(rows)], float)
    if material.count >= 4:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            table -= np.nanmedian(table, axis=0)
    return table


def _wave(profile: Floats) -> float:
    at = np.linspace(-1, 1, len(profile))
    known = np.isfinite(profile)
    if known.mean() < LEAST_KNOWN or known.sum() < 24:
        return 0.0
    x, y = at[known], profile[known]
    y = y - np.polyval(np.polyfit(x, y, 2), x)
    total = float(y @ y)
    if total < 1e-9:
        return 0.0
    best = (0.0, 0.0)
    for waves in WAVES:
        basis = np.column_stack([np.sin(np.pi * waves * x), np.cos(np.pi * waves * x)])
        weights, *_ = np.linalg.lstsq(basis, y, rcond=None)
        best = max(best, (1 - float(((y - basis @ weights) ** 2).sum()) / total, float(np.hypot(*weights))))
    return best[1] if best[0] > EXPLAINED else 0.0
