"""The exposure law: raw numbers rise with t·ISO/N². Finished pictures have tone curves, so there only the order counts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from capture.proving.brightness import Brightness, brightness, claimed_ev
from capture.proving.material import Material
from capture.proving.proof import Check, Verdict
from capture.proving.tolerances import BRIGHTNESS_EV, CLEARLY_EV, FLICKER_EV, LIGHT_DRIFT_EV, NAMES_EV, OPPOSITE_EV
from capture.reading.shot import Shot

NAME = "brightness"
_TREND = 200
"""Frames that a trend is taken from at most."""
_TAGS = {"exposure": "ExposureTime", "iso": "ISO", "aperture": "FNumber"}


def claims_of(material: Material) -> list[float] | None:
    """EV that the metadata claim of each frame; None when one of them does not say."""
    if material.attribute == "exposure":
        return list(material.values)
    found = [claimed_ev(shot) for shot in material.shots]
    return None if any(ev is None for ev in found) else [float(ev) for ev in found if ev is not None]


def measure(material: Material, claims: Sequence[float]) -> Brightness:
    """Brightness of all frames against ``claims``; by aligned pictures where the frames show things at different sizes."""
    if material.attribute == "focal_length":
        return _from_comparisons(material, claims)
    return brightness(material.reports, claims, central=material.attribute == "aperture")


def best_explained(material: Material, found: Brightness) -> Brightness:
    """``found``, or the residuals against the settings behind their rounded names (1/64 for 1/60) where those fit clearly better."""
    exact = [_exact(shot) for shot in material.shots]
    claims = [ev for ev in exact if ev is not None]
    if len(claims) < material.count:
        return found
    other = measure(material, claims)
    return other if _scatter(other) < 0.7 * _scatter(found) - 0.003 else found


def _exact(shot: Shot) -> float | None:
    """`claimed_ev` with shutter and f-number on the third-stop scale, None for a shutter that is not near it."""
    ev = claimed_ev(shot)
    if ev is None or shot.shutter is None:
        return None
    stops = math.log2(shot.shutter.value)
    shift = round(3 * stops) / 3 - stops
    if shot.f_number and shot.f_number.value > 0:
        number = 2 * math.log2(shot.f_number.value)
        shift -= round(3 * number) / 3 - number
    return ev + shift if abs(shift) < NAMES_EV else None


def _scatter(found: Brightness) -> float:
    known = found.residual[np.isfinite(found.residual)]
    return float(np.median(np.abs(known - np.median(known)))) if known.size else math.inf


def _from_comparisons(material: Material, claims: Sequence[float]) -> Brightness:
    residual = np.zeros(material.count)
    for index in range(material.count):
        compared = material.compared(index)
        seen = compared.get("ev") if compared and compared["found"] else None
        if index != material.reference:
            residual[index] = math.nan if seen is None else seen - (claims[index] - claims[material.reference])
    known = residual[np.isfinite(residual)]
    return Brightness(residual - float(np.median(known)), np.full(material.count, 0.02), np.full(material.count, 100))


def check(material: Material, found: Brightness, claims: Sequence[float], index: int) -> Check:
    """The law on one frame."""
    tolerance = BRIGHTNESS_EV[material.attribute]
    residual = float(found.residual[index])
    claimed = claims[index] - claims[material.reference]
    name, decides = material.name(index), material.attribute in _TAGS or not material.raw
    if not math.isfinite(residual):
        why = "too little of it is neither clipped nor lost in noise in another frame too"
        return Check(
            NAME, Verdict.UNKNOWN, f"{name}: brightness could not be measured, {why}", claimed, None, None, tolerance, "EV", decides
        )
    if material.count == 2:  # two frames: the reference is right by definition
        residual -= float(found.residual[material.reference])
    measured = claimed + residual
    figures = (round(claimed, 4), round(measured, 4), round(residual, 4), tolerance, "EV")
    if not material.raw:
        return _of_finished(name, figures, decides)
    allowed = tolerance + 3 * float(found.error[index])
    tag = _TAGS.get(material.attribute, "ExposureTime, ISO and FNumber")
    if abs(residual) <= allowed:
        said = f"{name}: {measured:+.2f} EV measured, {claimed:+.2f} EV by {tag}"
        return Check(NAME, Verdict.PROVED, said, *figures, decides)
    said = f"{name}: the raw numbers are {measured:+.2f} EV, but {tag} claims {claimed:+.2f} EV (tolerance {tolerance:g} EV)"
    return Check(NAME, Verdict.REFUSED, said, *figures, decides)


def _of_finished(name: str, figures: tuple[float, float, float, float, str], decides: bool) -> Check:
    claimed, measured, *_ = figures
    if abs(claimed) > CLEARLY_EV and claimed * measured < 0 and abs(measured) > OPPOSITE_EV:
        said = f"{name}: the picture is {measured:+.2f} EV, but its metadata claim {claimed:+.2f} EV: the opposite"
        return Check(NAME, Verdict.REFUSED, said, *figures, decides)
    said = (
        f"{name}: {measured:+.2f} EV seen, {claimed:+.2f} EV by its metadata; a tone curve bends finished pictures, so this proves nothing"
    )
    return Check(NAME, Verdict.UNKNOWN, said, *figures, decides)


def light_flags(material: Material, found: Brightness) -> tuple[dict[int, list[str]], list[str]]:
    """Frames whose light flickered, and notes on light that changed steadily."""
    flags: dict[int, list[str]] = {}
    notes: list[str] = []
    known = [i for i in range(material.count) if math.isfinite(found.residual[i])]
    if not material.raw or len(known) < 3:
        return flags, notes
    order = sorted(known, key=lambda i: material.shots[i].order)
    residual = np.array([found.residual[i] for i in order])
    trend = np.zeros(len(order))
    if len(order) >= 5:
        at = np.arange(len(order), dtype=float)
        chosen = np.unique(np.linspace(0, len(order) - 1, min(_TREND, len(order))).round().astype(int))
        one, two = (chosen[k] for k in np.triu_indices(len(chosen), 1))
        slopes = (residual[two] - residual[one]) / (two - one)  # Theil 1950, Sen 1968
        slope = float(np.median(slopes))
        trend = slope * (at - at.mean())
        change = slope * (len(order) - 1)
        agree = float(np.mean(np.sign(slopes) == np.sign(slope)))
        if abs(change) > LIGHT_DRIFT_EV and agree > 0.85:
            notes.append(f"the light changed steadily by {change:+.2f} EV from the first frame taken to the last")
            for i in order:
                flags.setdefault(i, []).append("light drift")
        else:
            trend[:] = 0.0
    rest = residual - trend
    rest -= np.median(rest)
    for i, value in zip(order, rest, strict=True):
        if abs(value) > FLICKER_EV + 3 * found.error[i]:
            flags.setdefault(i, []).append("flicker")
    return flags, notes
