"""What is looked for in every frame whatever the series varies: black, duplicate, another scene, moved, out of range."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from capture.developing.recipe import UNMOVED, Transform
from capture.proving.alignment import drift as largest_shift
from capture.proving.material import Material
from capture.proving.proof import Check, Verdict
from capture.proving.tolerances import (
    DRIFT_PX,
    DRIFT_SHARE,
    LEAST_OVERLAP,
    LEAST_PIXELS,
    MATCH_FAR,
    MATCH_OTHER,
    MATCH_SAME,
    MOVING_BALANCE,
    MOVING_SHARE,
    OVEREXPOSED,
    UNDEREXPOSED,
)

BLACK = 2e-4
"""Brightest block of a black frame, 1 = white."""


def exposure_flags(material: Material, index: int) -> list[str]:
    """Overexposed, underexposed, moving."""
    report, flags = material.reports[index], []
    if max(report["clipped"].values()) > OVEREXPOSED:
        flags.append("overexposed")
    if report["black"].get("G", 0.0) > UNDEREXPOSED:
        flags.append("underexposed")
    compared = material.compared(index)
    least = MOVING_BALANCE if material.attribute == "white_balance" else MOVING_SHARE
    same = report["mosaic_sha256"] == material.reports[material.reference]["mosaic_sha256"]
    if compared and not same and compared["found"] and compared["moving"]["share"] > least:
        flags.append("moving")
    if material.shots[index].flash and material.flashed < material.count:
        flags.append("flash")
    return flags


def black_check(material: Material, claims: Sequence[float] | None, index: int) -> Check | None:
    """A frame without light where the others say there must be some; None for a frame with light."""
    top = _brightest(material, index)
    if top > BLACK:
        return None
    others = [_brightest(material, i) * 2 ** (claims[index] - claims[i] if claims else 0.0) for i in range(material.count) if i != index]
    expected = sorted(others)[len(others) // 2] if others else 0.0
    name = material.name(index)
    if expected > 10 * BLACK:
        said = f"{name}: is black, where its metadata and the other frames promise {min(expected, 1.0):.0%} of full scale"
        return Check("black", Verdict.REFUSED, said, round(expected, 5), round(top, 6), None, BLACK, "share")
    return Check("black", Verdict.UNKNOWN, f"{name}: is too dark to show anything", round(expected, 5), round(top, 6), None, BLACK, "share")


def _brightest(material: Material, index: int) -> float:
    values = [1.0 if value is None else value for value in material.reports[index]["grid"]["green"]]
    return max(values)


def scene_check(material: Material, index: int) -> Check:
    """Whether the frame shows the reference's scene."""
    name, compared = material.name(index), material.compared(index)
    if index == material.reference:
        return Check(
            "scene", Verdict.PROVED, f"{name}: is what the others are compared with", 1.0, 1.0, 0.0, unit="correlation", decides=False
        )
    match = compared.get("match") if compared else None
    if match is None:
        said = f"{name}: shares too little with the reference that is neither clipped nor dark"
        return Check("scene", Verdict.UNKNOWN, said, 1.0, None, None, MATCH_SAME, "correlation", decides=False)
    far = not (compared and compared["found"]) or _shift_of(material, compared) > DRIFT_SHARE * min(material.size)
    least = MATCH_FAR if far else MATCH_SAME
    figures = (1.0, match, round(match - 1, 4), least, "correlation")
    if match >= least:
        said = f"{name}: shows the scene of the reference (correlation {match:.2f})"
        return Check("scene", Verdict.PROVED, said, *figures, decides=False)
    seen = compared["overlap"] if compared else 0.0
    enough = seen * material.size[0] * material.size[1] >= LEAST_PIXELS and (seen >= LEAST_OVERLAP or match < MATCH_OTHER)
    if enough and (far or match < MATCH_OTHER):
        return Check("scene", Verdict.REFUSED, f"{name}: shows another scene than the reference (correlation {match:.2f})", *figures)
    return Check(
        "scene", Verdict.UNKNOWN, f"{name}: may show another scene than the reference (correlation {match:.2f})", *figures, decides=False
    )


def _shift_of(material: Material, compared: Mapping[str, Any]) -> float:
    transform: Transform = tuple(compared["transform"])
    return largest_shift(without_scale(transform, material.size), material.size)


def alignment_check(material: Material, index: int) -> tuple[Check, Transform, float]:
    """Where the frame lies: the check, the transform to use, and its drift in pixels beyond the magnification that is claimed."""
    name, compared = material.name(index), material.compared(index)
    if index == material.reference:
        return Check("alignment", Verdict.PROVED, f"{name}: is the reference", 0.0, 0.0, 0.0, DRIFT_PX, "px", False), UNMOVED, 0.0
    if not compared or not compared["found"]:
        said = f"{name}: could not be laid on the reference; whether the camera moved is not known"
        return Check("alignment", Verdict.UNKNOWN, said, 0.0, None, None, DRIFT_PX, "px", True), UNMOVED, 0.0
    transform: Transform = tuple(compared["transform"])
    if material.attribute == "focal_length":
        transform = without_scale(transform, material.size)  # magnification is the subject there, not a fault
    moved = largest_shift(transform, material.size)
    if material.reports[index]["mosaic_sha256"] == material.reports[material.reference]["mosaic_sha256"]:
        transform, moved = UNMOVED, 0.0
    elif moved < DRIFT_PX + 2 * compared["error"]:
        transform = UNMOVED
    limit = DRIFT_SHARE * min(material.size)
    figures = (0.0, round(moved, 3), round(moved, 3), DRIFT_PX, "px")
    if moved > limit:
        said = f"{name}: the camera moved by {moved:.0f} px of {min(material.size)}; too much to share a crop (limit {limit:.0f} px)"
        return Check("alignment", Verdict.REFUSED, said, 0.0, round(moved, 3), round(moved, 3), limit, "px"), UNMOVED, moved
    back = transform != UNMOVED
    said = f"{name}: lies {moved:.2f} px from the reference" + (", and is laid back onto it" if back else "")
    return Check("alignment", Verdict.PROVED, said, *figures, False), transform, moved


def without_scale(transform: Transform, size: tuple[int, int]) -> Transform:
    """Shift of the middle and rotation about it, without the magnification."""
    matrix = np.array(transform).reshape(2, 3)
    linear = matrix[:, :2] / np.hypot(matrix[0, 0], matrix[1, 0])
    middle = np.array([(size[0] - 1) / 2, (size[1] - 1) / 2])
    offset = matrix[:, :2] @ middle + matrix[:, 2] - linear @ middle
    a, b, x, c, d, y = (round(float(v), 6) for v in np.column_stack([linear, offset]).ravel())
    return a, b, x, c, d, y


def twins(material: Material) -> list[list[int]]:
    """Groups of frames with the same pixels; under white balance, where equal mosaics are the rule, with the same multipliers too."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for index in range(material.count):
        gains = material.shots[index].gains if material.attribute == "white_balance" else None
        groups.setdefault((material.reports[index]["mosaic_sha256"], gains), []).append(index)
    return [group for group in groups.values() if len(group) > 1]


def same_label(one: float, two: float) -> bool:
    """Whether two labels are one setting."""
    return math.isclose(one, two, rel_tol=1e-3, abs_tol=1e-3)
