"""ISO by its noise alone: the slope of variance over mean is the gain in numbers per electron, which ISO sets.

The fixed pattern of the sensor adds a term with the square of the mean (photo-response non-uniformity, EMVA 1288 section 2.4),
which is the same for every frame of a body and is fitted over all of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from capture.proving.material import Material
from capture.proving.noise import fit_line
from capture.proving.proof import Check, Verdict
from capture.proving.tolerances import NOISE_EV, NOISE_LIMIT_EV, PROFILE_EV

NAME = "noise"
_PATTERNS = (0.0, *np.geomspace(0.002, 0.03, 16))


@dataclass(frozen=True)
class Slopes:
    """log2 of the slope of each frame over ISO, against the median frame, and its standard error (NaN: not measurable).

    ``pattern`` is the fixed pattern's standard deviation over the mean.
    """

    residual: list[float]
    error: list[float]
    pattern: float = 0.0


def measure(material: Material) -> Slopes:
    """Fit every frame's slope with one fixed pattern for the body."""
    laws = [report.get("noise") for report in material.reports]
    pattern = min(_PATTERNS, key=lambda p: _misfit(laws, float(p)))
    residual, error = [], []
    for shot, law in zip(material.shots, laws, strict=True):
        slope, spread = _slope(law, float(pattern)) if law else (0.0, math.inf)
        if shot.iso is None or shot.iso.value <= 0 or slope <= 0 or not math.isfinite(spread):
            residual.append(math.nan)
            error.append(math.nan)
            continue
        residual.append(math.log2(slope / shot.iso.value))
        error.append(spread / slope / math.log(2))
    centre = _weighted_median(residual, error)
    return Slopes([value - centre for value in residual], error, float(pattern))


def check(material: Material, found: Slopes, index: int, decides: bool) -> Check:
    """The law on one frame, in EV of ISO."""
    shot, reference = material.shots[index], material.shots[material.reference]
    known = shot.iso and reference.iso and min(shot.iso.value, reference.iso.value) > 0
    claimed = math.log2(shot.iso.value / reference.iso.value) if known and shot.iso and reference.iso else None
    residual, error = found.residual[index], found.error[index]
    name = material.name(index)
    if claimed is None or not math.isfinite(residual) or NOISE_EV + 3 * error > NOISE_LIMIT_EV + NOISE_EV:
        said = f"{name}: its noise is not measurable well enough to confirm the ISO"
        return Check(NAME, Verdict.UNKNOWN, said, claimed, None, None, None, "EV", decides)
    if material.count == 2:
        residual -= found.residual[material.reference]
    tolerance = NOISE_EV + 3 * error
    measured = claimed + residual
    figures = (round(claimed, 4), round(measured, 4), round(residual, 4), round(tolerance, 4), "EV")
    iso = shot.iso.value if shot.iso else 0.0
    if abs(residual) <= tolerance:
        return Check(NAME, Verdict.PROVED, f"{name}: noise like ISO {iso * 2**residual:.0f}, ISO tag {iso:g}", *figures, decides)
    said = f"{name}: its noise is that of ISO {iso * 2**residual:.0f}, but the ISO tag says {iso:g}"
    return Check(NAME, Verdict.REFUSED if decides else Verdict.UNKNOWN, said, *figures, decides)


def check_profile(material: Material, found: Slopes, index: int) -> Check | None:
    """The noise against the file's own NoiseProfile, if it has one. It is a table of the maker's, so it never refuses alone."""
    law, profile = material.reports[index].get("noise"), material.reports[index].get("noise_profile")
    if not law or not profile:
        return None
    mean, variance = np.array(law["mean"]), np.array(law["variance"])
    promised = profile[0] * mean + profile[1] + (found.pattern * mean) ** 2
    residual = float(np.median(np.log2(variance / promised)))
    figures = (0.0, round(residual, 4), round(residual, 4), PROFILE_EV, "EV")
    good = abs(residual) <= PROFILE_EV
    said = f"{material.name(index)}: noise variance {residual:+.2f} EV against the file's NoiseProfile"
    return Check("noise_profile", Verdict.PROVED if good else Verdict.UNKNOWN, said, *figures, False)


def _slope(law: Mapping[str, Any], pattern: float) -> tuple[float, float]:
    mean, variance, error = (np.array(law[key], float) for key in ("mean", "variance", "error"))
    rest = variance - (pattern * mean) ** 2
    good = rest > 0.2 * variance
    if good.sum() < 2:
        return 0.0, math.inf
    slope, _, spread = fit_line(mean[good], rest[good], error[good] * variance[good] / rest[good])
    return slope, spread


def _misfit(laws: Sequence[Mapping[str, Any] | None], pattern: float) -> float:
    """Median absolute deviation of all bins from their frames' lines, in standard errors."""
    off: list[float] = []
    for law in laws:
        if not law:
            continue
        mean, variance, error = (np.array(law[key], float) for key in ("mean", "variance", "error"))
        slope, offset, _ = fit_line(mean, np.maximum(variance - (pattern * mean) ** 2, variance * 0.05), error)
        model = slope * mean + offset + (pattern * mean) ** 2
        off += list(np.minimum(np.abs(variance - model) / (error * np.maximum(model, 1e-12)), 10))
    return float(np.mean(off)) if off else 0.0


def _weighted_median(values: Sequence[float], errors: Sequence[float]) -> float:
    known = sorted((v, 1 / max(e, 1e-3)) for v, e in zip(values, errors, strict=True) if math.isfinite(v) and math.isfinite(e))
    if not known:
        return 0.0
    total, run = sum(w for _, w in known), 0.0
    for value, weight in known:
        run += weight
        if run >= total / 2:
            return value
    return known[-1][0]
