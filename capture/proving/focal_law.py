"""Focal length by the size at which things are seen: magnification is proportional to it as long as the focus stays."""

from __future__ import annotations

import math

from capture.proving.material import Material
from capture.proving.proof import Check, Verdict
from capture.proving.tolerances import SCALE

NAME = "magnification"


def check(material: Material, index: int) -> Check:
    """The law on one frame, as a ratio to the reference."""
    name = material.name(index)
    claimed = material.values[index] / material.values[material.reference]
    if index == material.reference:
        return Check(NAME, Verdict.PROVED, f"{name}: is what the others are measured against", 1.0, 1.0, 0.0, SCALE, "ratio")
    compared = material.compared(index)
    if not compared or not compared["found"]:
        said = f"{name}: could not be laid on the reference, so its focal length could not be verified"
        return Check(NAME, Verdict.UNKNOWN, said, claimed, None, None, SCALE, "ratio")
    measured = float(compared["scale"])
    residual = measured / claimed - 1
    allowed = SCALE + 0.1 * abs(math.log(claimed)) * SCALE
    figures = (round(claimed, 5), round(measured, 5), round(residual, 5), round(allowed, 5), "ratio")
    focal = material.values[material.reference] * measured
    if abs(residual) <= allowed:
        return Check(
            NAME,
            Verdict.PROVED,
            f"{name}: things are seen as large as at {focal:.4g} mm, FocalLength {material.values[index]:g} mm",
            *figures,
        )
    return Check(
        NAME,
        Verdict.REFUSED,
        f"{name}: things are seen as large as at {focal:.4g} mm, but FocalLength says {material.values[index]:g} mm",
        *figures,
    )
