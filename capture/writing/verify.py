"""``cat-ingest --verify SERIES``: every frame is made again from its camera file and compared bit by bit."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from capture.developing.recipe import FrameRecipe, Recipe
from capture.reading.formats import kind_of
from capture.reading.read import read_shot
from capture.sandbox import Call, Sandbox
from capture.writing.examine import develop_again
from capture.writing.record import versions
from cat_dataset.command import warn
from cat_dataset.errors import InputError, SeriesError
from cat_dataset.files import sha256_file
from cat_dataset.progress import Progress
from cat_dataset.series import Frame, read_series

CHUNK = 16
"""Frames of one source that are made from one decoding."""


@dataclass(frozen=True)
class Verified:
    """How many frames were made again, and a line for each fault."""

    frames: int
    faults: tuple[str, ...]


def verify(folder: Path, sources: Path, sandbox: Sandbox) -> Verified:
    """Make every frame of the series in ``folder`` again from the camera files in ``sources``.

    Raises:
        SeriesError: no series of ``cat-ingest``, or one of a version that recorded other things.
    """
    series = read_series(folder)
    found = series.provenance.get("recipe")
    if series.provenance.get("tool") != "cat-ingest" or not isinstance(found, dict):
        raise SeriesError(f"{folder} was not made by this version of cat-ingest; ingest its camera files again")
    recipe = Recipe.from_json(found)
    _compare_versions(folder, series.provenance.get("versions"))
    paths, faults = _located(folder, sources, series.provenance.get("sources", []))
    calls, batches = [], []
    for batch in _batches(series.frames):
        name = str(batch[0].state.get("source"))
        path = paths.get(name)
        if path is None:
            if not any(name in fault for fault in faults):
                faults.append(f"{folder / batch[0].file}: its source {name!r} is not among the sources of the series")
            continue
        recipes = [FrameRecipe.from_json(frame.state.get("frame") or {}) for frame in batch]
        calls.append(Call(make_again, (path, recipe, recipes), str(path)))
        batches.append(batch)
    progress = Progress("verifying", sum(map(len, batches)))
    for index, value in sandbox.run(calls):
        if isinstance(value, InputError):
            faults.append(str(value))
        else:
            faults += _differences(folder, batches[index], value)
        progress.advance(len(batches[index]), folder.name)
    progress.close()
    return Verified(sum(map(len, batches)), tuple(faults))


def make_again(path: Path, recipe: Recipe, frames: Sequence[FrameRecipe]) -> list[str]:
    """SHA-256 of each frame, made anew from the file at ``path``."""
    return [hashlib.sha256(picture).hexdigest() for picture, _ in develop_again(read_shot(path), recipe, frames)]


def _batches(frames: Sequence[Frame]) -> list[list[Frame]]:
    batches: list[list[Frame]] = []
    for frame in frames:
        last = batches[-1] if batches else []
        if last and last[0].state.get("source") == frame.state.get("source") and len(last) < CHUNK:
            last.append(frame)
        else:
            batches.append([frame])
    return batches


def _located(folder: Path, sources: Path, listed: Any) -> tuple[dict[str, Path], list[str]]:
    """The sources that are still what they were, by name, and a line for each that is not."""
    paths, faults = {}, []
    for one in listed if isinstance(listed, list) else []:
        if not isinstance(one, dict):
            raise SeriesError(f"{folder}: its sources are no list of files; the series.json was edited or is of another version")
        name, sha256 = str(one.get("file")), one.get("sha256")
        path = sources / name
        if Path(name).name != name or kind_of(path) is None or not path.is_file():
            faults.append(f"{folder}: its source {name!r} is not in {sources}; bring it back")
        elif sha256_file(path) != sha256:
            faults.append(f"{path} is not the file that {folder} was made from; bring the original back")
        else:
            paths[name] = path
    return paths, faults


def _differences(folder: Path, frames: Sequence[Frame], made: Sequence[str]) -> list[str]:
    faults = []
    for frame, sha256 in zip(frames, made, strict=True):
        if sha256_file(folder / frame.file) != frame.sha256:
            faults.append(f"{folder / frame.file} is not the file that series.json describes; ingest again")
        elif sha256 != frame.sha256:
            faults.append(f"{folder / frame.file} comes out differently when it is made again")
    return faults


def _compare_versions(folder: Path, found: Any) -> None:
    now, then = versions(), found if isinstance(found, dict) else {}
    changed = [f"{name} {str(then.get(name))[:40]} then, {version} now" for name, version in now.items() if then.get(name) != version]
    if changed:
        warn(f"{folder} was made by other versions ({'; '.join(changed)}): bits may differ for that reason alone")
