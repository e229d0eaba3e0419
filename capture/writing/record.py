"""What series.json says about a series of camera pictures: settings, constants, labels beside measurements, provenance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import exifread
import numpy as np
import rawpy

from capture.developing.recipe import FrameRecipe, Recipe
from capture.proving.judge import FrameProof
from capture.reading.shot import Gains, Reading, Shot
from capture.sorting.plan import Plan
from cat_dataset import __version__
from cat_dataset.files import slug

SETTINGS = ("iso", "shutter", "f_number", "compensation", "focal_length", "focus_distance", "kelvin", "duv", "camera_kelvin")
_UNITS = {
    "shutter": "shutter_s",
    "focal_length": "focal_length_mm",
    "focus_distance": "focus_distance_m",
    "compensation": "compensation_ev",
}

TAG_OF = {
    "exposure": "shutter_s", "aperture": "f_number", "white_balance": "kelvin", "focal_length": "focal_length_mm",
    "focus_distance": "focus_distance_m",
}  # fmt: skip
"""The tag that an attribute's label comes from, where its name in ``measured`` is another."""


@dataclass(frozen=True)
class Look:
    """What the user says about the pictures: what they show, and the scene they belong to."""

    object_name: str
    scene: str | None = None
    hdri: str | None = None


def versions() -> dict[str, str]:
    """The tools the pixels depend on."""
    libraw = ".".join(str(part) for part in rawpy.libraw_version)
    return {
        "cat-dataset": __version__, "rawpy": rawpy.__version__, "libraw": libraw, "opencv": cv2.__version__, "numpy": np.__version__,
        "exifread": exifread.__version__,
    }  # fmt: skip


def settings_of(plan: Plan, recipe: Recipe, gains: Sequence[Gains | None], look: Look) -> dict[str, Any]:
    """Everything that decides the series."""
    return {
        "attribute": plan.attribute, "values": list(plan.values), "sources": sources_of(plan.shots), "object": look.object_name,
        "scene": scene_keys(plan.shots, plan.scene, look), "development": recipe.as_json(),
        "gains": [list(g) if g else None for g in gains],
    }  # fmt: skip


def sources_of(shots: Sequence[Shot]) -> list[dict[str, str]]:
    """File name and SHA-256 of each source."""
    return [{"file": shot.path.name, "sha256": shot.sha256} for shot in shots]


def scene_keys(shots: Sequence[Shot], name: str, look: Look) -> dict[str, str]:
    """What a split groups by."""
    shot = shots[0]
    keys = {"scene": slug(look.scene or shot.scene.get("scene") or name, 72), "camera": shot.camera or "unknown"}
    hdri = look.hdri or shot.scene.get("hdri")
    if hdri:
        keys["hdri"] = hdri
    return keys


def constants(attribute: str, shots: Sequence[Shot], notes: Sequence[str]) -> dict[str, Any]:
    """Settings that every frame shares; None where they are not known or differ (then each frame's ``measured`` has them)."""
    shared: dict[str, Any] = {_UNITS.get(name, name): _shared([getattr(shot, name) for shot in shots]) for name in SETTINGS}
    lenses = {shot.lens for shot in shots}
    modes = {shot.white_balance_mode for shot in shots}
    shared |= {
        "lens": lenses.pop() or None if len(lenses) == 1 else None, "file_type": str(shots[0].kind),
        "white_balance_mode": modes.pop() or None if len(modes) == 1 else None, "notes": list(notes),
    }  # fmt: skip
    own = TAG_OF.get(attribute, attribute)
    return {key: value for key, value in shared.items() if key != own}


def measured_of(shot: Shot, proof: FrameProof | None, clipped_share: float) -> dict[str, float]:
    """Numbers beside the label: what the file says, what each check measured, the clipped share."""
    known = {_UNITS.get(name, name): getattr(shot, name) for name in SETTINGS}
    numbers = {name: float(reading.value) for name, reading in known.items() if reading is not None}
    if proof is not None:
        for check in proof.checks:
            pairs = (("claimed", check.claimed), ("measured", check.measured))
            numbers |= {f"{check.name}_{what}": float(value) for what, value in pairs if value is not None}
        numbers["drift_px"] = float(proof.drift_px)
    numbers["clipped_share"] = float(clipped_share)
    return numbers


def state_of(shot: Shot, frame: FrameRecipe, proof: FrameProof | None, mosaic: str | None) -> dict[str, Any]:
    """What the file says and who read it, how the frame was made, the hash of its ``mosaic``, and what was found out about it."""
    state: dict[str, Any] = {"source": shot.path.name, "tags": tags_of(shot), "frame": frame.as_json()}
    if mosaic is not None:
        state["mosaic_sha256"] = mosaic
    if proof is not None:
        state["proof"] = proof.as_json()
    return state


def tags_of(shot: Shot) -> dict[str, Any]:
    """The reader of every value (the values stand in ``measured``), who disagrees, and what is no number."""
    readings = {_UNITS.get(name, name): getattr(shot, name) for name in SETTINGS}
    found = {name: {"reader": one.reader, **({"others": dict(one.others)} if one.others else {})} for name, one in readings.items() if one}
    return {
        "readings": found, "multipliers": list(shot.gains) if shot.gains and shot.gains_stated else None, "flash": shot.flash,
        "white_balance_mode": shot.white_balance_mode or None, "automatic_white_balance": shot.automatic_white_balance,
        "orientation": shot.orientation, "lens": shot.lens or None,
    }  # fmt: skip


def provenance_of(
    plan: Plan, shots: Sequence[Shot], recipe: Recipe, proofs: Sequence[FrameProof], refused: Sequence[dict[str, Any]], reference: Shot
) -> dict[str, Any]:
    """Sources, readers, recipe, what was set aside or refused, and how the proof ended."""
    return {
        "tool": "cat-ingest", "sources": sources_of(shots), "recipe": recipe.as_json(), "readers": readers(shots),
        "set_aside": [list(one) for one in plan.set_aside], "refused": list(refused),
        "proof": {"reference": reference.path.name, "verdicts": dict(Counter(proof.verdict for proof in proofs))},
    }  # fmt: skip


def readers(shots: Sequence[Shot]) -> dict[str, str | None]:
    """Which reader gave each setting, ``mixed`` where frames differ."""
    found = {name: {reading.reader if (reading := getattr(shot, name)) else None for shot in shots} for name in SETTINGS}
    return {name: one.pop() if len(one) == 1 else "mixed" for name, one in found.items()}


def _shared(readings: Sequence[Reading | None]) -> float | None:
    values = {reading.value if reading else None for reading in readings}
    return values.pop() if len(values) == 1 else None
