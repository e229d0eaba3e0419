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
_TEXTURES = np.linspace(0.0, 0.98, 50)
"""Shares of the least slope of a series that may be texture instead of noise."""
_TEXTURE_ERROR = 0.1
"""Standard error of the texture, as a share of it: frames of one brightness share it that closely."""
_FEWEST = 5
"""Frames from which a texture that they share is looked for: one parameter more, and one of them may be wrong."""


@dataclass(frozen=True)
class Slopes:
    """log2 of the slope of each frame over ISO, against the median frame, and its standard error (NaN: not measurable).

    ``pattern`` is the fixed pattern's standard deviation over the mean, ``texture`` the part of every slope that the scene makes.
    """

    residual: list[float]
    error: list[float]
    pattern: float = 0.0
    texture: float = 0.0


def measure(material: Material, held: bool = False) -> Slopes:
    """Fit every frame's slope with one fixed pattern for the body.

    ``held``: all frames are equally bright, so what the scene's finest texture adds to the slopes is the same in all of them; it is
    taken off where that explains the series clearly better.
    """
    laws = [report.get("noise") for report in material.reports]
    pattern = min(_PATTERNS, key=lambda p: _misfit(laws, float(p)))
    slopes = [_slope(law, float(pattern)) if law else (0.0, math.inf) for law in laws]
    isos = [shot.iso.value if shot.iso else 0.0 for shot in material.shots]
    texture = _shared_texture(slopes, isos) if held else 0.0
    residual, error = [], []
    for iso, (slope, spread) in zip(isos, slopes, strict=True):
        rest = slope - texture
        if iso <= 0 or rest <= 0 or not math.isfinite(spread):
            residual.append(math.nan)
            error.append(math.nan)
            continue
        residual.append(math.log2(rest / iso))
        error.append(math.hypot(spread, _TEXTURE_ERROR * texture) / rest / math.log(2))
    centre = _weighted_median(residual, error)
    return Slopes([value - centre for value in residual], error, float(pattern), texture)


def _shared_texture(slopes: Sequence[tuple[float, float]], isos: Sequence[float]) -> float:
    """The slope that all frames share, so that the rest goes with ISO; 0 unless that fits clearly better."""
    known = [(slope, iso) for (slope, spread), iso in zip(slopes, isos, strict=True) if slope > 0 and iso > 0 and math.isfinite(spread)]
    if len(known) < _FEWEST:
        return 0.0
    slope, iso = (np.array(column) for column in zip(*known, strict=True))
    tried = [float(share * slope.min()) for share in _TEXTURES]
    scatter = []
    for texture in tried:
        logs = np.log2((slope - texture) / iso)
        scatter.append(float(np.minimum(np.abs(logs - np.median(logs)), NOISE_EV).mean()))  # bounded: some labels may be false
    best = int(np.argmin(scatter))
    return tried[best] if scatter[best] < 0.7 * scatter[0] - 0.03 else 0.0


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
