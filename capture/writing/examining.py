"""Examining every frame of a plan against one reference, and judging them: until the reference holds, and no stand-in is left to try."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from capture.developing.recipe import FrameRecipe, Recipe
from capture.proving.alignment import Features
from capture.proving.judge import FrameProof, Proof, Verdict, judge
from capture.reading.shot import Gains, Shot
from capture.sandbox import Call, Sandbox
from capture.sorting.plan import Plan
from capture.sorting.which_varies import exposure_ev
from capture.writing.examine import Examined, Expected, examine
from capture.writing.workbook import Workbook
from cat_dataset.errors import InputError
from cat_dataset.progress import Progress

_REFERENCES = 3
"""How many frames are tried as the one that the others are compared with."""


@dataclass(frozen=True)
class Frames:
    """What the making of a series needs: the plan, how its frames are developed, where, and who is told."""

    plan: Plan
    recipe: Recipe
    gains: tuple[Gains | None, ...]
    sandbox: Sandbox
    progress: Progress
    counted: set[int] = field(default_factory=set)

    def count(self, index: int) -> None:
        """Note that a frame is examined; a second time, against another reference, is no progress."""
        if index not in self.counted:
            self.counted.add(index)
            self.progress.advance(1, self.plan.id)

    def recipe_of(self, index: int) -> FrameRecipe:
        """What frame ``index`` adds to the recipe."""
        return FrameRecipe(gains=self.gains[index])


@dataclass(frozen=True)
class Judged:
    """Frames examined and judged: indices into the plan that could be examined, why the others could not, and the proof."""

    frames: Frames
    book: Workbook
    kept: tuple[int, ...]
    damaged: Mapping[int, str]
    proof: Proof
    reference: int

    @property
    def proofs(self) -> dict[int, FrameProof]:
        """The proof of each examined frame by its index in the plan."""
        return dict(zip(self.kept, self.proof.frames, strict=True))

    @property
    def standing(self) -> list[int]:
        """Frames that are not refused."""
        return [index for index, proof in self.proofs.items() if proof.verdict is not Verdict.REFUSED]

    def refused(self) -> dict[int, dict[str, Any]]:
        """What provenance keeps of every frame that cannot be in the series."""
        shots = self.frames.plan.shots
        found: dict[int, dict[str, Any]] = {}
        for index, reason in self.damaged.items():
            found[index] = {"file": shots[index].path.name, "reason": reason.removeprefix(f"{shots[index].path} ")}
        for index, proof in self.proofs.items():
            if proof.verdict is Verdict.REFUSED:
                name = shots[index].path.name
                found[index] = {"file": name, "reason": proof.reason.replace(f"{name}: ", ""), "proof": proof.as_json()}
        return dict(sorted(found.items()))


def examined(frames: Frames, folder: Path, settings: Mapping[str, Any]) -> tuple[Judged, list[dict[str, Any]]]:
    """Examine and judge ``frames`` with a workbook in ``folder``; also what stand-ins took the place of.

    Raises:
        InputError: fewer than two frames could be examined; every other one is named.
    """
    replaced: list[dict[str, Any]] = []
    judged = _with_a_reference(frames, folder, settings, len(frames.plan.shots) // 2)
    while True:
        refused = judged.refused()
        swaps = _stand_ins(frames.plan, refused)
        if not swaps:
            return judged, replaced
        replaced += [refused[index] for index in swaps]
        frames = _swapped(frames, swaps)
        judged = _with_a_reference(frames, folder, settings, judged.reference)


def _with_a_reference(frames: Frames, folder: Path, settings: Mapping[str, Any], reference: int) -> Judged:
    plan = frames.plan
    tried: set[int] = set()
    while True:
        tried.add(reference)
        book = Workbook(folder, {**settings, "reference": reference})
        damaged = _examine_all(frames, reference, book)
        if reference in damaged:
            again = next((i for i in _from_the_middle(len(plan.shots)) if i not in damaged and i not in tried), None)
            if again is None or len(tried) >= _REFERENCES:
                raise too_few(plan, list(damaged.values()))
            reference = again
            continue
        kept = tuple(index for index in range(len(plan.shots)) if index not in damaged)
        if len(kept) < 2:
            raise too_few(plan, list(damaged.values()))
        proof = _judged(plan, kept, reference, book)
        other = proof.another_reference
        if other is None or kept[other] in tried or len(tried) >= _REFERENCES:
            return Judged(frames, book, kept, damaged, proof, reference)
        reference = kept[other]


def _stand_ins(plan: Plan, refused: Mapping[int, object]) -> dict[int, Shot]:
    """The next shot that repeats the value of each refused one, by index."""
    swaps: dict[int, Shot] = {}
    for index in refused:
        shot = next((shot for value, shot in plan.stand_ins if value == plan.values[index]), None)
        if shot is not None:
            swaps[index] = shot
    return swaps


def _swapped(frames: Frames, swaps: Mapping[int, Shot]) -> Frames:
    plan, used = frames.plan, {shot.path.name for shot in swaps.values()}
    shots = tuple(swaps.get(index, shot) for index, shot in enumerate(plan.shots))
    gains = tuple(swaps[index].gains if index in swaps and one is not None else one for index, one in enumerate(frames.gains))
    kept = tuple((name, reason) for name, reason in plan.set_aside if name not in used)
    left = tuple((value, shot) for value, shot in plan.stand_ins if shot.path.name not in used)
    return replace(frames, plan=replace(plan, shots=shots, set_aside=kept, stand_ins=left), gains=gains)


def _examine_all(frames: Frames, reference: int, book: Workbook) -> dict[int, str]:
    """Examine every frame that is not examined yet, the reference first; why each unusable one is."""
    shots = frames.plan.shots
    left = [index for index, shot in enumerate(shots) if not book.holds(index, shot.sha256)]
    before = set(range(len(shots))).difference(left, frames.counted)
    frames.progress.skip(len(before))
    frames.counted.update(before)
    if not left:
        return {}
    first = _run(frames, [reference], lambda index: None, book)
    if isinstance(first[reference], InputError):
        return {reference: str(first[reference])}
    features = first[reference].features
    others = [index for index in left if index != reference]
    made = _run(frames, others, lambda index: _expected(frames.plan, index, reference, features), book)
    return {index: str(value) for index, value in made.items() if isinstance(value, InputError)}


def _run(frames: Frames, indices: Sequence[int], expected: Callable[[int], Expected | None], book: Workbook) -> dict[int, Any]:
    shots = frames.plan.shots
    calls = [
        Call(examine, (shots[index], frames.recipe, frames.recipe_of(index), expected(index)), str(shots[index].path)) for index in indices
    ]
    found: dict[int, Any] = {}
    for at, value in frames.sandbox.run(calls):
        index = indices[at]
        found[index] = value
        if isinstance(value, Examined):
            book.put(index, shots[index].sha256, value.picture, value.facts)
            found[index] = replace(value, picture=b"")
        frames.count(index)
    return found


def _expected(plan: Plan, index: int, reference: int, features: Features) -> Expected:
    shot, other = plan.shots[index], plan.shots[reference]
    ev = exposure_ev(shot) - exposure_ev(other) if shot.shutter and other.shutter else None
    scale = shot.focal_length.value / other.focal_length.value if shot.focal_length and other.focal_length else 1.0
    return Expected(features, ev, scale)


def _judged(plan: Plan, kept: Sequence[int], reference: int, book: Workbook) -> Proof:
    facts = [book.done[index]["facts"] for index in kept]
    width, height = facts[kept.index(reference)]["size"]
    return judge(
        plan.attribute, [plan.shots[index] for index in kept], [plan.values[index] for index in kept],
        [one["evidence"] for one in facts], [one.get("comparison") for one in facts],
        reference=kept.index(reference), size=(width, height),
    )  # fmt: skip


def _from_the_middle(count: int) -> list[int]:
    return sorted(range(count), key=lambda index: (abs(index - count // 2), index))


def too_few(plan: Plan, reasons: Sequence[str]) -> InputError:
    """The error for a plan of which fewer than two frames are left; ``reasons`` name the others."""
    if len(reasons) == 1:
        return InputError(reasons[0])
    return InputError(
        f"{plan.folder}: {len(reasons)} of {len(plan.shots)} files cannot be used, which leaves no series:\n  " + "\n  ".join(reasons)
    )
