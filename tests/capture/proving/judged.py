"""A folder of the simulated camera, read, developed, compared and judged as cat-ingest does, with the truth beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from capture.developing.choose import recipe_for
from capture.developing.decode import decode
from capture.developing.recipe import FrameRecipe
from capture.proving.alignment import features
from capture.proving.compare import compare
from capture.proving.evidence import gather
from capture.proving.exposure_law import claimed_ev
from capture.proving.judge import judge
from capture.proving.proof import FrameProof, Proof
from capture.reading.read import read_shot
from capture.reading.shot import Shot
from capture.simulate.camera import photograph
from capture.simulate.hdr_scene import Floats, Source
from capture.simulate.orders import parse_order
from capture.simulate.press import Shoot
from capture.simulate.sweep import sweep
from cat_dataset.errors import InputError

TABLE_TOP = 0.25
"""Scale of the distances where there is depth of field, as the simulated camera's own command has it."""
VALUES = {
    "exposure": claimed_ev, "iso": lambda shot: shot.iso.value, "aperture": lambda shot: shot.f_number.value,
    "white_balance": lambda shot: float(round(shot.profile.kelvin_and_duv(np.array(shot.gains))[0])),
    "focus_distance": lambda shot: shot.focus_distance.value,
    "focal_length": lambda shot: shot.focal_length.value,
}  # fmt: skip


@dataclass
class Judged:
    """A judged series. ``truth`` and ``proof.frames`` go together; ``damaged`` could not even be decoded, ``lost`` is their truth."""

    attribute: str
    shots: list[Shot]
    values: list[float]
    reports: list[dict[str, Any]]
    comparisons: list[dict[str, Any] | None]
    reference: int
    size: tuple[int, int]
    truth: list[dict[str, Any]]
    proof: Proof
    damaged: dict[str, str] = field(default_factory=dict)
    lost: list[dict[str, Any]] = field(default_factory=list)

    def frame(self, number: int) -> FrameProof:
        """Frame ``number`` as the camera counts them, from 1."""
        return self.proof.frames[next(i for i, told in enumerate(self.truth) if told["file"] == f"cat_{number:04d}.dng")]

    @property
    def verdicts(self) -> list[str]:
        return [str(frame.verdict) for frame in self.proof.frames]

    def again(self, **changes: Any) -> Proof:
        """The judgement on the same frames with other arguments."""
        given = {"values": self.values, "reports": self.reports, "comparisons": self.comparisons, "reference": self.reference}
        given |= changes
        attribute = given.pop("attribute", self.attribute)
        shots = given.pop("shots", self.shots)
        return judge(attribute, shots, given.pop("values"), given.pop("reports"), given.pop("comparisons"), size=self.size, **given)


def judged(
    folder: Path, vary: str, traps: Sequence[str] = (), *, frames: int = 5, size: tuple[int, int] = (288, 192), crop: int = 0,
    source: int = 3,
    limits: tuple[float, float] | None = None, compensate: bool = False, references: int = 3, sharp: bool = False,
) -> Judged:  # fmt: skip
    """Photograph a series with ``traps`` (as on the command line) and judge it; a refused reference is replaced as cat-ingest does."""
    blurred = vary in ("aperture", "focus_distance") and not sharp
    shoot = Shoot(f"procedural_{source}_{crop:02d}", Source("procedural", None, source), crop, 0)
    truth = photograph(
        shoot, _environment(source), sweep(vary, frames, limits, compensate), folder, size, vary=vary,
        traps=[parse_order(trap) for trap in traps], depth_of_field=blurred, distance_scale=TABLE_TOP if blurred else 1.0,
    )  # fmt: skip
    return judge_folder(folder, vary, truth, references=references)


@lru_cache(maxsize=2)
def _environment(number: int) -> Floats:
    return Source("procedural", None, number).load()


def judge_folder(folder: Path, attribute: str, truth: Sequence[dict[str, Any]], *, references: int = 3) -> Judged:
    """Judge the files that ``truth`` names."""
    damaged: dict[str, str] = {}
    found = []
    for told in truth:
        try:
            shot = read_shot(folder / told["file"])
            found.append((VALUES[attribute](shot), shot, told))
        except InputError as error:
            damaged[told["file"]] = str(error)
    found.sort(key=lambda one: (one[0], one[1].path.name))
    recipe, gains = recipe_for([shot for _, shot, _ in found], attribute, full=True, size=min(found[0][1].width, found[0][1].height))
    kept, pictures, reports = [], [], []
    for (value, shot, told), own in zip(found, gains, strict=True):
        try:
            decoded = decode(shot, recipe)
        except InputError as error:
            damaged[told["file"]] = str(error)
            continue
        pictures.append(decoded.picture(FrameRecipe(gains=own), recipe))
        reports.append(gather(decoded.mosaic, pictures[-1]))
        kept.append((value, shot, told))
    values, shots, told = ([one[k] for one in kept] for k in range(3))
    size = pictures[0].shape[1], pictures[0].shape[0]
    reference, tried = len(shots) // 2, set()
    while True:
        tried.add(reference)
        comparisons = _comparisons(shots, pictures, reference)
        proof = judge(attribute, shots, values, reports, comparisons, reference=reference, size=size)
        other = proof.another_reference
        if other is None or other in tried or len(tried) >= references:
            lost = [one for one in truth if one["file"] in damaged]
            return Judged(attribute, shots, values, reports, comparisons, reference, size, told, proof, damaged, lost)
        reference = other


def _comparisons(shots: Sequence[Shot], pictures: Sequence[Floats], reference: int) -> list[dict[str, Any] | None]:
    known, base = features(pictures[reference]), shots[reference]
    made: list[dict[str, Any] | None] = []
    for index, (shot, picture) in enumerate(zip(shots, pictures, strict=True)):
        if index == reference:
            made.append(None)
            continue
        one, other = claimed_ev(shot), claimed_ev(base)
        ev = one - other if one is not None and other is not None else None
        scale = shot.focal_length.value / base.focal_length.value if shot.focal_length and base.focal_length else 1.0
        made.append(compare(known, picture, ev=ev, scale=scale))
    return made
