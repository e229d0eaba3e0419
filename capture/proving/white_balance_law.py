"""White balance changes multipliers and nothing the sensor saw: the same numbers, or other numbers of the same light."""

from __future__ import annotations

import math

import numpy as np

from capture.proving.material import Material
from capture.proving.proof import Check, Verdict
from capture.proving.tolerances import RATIO_EV

NAME = "colour"
MULTIPLIERS = "multipliers"


def ratios(material: Material) -> list[tuple[float, float] | None]:
    """log2 of the sensor's R/G and B/G of each frame; None where a colour is clipped or lost."""
    found: list[tuple[float, float] | None] = []
    for report in material.reports:
        means, clipped = report["means"], report["clipped"]
        usable = all(c in means and means[c] > 1e-3 for c in "RGB") and max(clipped.values()) < 0.02
        found.append((math.log2(means["R"] / means["G"]), math.log2(means["B"] / means["G"])) if usable else None)
    return found


def check(material: Material, found: list[tuple[float, float] | None], index: int) -> Check:
    """Whether the sensor saw the same colours in this frame as in the others."""
    name = material.name(index)
    same = material.reports[index]["mosaic_sha256"] == material.reports[material.reference]["mosaic_sha256"]
    if same and material.mosaics:
        return Check(NAME, Verdict.PROVED, f"{name}: its raw mosaic is that of the reference, bit by bit", 0.0, 0.0, 0.0, 0.0, "EV")
    if not material.mosaics:
        said = f"{name}: it has no raw mosaic that could be unchanged"
        return Check(NAME, Verdict.UNKNOWN, said, 0.0, None, None, RATIO_EV, "EV")
    own = found[index]
    others = [one for one in found if one is not None]
    if own is None or len(others) < 2:
        said = f"{name}: a raw colour is clipped or dark, so its colours cannot be compared"
        return Check(NAME, Verdict.UNKNOWN, said, 0.0, None, None, RATIO_EV, "EV")
    reference = found[material.reference]
    centre = np.median(np.array(others), axis=0) if len(others) > 2 or reference is None else np.array(reference)
    off = float(np.abs(np.array(own) - centre).max())
    figures = (0.0, round(off, 5), round(off, 5), RATIO_EV, "EV")
    if off <= RATIO_EV:
        return Check(NAME, Verdict.PROVED, f"{name}: raw R/G and B/G are within {off:.3f} EV of the other frames'", *figures)
    return Check(
        NAME,
        Verdict.REFUSED,
        f"{name}: raw R/G or B/G is {off:.2f} EV off the other frames: the light changed, not the white balance",
        *figures,
    )


def check_multipliers(material: Material, index: int) -> Check:
    """Whether the file's multipliers follow its kelvins: more blue gain at low kelvins, in the order of the labels."""
    name, own, known = material.name(index), material.shots[index].gains, material.tilts
    if own is None or len(known) < 2:
        said = f"{name}: the file has no multipliers to hold against its kelvins"
        return Check(MULTIPLIERS, Verdict.UNKNOWN, said, unit="EV", decides=False)
    mired, tilt = 1e6 / material.values[index], math.log2(own[0] / own[2])
    warmer, colder = known[:, 0] > mired + 2, known[:, 0] < mired - 2
    wrong = int((colder & (known[:, 1] < tilt) | warmer & (known[:, 1] > tilt)).sum())
    if wrong <= len(known) // 2:
        return Check(
            MULTIPLIERS, Verdict.PROVED, f"{name}: log2 R/B gain {tilt:+.2f} follows its kelvins", measured=round(tilt, 4), unit="EV"
        )
    said = f"{name}: its multipliers (log2 R/B {tilt:+.2f}) do not follow its {material.values[index]:.0f} K as the other frames' do"
    return Check(MULTIPLIERS, Verdict.REFUSED, said, measured=round(tilt, 4), unit="EV")
