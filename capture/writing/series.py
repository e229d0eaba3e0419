"""A planned series from its files to its folder: examine every frame, judge, make again what has to move, write."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from capture.developing.recipe import FrameRecipe, Recipe
from capture.reading.shot import Gains
from capture.sandbox import Call, Sandbox
from capture.sorting.plan import Plan
from capture.writing.examine import develop_again
from capture.writing.examining import Frames, Judged, examined, too_few
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


@dataclass(frozen=True)
class Written:
    """A line that says what was made, and a line for every frame that was refused."""

    line: str
    refused: tuple[str, ...] = ()


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
            series = _made(Frames(plan, recipe, tuple(gains), sandbox, progress), folder, settings, writer, look)
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


def _made(frames: Frames, folder: Path, settings: Mapping[str, Any], writer: SeriesWriter, look: Look) -> Series:
    """Examine, judge, commit the frames that stand, made again where they have to move, and write the series."""
    versioned = {"settings": dict(settings), "versions": versions()}
    (folder / WORK).mkdir(exist_ok=True)
    judged, replaced = examined(frames, folder / WORK, versioned)
    plan, proofs, standing = judged.frames.plan, judged.proofs, judged.standing
    refused = [*replaced, *judged.refused().values()]
    if len(standing) < 2:
        raise too_few(plan, [f"{plan.folder / str(one['file'])}: {one['reason']}" for one in refused])
    reference = plan.shots[judged.reference]
    book, recipe, recipes = judged.book, frames.recipe, {index: judged.frames.recipe_of(index) for index in standing}
    if judged.proof.align:
        stored = reference.width, reference.height
        recipe, recipes = realigned(recipe, recipes, {index: proofs[index] for index in standing}, judged.proof.crop, stored)
        book = _made_again(judged, folder, versioned, recipe, recipes)
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
    return writer.finish(
        source="dslr", scene=scene_keys(plan.shots, plan.scene, look), object=look.object_name, varies=(plan.attribute,),
        constants=constants(plan.attribute, chosen, [*plan.notes, *judged.proof.notes, *remarks]),
        provenance=provenance_of(plan, chosen, recipe, [proofs[at] for at in standing], refused, reference),
    )  # fmt: skip


def _made_again(judged: Judged, folder: Path, versioned: Mapping[str, Any], recipe: Recipe, recipes: Mapping[int, FrameRecipe]) -> Workbook:
    """Develop the frames once more, moved onto the reference and cut alike; their facts stay those of the first time."""
    (folder / WORK / "aligned").mkdir(exist_ok=True)
    moved = {str(index): one.as_json() for index, one in recipes.items()}
    book = Workbook(folder / WORK / "aligned", {**versioned, "recipe": recipe.as_json(), "frames": moved})
    shots = judged.frames.plan.shots
    left = [index for index in recipes if not book.holds(index, shots[index].sha256)]
    calls = [Call(develop_again, (shots[index], recipe, [recipes[index]]), str(shots[index].path)) for index in left]
    for at, value in judged.frames.sandbox.run(calls):
        if isinstance(value, InputError):
            raise value
        picture, clipped = value[0]
        index = left[at]
        book.put(index, shots[index].sha256, picture, {**judged.book.done[index]["facts"], "clipped_share": clipped})
    return book


def _linked(source: Path, target: Path) -> None:
    """``target`` as a second name of ``source``, or a copy where the file system has none: the first is needed if we are killed."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
