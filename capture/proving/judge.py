"""The judgement on a series: every law on every frame, a verdict each, the shared crop, and whether the reference holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from capture.developing.recipe import UNMOVED
from capture.proving import blur_law, exposure_law, focal_law, noise_law, white_balance_law
from capture.proving.banding import amplitudes
from capture.proving.crop import shared_crop
from capture.proving.frame_checks import alignment_check, black_check, exposure_flags, same_label, scene_check, twins
from capture.proving.material import Material
from capture.proving.proof import Check, FrameProof, Proof, Verdict, worst
from capture.proving.tolerances import BANDING_EV
from capture.reading.shot import Shot

HELD_EV, HELD_SHARE = 0.25, 0.6
"""A series is held by the shutter when this share of its frames claims a brightness within so many EV of the median's."""


def judge(
    attribute: str, shots: Sequence[Shot], values: Sequence[float], reports: Sequence[Mapping[str, Any]],
    comparisons: Sequence[Mapping[str, Any] | None], *, reference: int, size: tuple[int, int],
) -> Proof:  # fmt: skip
    """Judge a series of at least two frames.

    ``reports`` are those of `gather`, ``comparisons`` those of `compare` with frame ``reference`` (its own is ignored);
    ``size`` is the width and height of the working picture. Pure: the same arguments give the same proof.
    """
    material = Material(attribute, shots, values, reports, comparisons, reference, size)
    claims = exposure_law.claims_of(material)
    checks: list[list[Check]] = [[] for _ in shots]
    flags: list[list[str]] = [exposure_flags(material, index) for index in range(material.count)]
    frames: list[FrameProof] = []
    notes: list[str] = []
    placed = []
    for index in range(material.count):
        black = black_check(material, claims, index)
        if black:
            checks[index].append(black)
            flags[index].append("black")
        scene = scene_check(material, index)
        checks[index].append(scene)
        if scene.verdict is Verdict.REFUSED:
            flags[index].append("stray")
        alignment, transform, moved = alignment_check(material, index)
        checks[index].append(alignment)
        placed.append((transform, moved))
        if transform != UNMOVED or alignment.verdict is Verdict.REFUSED:
            flags[index].append("camera moved")
        if alignment.verdict is Verdict.UNKNOWN:
            flags[index].append("unaligned")
    for index, amplitude in enumerate(amplitudes(material)):
        if amplitude > BANDING_EV:
            flags[index].append("banding")
    notes += _laws(material, claims, checks, flags)
    _twins(material, checks, flags)
    for index in range(material.count):
        transform, moved = placed[index]
        frames.append(
            FrameProof(worst(checks[index]), tuple(checks[index]), tuple(dict.fromkeys(flags[index])), transform, round(moved, 4))
        )
    frames[reference] = _alone(material, frames)
    accepted = [frame for frame in frames if frame.verdict is not Verdict.REFUSED]
    align = any(frame.transform != UNMOVED for frame in accepted)
    crop = shared_crop([frame.transform for frame in accepted], size)
    return Proof(tuple(frames), crop, align, _another(material, frames), tuple(notes))


def _laws(material: Material, claims: list[float] | None, checks: list[list[Check]], flags: list[list[str]]) -> list[str]:
    """Add the laws' checks to ``checks`` and what they show to ``flags``; notes on the series."""
    notes: list[str] = []
    everyone = range(material.count)
    held = claims is not None and _held(claims)
    if claims is not None:
        found = exposure_law.measure(material, claims)
        for index in everyone:
            checks[index].append(exposure_law.check(material, found, claims, index))
        unsteady, notes = exposure_law.light_flags(material, exposure_law.best_explained(material, found))
        for index, words in unsteady.items():
            flags[index] += words
    else:
        for index in everyone:
            said = f"{material.name(index)}: some frames do not say their shutter time, so brightness predicts nothing"
            checks[index].append(
                Check("brightness", Verdict.UNKNOWN, said, unit="EV", decides=material.attribute in ("exposure", "iso", "aperture"))
            )
    if material.raw and any(shot.iso for shot in material.shots):
        slopes = noise_law.measure(material, held)
        for index in everyone:
            checks[index].append(noise_law.check(material, slopes, index, material.attribute == "iso" and held))
            profile = noise_law.check_profile(material, slopes, index)
            if profile:
                checks[index].append(profile)
    if material.attribute in blur_law.SCALES:
        at = blur_law.measure(material)
        for index in everyone:
            checks[index].append(blur_law.check(material, at, index, material.attribute == "focus_distance" or held))
    if material.attribute == "white_balance":
        ratios = white_balance_law.ratios(material)
        for index in everyone:
            checks[index] += [white_balance_law.check(material, ratios, index), white_balance_law.check_multipliers(material, index)]
    if material.attribute == "focal_length":
        for index in everyone:
            checks[index].append(focal_law.check(material, index))
    return notes


def _held(claims: Sequence[float]) -> bool:
    middle = sorted(claims)[len(claims) // 2]
    return sum(abs(claim - middle) < HELD_EV for claim in claims) >= HELD_SHARE * len(claims)


def _twins(material: Material, checks: list[list[Check]], flags: list[list[str]]) -> None:
    """Refuse frames with the pixels of another: all of different labels but one that the laws single out, the later of equal ones."""
    for group in twins(material):
        good = [index for index in group if worst(checks[index]) is not Verdict.REFUSED]
        labels = [material.values[index] for index in group]
        equal = all(same_label(label, labels[0]) for label in labels)
        keeper = (good or group)[0] if equal else good[0] if len(good) == 1 else None
        for index in group:
            if index == keeper:
                continue
            flags[index].append("duplicate")
            other = material.name(next(i for i in group if i != index))
            what = "is set aside" if equal else "claims another setting"
            said = f"{material.name(index)}: has the very pixels of {other} and {what}"
            checks[index].append(Check("duplicate", Verdict.REFUSED, said))


def _lost(frame: FrameProof) -> bool:
    """Whether a frame shows another scene than the reference, or does not lie on it as far as one can tell."""
    return "stray" in frame.flags or any(check.name == "alignment" and check.verdict is not Verdict.PROVED for check in frame.checks)


def _alone(material: Material, frames: Sequence[FrameProof]) -> FrameProof:
    """The reference's proof; where most others do not lie on it, it may be what is wrong, and proves nothing by being its own measure."""
    own = frames[material.reference]
    lost = sum(_lost(frame) for frame in frames)
    if lost * 2 <= material.count - 1 or material.count < 3:
        return own
    said = f"{material.name(material.reference)}: {lost} of {material.count - 1} other frames do not lie on it; it may be damaged"
    checks = (*own.checks, Check("reference", Verdict.UNKNOWN, said))
    return replace(own, verdict=worst(checks), checks=checks)


def _another(material: Material, frames: Sequence[FrameProof]) -> int | None:
    """The frame to compare with instead, where the reference is refused or most others do not lie on it."""
    lost = [index for index, frame in enumerate(frames) if _lost(frame)]
    others = material.count - 1
    if frames[material.reference].verdict is not Verdict.REFUSED and len(lost) * 2 <= others:
        return None
    candidates = lost if len(lost) * 2 > others else [i for i, frame in enumerate(frames) if frame.verdict is not Verdict.REFUSED]
    candidates = [index for index in candidates if index != material.reference and "black" not in frames[index].flags]
    if not candidates:
        return None
    middle = sorted(candidates, key=lambda index: (material.values[index], index))[len(candidates) // 2]
    return middle


__all__ = ["Check", "FrameProof", "Proof", "Verdict", "judge"]
