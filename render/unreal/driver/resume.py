"""Finds what is there already, before any editor is needed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cat_dataset.errors import CatError
from cat_dataset.series_writer import JOURNAL, is_complete
from render.outcome import Failure
from render.unreal.driver.expansion import Task


@dataclass
class Standing:
    """Series that are finished with the plan's settings, those that are to be made, and those that were made otherwise."""

    finished: list[Task] = field(default_factory=list)
    open: list[Task] = field(default_factory=list)
    refused: list[Failure] = field(default_factory=list)
    states: int = 0
    """States of the open ones that are there."""


def standing(tasks: Iterable[Task]) -> Standing:
    """Look at every series' folder. Hashes of single frames are checked when a series goes on, and by ``cat-verify``."""
    found = Standing()
    for task, there in _with_presence(tasks):
        try:
            if there and is_complete(task.folder, task.settings):
                found.finished.append(task)
                continue
        except CatError as error:
            found.refused.append(failure_of(task, str(error), refused=True, tries=1))
            continue
        found.open.append(task)
        found.states += journaled(task) if there else 0
    return found


def journaled(task: Task) -> int:
    """States that the journal of ``task`` has, unchecked."""
    try:
        return max(0, (task.folder / JOURNAL).read_bytes().count(b"\n") - 1)
    except OSError:
        return 0


def failure_of(task: Task, reason: str, refused: bool, tries: int) -> Failure:
    """A failure of ``task``; without the paths of ``out`` and of the working folder, which say nothing elsewhere."""
    for prefix in (f"{task.plan.out.resolve()}", f"{Path.cwd()}"):
        reason = reason.replace(f"{prefix}{os.sep}", "")
    about = {"character": task.whose.path, "sky": task.sky.path, "attribute": task.attribute}
    return Failure(task.series, reason, refused, tries, about)


def _with_presence(tasks: Iterable[Task]) -> Iterator[tuple[Task, bool]]:
    """Every task, and whether its folder exists: one listing instead of a look at each."""
    listed: dict[Path, set[str]] = {}
    for task in tasks:
        out = task.plan.out
        if out not in listed:
            listed[out] = {entry.name for entry in os.scandir(out)} if out.is_dir() else set()
        yield task, task.series in listed[out]
