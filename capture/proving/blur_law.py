"""Aperture and focus by what they do to sharpness: each frame is placed among the others by the detail of its blocks.

A thin lens blurs a point at distance D by a disc of width f²·|1/D − 1/focus|/N, so stopping down sharpens what lies out of
focus, and moving the focus moves the sharp zone. The blocks' depths are not known, but they are the same in all frames:
between its neighbours in f-number (or dioptres) a frame's detail must lie between theirs. So the setting at
which the other frames, interpolated, look most like this one is what the pixels say of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture.proving.material import Material
from capture.proving.proof import Check, Verdict
from capture.proving.tolerances import APERTURE_EV, FOCUS_DIOPTRES

NAME = "blur"
Floats = NDArray[np.float64]

LEAST_CORRELATION, LEAST_STRENGTH = 0.5, 0.01
LEAST_BLOCKS = 6
LEAST_CHANGE = 0.12
"""Change of log detail over the series (90th percentile of blocks) below which nothing is out of focus anywhere."""
BASIS = 24
CONTRAST, END_CONTRAST = 2.0, 3.0
"""Times worse that the claimed setting must fit than the best one before a frame is refused for it; the first and the last
frame are held against an extrapolation, which must be clearer."""
LEAST_FRAMES = 5
"""Frames of a series in which one can be refused for its blur: four others to lie among."""


@dataclass(frozen=True)
class Placed:
    """Where each frame lies by its detail, and how far around that it looks the same (NaN: not measurable).

    ``contrast`` is how much worse the claimed setting fits than the best one; ``change`` the log detail that changes over the series;
    ``backwards``: most of what changes gets blurrier as the coordinate rises.
    """

    at: list[float]
    width: list[float]
    contrast: list[float]
    change: float
    backwards: bool = False


@dataclass(frozen=True)
class Scale:
    """How a setting is placed: its coordinate, the word for it, the unit of the coordinate and the tolerance."""

    coordinate: Callable[[float], float]
    value: Callable[[float], str]
    tag: str
    unit: str
    tolerance: float


SCALES = {
    "aperture": Scale(lambda n: 2 * math.log2(n), lambda x: f"f/{2 ** (x / 2):.3g}", "FNumber", "EV", APERTURE_EV),
    "focus_distance": Scale(lambda d: 1 / d, lambda x: f"{1 / max(x, 1e-3):.3g} m", "focus distance", "1/m", FOCUS_DIOPTRES),
}


def measure(material: Material) -> Placed:
    """Place every frame among the others."""
    scale = SCALES[material.attribute]
    x = np.array([scale.coordinate(value) for value in material.values])
    profile = np.stack([_profile(material, index) for index in range(material.count)])
    seen = np.isfinite(profile)
    span = np.nanpercentile(np.where(seen, profile, np.nan), [5, 95], axis=0) if seen.any() else np.zeros((2, 1))
    with np.errstate(invalid="ignore"):
        moves = (span[1] - span[0])[seen.sum(axis=0) >= max(3, material.count // 2)]
    change = float(np.nanpercentile(moves, 90)) if moves.size >= LEAST_BLOCKS else 0.0
    if change < LEAST_CHANGE or material.count < 3:
        nothing = [math.nan] * material.count
        return Placed(nothing, nothing, nothing, change)
    return replace(_place(x, profile, scale.tolerance, change), backwards=_backwards(x, profile))


def _backwards(x: Floats, profile: Floats) -> bool:
    """Whether detail falls as ``x`` rises in most of the blocks in which it changes."""
    falls = rises = 0
    for block in profile.T:
        seen = np.isfinite(block)
        if seen.sum() < max(3, len(x) // 2) or np.ptp(block[seen]) < LEAST_CHANGE:
            continue
        slope = float(((x[seen] - x[seen].mean()) * (block[seen] - block[seen].mean())).sum())
        falls, rises = falls + (slope < 0), rises + (slope > 0)
    return falls > rises


def _place(x: Floats, profile: Floats, tolerance: float, change: float) -> Placed:
    """Leave-one-out placing; the frame that fits worst leaves the basis of the others, and again, while any is beyond tolerance."""
    known = np.flatnonzero(np.isfinite(profile).sum(axis=1) >= LEAST_BLOCKS)
    basis = [int(known[round(i)]) for i in np.linspace(0, len(known) - 1, min(BASIS, len(known)))]
    while True:
        among = {i: _nearest(x, profile, [j for j in basis if j != i], i) for i in basis}
        off = [(abs(at - x[i]) - width, i) for i, (at, width, _) in among.items() if math.isfinite(at)]
        worst = max(off, default=(0.0, -1))
        if worst[0] <= tolerance or len(basis) <= max(3, len(x) // 2):
            found = [among[i] if i in among else _nearest(x, profile, basis, i) for i in range(len(x))]
            at, width, contrast = ([one[k] for one in found] for k in range(3))
            return Placed(at, width, contrast, change)
        basis.remove(worst[1])


def _nearest(x: Floats, profile: Floats, basis: Sequence[int], index: int) -> tuple[float, float, float]:
    """Coordinate at which the interpolated ``basis`` looks most like frame ``index``, half width of what fits as well, contrast."""
    order = sorted(basis, key=lambda j: (x[j], j))
    if len(order) < 2 or np.isfinite(profile[index]).sum() < LEAST_BLOCKS:
        return math.nan, math.nan, math.nan
    known = x[order]
    step = float(np.median(np.diff(known))) or 1.0
    tries = np.linspace(min(known[0], x[index]) - step, max(known[-1], x[index]) + step, 121)
    costs = np.full(len(tries), np.inf)
    for at, value in enumerate(tries):
        upper = int(np.clip(np.searchsorted(known, value), 1, len(known) - 1))
        low, high = order[upper - 1], order[upper]
        share = (value - x[low]) / max(x[high] - x[low], 1e-9)
        guess = profile[low] + min(max(share, -1.0), 2.0) * (profile[high] - profile[low])
        apart = np.abs(guess - profile[index])
        apart = apart[np.isfinite(apart)]
        if apart.size >= LEAST_BLOCKS:
            costs[at] = float(np.minimum(apart, 1.0).mean())
    if not np.isfinite(costs).any():
        return math.nan, math.nan, math.nan
    best = float(costs.min())
    fits = tries[costs <= best * 1.25 + 0.005]
    own = float(costs[int(np.abs(tries - x[index]).argmin())])
    return float(tries[int(costs.argmin())]), float(fits.max() - fits.min()) / 2, own / max(best, 1e-3)


def _profile(material: Material, index: int) -> Floats:
    """Log detail of every block and band against the reference; NaN where it is not known."""
    compared: Mapping[str, Any] | None = material.compared(index)
    template = next((c["detail"] for c in material.comparisons if c and c.get("found") and "detail" in c), None)
    if template is None:
        return np.full(1, np.nan)
    length = sum(len(band) for band in template["slope"])
    if index == material.reference:
        return np.zeros(length)
    if not compared or not compared.get("found") or "detail" not in compared:
        return np.full(length, np.nan)
    flat = {
        key: np.array([np.nan if v is None else v for band in compared["detail"][key] for v in band], float)
        for key in ("slope", "correlation", "strength")
    }
    good = (flat["correlation"] > LEAST_CORRELATION) & (flat["strength"] > LEAST_STRENGTH) & (flat["slope"] > 0.02)
    return np.where(good, np.log(np.clip(flat["slope"], 0.02, 50)), np.nan)


def check(material: Material, found: Placed, index: int, decides: bool) -> Check:
    """The law on one frame."""
    scale = SCALES[material.attribute]
    name, x = material.name(index), scale.coordinate(material.values[index])
    claimed = x - scale.coordinate(material.values[material.reference])
    at, width = found.at[index], found.width[index]
    if not math.isfinite(at) or width > 1.5 * scale.tolerance:
        why = "nothing in it is out of focus enough" if found.change < LEAST_CHANGE else "its blur fits too wide a range of settings"
        return Check(
            NAME,
            Verdict.UNKNOWN,
            f"{name}: {scale.tag} could not be verified, {why}",
            claimed,
            None,
            None,
            scale.tolerance,
            scale.unit,
            decides,
        )
    if found.backwards and material.attribute == "aperture":  # placing among the others cannot tell an order from its reverse
        said = f"{name}: {scale.tag} could not be verified, most of the picture gets blurrier as it rises; are the f-numbers reversed?"
        return Check(NAME, Verdict.UNKNOWN, said, claimed, None, None, scale.tolerance, scale.unit, decides)
    residual, allowed = at - x, scale.tolerance + width
    figures = (round(claimed, 4), round(claimed + residual, 4), round(residual, 4), round(allowed, 4), scale.unit)
    if abs(residual) <= allowed:
        said = f"{name}: as sharp as {scale.value(at)} among the other frames, {scale.tag} {scale.value(x)}"
        return Check(NAME, Verdict.PROVED, said, *figures, decides)
    said = f"{name}: it looks like {scale.value(at)} among the other frames, but its {scale.tag} says {scale.value(x)}"
    others = [value for i, value in enumerate(material.values) if i != index]
    between = min(others) < material.values[index] < max(others)
    sure = decides and material.count >= LEAST_FRAMES and found.contrast[index] > (CONTRAST if between else END_CONTRAST)
    return Check(NAME, Verdict.REFUSED if sure else Verdict.UNKNOWN, said, *figures, decides)
