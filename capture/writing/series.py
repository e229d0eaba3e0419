"""A planned series from its files to its folder: examine every frame, judge, make again what has to move, write."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from capture.developing.recipe import FrameRecipe, Recipe
from capture.proving.alignment import Features
from capture.proving.judge import FrameProof, Proof, judge
from capture.reading.shot import Gains, Shot
from capture.sandbox import Call, Sandbox
from capture.sorting.plan import Plan
from capture.sorting.which_varies import exposure_ev
from capture.writing.examine import Examined, Expected, develop_again, examine
from capture.writing.realign import realigned
from capture.writing.record import Look, constants, measured_of, provenance_of, scene_keys, settings_of, state_of, versions
from capture.writing.report import REPORT, write_report
from capture.writing.workbook import Workbook
from cat_dataset.attributes import attribute
from cat_dataset.errors import InputError, SeriesError
from cat_dataset.progress import Progress
from cat_dataset.series import Series, read_series
from cat_dataset.series_writer import SeriesWriter, is_complete

WORK = ".work"
_REFERENCES = 3
"""How many frames are tried as the one that the others are compared with."""


@dataclass(frozen=True)
class Written:
    """A line that says what was made, and a line for every frame that was refused."""

    line: str
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Frames:
    """What the making of a series needs beside the plan."""

    plan: Plan
    recipe: Recipe
    gains: Sequence[Gains | None]
    sandbox: Sandbox
    progress: Progress
    counted: set[int] = field(default_factory=set)

    def count(self, index: int) -> None:
        """Note that a frame is examined; a second time, against another reference, is no progress."""
        if index not in self.counted:
            self.counted.add(index)
            self.progress.advance(1, self.plan.id)

    def recipe_of(self, index: int) -> FrameRecipe:
        return FrameRecipe(gains=self.gains[index])


def write_series(
    plan: Plan, recipe: Recipe, gains: Sequence[Gains | None], look: Look, out: Path, sandbox: Sandbox, progress: Progress
) -> Written:
    """Make the series of ``plan`` under ``out``; what was made before is kept.

    Raises:
        SeriesError: fewer than two frames are left (nothing is left behind), or another series has that name.
    """
    folder = out / plan.id
    settings = settings_of(plan, recipe, gains, look)
    if is_complete(folder, settings):
        progress.skip(len(plan.shots))
        shutil.rmtree(folder / WORK, ignore_errors=True)
        if not (folder / REPORT).is_file():
            write_report(folder)
        refused = read_series(folder).provenance.get("refused", [])
        return Written(f"{folder}: already complete", tuple(f"{plan.folder / str(one['file'])}: {one['reason']}" for one in refused))
    fresh = not folder.exists()
    try:
        with SeriesWriter(folder, settings, versions()) as writer:
            series = _made(_Frames(plan, recipe, gains, sandbox, progress), folder, settings, writer, look)
    except SeriesError:
        raise
    except InputError:
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    write_report(folder)
    shutil.rmtree(folder / WORK, ignore_errors=True)
    values = [frame.values[plan.attribute] for frame in series.frames]
    refused = series.provenance["refused"]
    verdicts = series.provenance["proof"]["verdicts"]
    said = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items(), reverse=True))
    flags = Counter(flag for frame in series.frames for flag in frame.state["proof"]["flags"])
    if flags:
        said += f"; flagged: {', '.join(f'{flag} in {count}' for flag, count in sorted(flags.items()))}"
    spell = attribute(plan.attribute).spell
    return Written(
        f"{folder}: {len(values)} frames, {plan.attribute}: {spell(values[0])} to {spell(values[-1])}; {said}",
        tuple(f"{plan.folder / str(one['file'])}: {one['reason']}" for one in refused),
    )


def _made(frames: _Frames, folder: Path, settings: Mapping[str, Any], writer: SeriesWriter, look: Look) -> Series:
    plan = frames.plan
    versioned = {"settings": dict(settings), "versions": versions()}
    (folder / WORK).mkdir(exist_ok=True)
    reference = len(plan.shots) // 2
    tried: set[int] = set()
    while True:
        tried.add(reference)
        book = Workbook(folder / WORK, {**versioned, "reference": reference})
        damaged = _examine_all(frames, reference, book)
        if reference in damaged:
            again = next((i for i in _from_the_middle(len(plan.shots)) if i not in damaged and i not in tried), None)
            if again is None or len(tried) >= _REFERENCES:
                raise _too_few(plan, damaged, None)
            reference = again
            continue
        kept = [index for index in range(len(plan.shots)) if index not in damaged]
        if len(kept) < 2:
            raise _too_few(plan, damaged, None)
        proof = _judged(plan, kept, reference, book)
        other = proof.another_reference
        if other is None or kept[other] in tried or len(tried) >= _REFERENCES:
            break
        reference = kept[other]
    return _finished(frames, folder, versioned, writer, look, book, kept, damaged, proof, reference)


def _examine_all(frames: _Frames, reference: int, book: Workbook) -> dict[int, str]:
    """Examine every frame that is not examined yet, the reference first; why each unusable one is."""
    plan = frames.plan
    left = [index for index in range(len(plan.shots)) if not book.holds(index)]
    before = set(range(len(plan.shots))).difference(left, frames.counted)
    frames.progress.skip(len(before))
    frames.counted.update(before)
    if not left:
        return {}
    first = _run(frames, [reference], lambda index: None, book)
    if isinstance(first[reference], InputError):
        return {reference: str(first[reference])}
    features = first[reference].features
    others = [index for index in left if index != reference]
    made = _run(frames, others, lambda index: _expected(plan, index, reference, features), book)
    return {index: str(value) for index, value in made.items() if isinstance(value, InputError)}


def _run(frames: _Frames, indices: Sequence[int], expected: Callable[[int], Expected | None], book: Workbook) -> dict[int, Any]:
    plan = frames.plan
    calls = [
        Call(examine, (plan.shots[index], frames.recipe, frames.recipe_of(index), expected(index)), str(plan.shots[index].path))
        for index in indices
    ]
    found: dict[int, Any] = {}
    for at, value in frames.sandbox.run(calls):
        index = indices[at]
        found[index] = value
        if isinstance(value, Examined):
            book.put(index, value.picture, value.facts)
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


def _finished(
    frames: _Frames, folder: Path, versioned: Mapping[str, Any], writer: SeriesWriter, look: Look, book: Workbook, kept: Sequence[int],
    damaged: Mapping[int, str], proof: Proof, reference: int,
) -> Series:  # fmt: skip
    """Commit the frames that stand, made again where they have to move, and write the series and its report."""
    plan = frames.plan
    proofs = dict(zip(kept, proof.frames, strict=True))
    standing = [index for index in kept if proofs[index].verdict != "refused"]
    refused: list[dict[str, Any]] = [
        {"file": plan.shots[index].path.name, "reason": reason.removeprefix(f"{plan.shots[index].path} ")}
        for index, reason in sorted(damaged.items())
    ]
    refused += [
        {"file": plan.shots[index].path.name, "reason": _reason(plan.shots[index], proofs[index]), "proof": proofs[index].as_json()}
        for index in kept if index not in standing
    ]  # fmt: skip
    if len(standing) < 2:
        raise _too_few(plan, damaged, proofs)
    recipe, recipes = frames.recipe, {index: frames.recipe_of(index) for index in standing}
    if proof.align:
        stored = plan.shots[reference].width, plan.shots[reference].height
        recipe, recipes = realigned(frames.recipe, recipes, {i: proofs[i] for i in standing}, proof.crop, stored)
        book = _made_again(frames, folder, versioned, recipe, recipes, book)
    for index, at in enumerate(standing):
        if index in writer.done:
            continue
        facts = book.done[at]["facts"]
        _linked(book.picture(at), writer.staging_path(index))
        shot = plan.shots[at]
        writer.commit(
            index, {plan.attribute: plan.values[at]}, measured_of(shot, proofs[at], facts["clipped_share"]),
            state=state_of(shot, recipes[at], proofs[at], facts["evidence"]["mosaic_sha256"] if shot.raw else None),
        )  # fmt: skip
    chosen = [plan.shots[at] for at in standing]
    remarks = dict.fromkeys(remark for at in standing for remark in book.done[at]["facts"]["remarks"])
    notes = [*plan.notes, *proof.notes, *remarks]
    return writer.finish(
        source="dslr", scene=scene_keys(plan.shots, plan.scene, look), object=look.object_name, varies=(plan.attribute,),
        constants=constants(plan.attribute, chosen, notes),
        provenance=provenance_of(plan, chosen, recipe, [proofs[at] for at in standing], refused, plan.shots[reference]),
    )  # fmt: skip


def _made_again(
    frames: _Frames, folder: Path, versioned: Mapping[str, Any], recipe: Recipe, recipes: Mapping[int, FrameRecipe], first: Workbook
) -> Workbook:
    """Develop the frames once more, moved onto the reference and cut alike; their facts stay those of the first time."""
    (folder / WORK / "aligned").mkdir(exist_ok=True)
    moved = {str(index): one.as_json() for index, one in recipes.items()}
    book = Workbook(folder / WORK / "aligned", {**versioned, "recipe": recipe.as_json(), "frames": moved})
    left = [index for index in recipes if not book.holds(index)]
    shots = frames.plan.shots
    calls = [Call(develop_again, (shots[index], recipe, [recipes[index]]), str(shots[index].path)) for index in left]
    for at, value in frames.sandbox.run(calls):
        if isinstance(value, InputError):
            raise value
        picture, clipped = value[0]
        book.put(left[at], picture, {**first.done[left[at]]["facts"], "clipped_share": clipped})
    return book


def _linked(source: Path, target: Path) -> None:
    """``target`` as a second name of ``source``, or a copy where the file system has none: the first is needed if we are killed."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _from_the_middle(count: int) -> list[int]:
    return sorted(range(count), key=lambda index: (abs(index - count // 2), index))


def _reason(shot: Shot, proof: FrameProof) -> str:
    """Why a frame is refused, without the file's name at the head of every sentence."""
    return proof.reason.replace(f"{shot.path.name}: ", "")


def _too_few(plan: Plan, damaged: Mapping[int, str], proofs: Mapping[int, FrameProof] | None) -> InputError:
    reasons = [reason for _, reason in sorted(damaged.items())]
    reasons += [
        f"{plan.shots[i].path}: {_reason(plan.shots[i], one)}" for i, one in sorted((proofs or {}).items()) if one.verdict == "refused"
    ]
    if len(reasons) == 1:
        return InputError(reasons[0])
    return InputError(
        f"{plan.folder}: {len(reasons)} of {len(plan.shots)} files cannot be used, which leaves no series:\n  " + "\n  ".join(reasons)
    )
