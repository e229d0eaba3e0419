"""Where a plan stands, from what lies on disk alone."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cat_dataset.errors import CatError
from cat_dataset.series_writer import JOURNAL
from render.farm.jobs import Job
from render.farm.report import listed_failures
from render.outcome import LISTED


@dataclass(frozen=True)
class Status:
    """Jobs by where they stand. ``failed`` are those, not finished since, that the last run gave up; with its reasons."""

    complete: list[Job]
    begun: list[Job]
    missing: list[Job]
    failed: Mapping[str, Mapping[str, Any]]


def status_of(jobs: Sequence[Job], out: Path) -> Status:
    """Look at every job's folder. (Whether a finished series has the plan's settings is checked when the plan is run.)"""
    try:
        there = {entry.name for entry in os.scandir(out)}
    except FileNotFoundError:
        there = set()
    complete: list[Job] = []
    begun: list[Job] = []
    missing: list[Job] = []
    for job in jobs:
        if job.series in there and job.is_there():
            complete.append(job)
        elif job.series in there and (job.folder / JOURNAL).is_file():
            begun.append(job)
        else:
            missing.append(job)
    undone = {job.series for job in (*begun, *missing)}
    return Status(complete, begun, missing, {name: entry for name, entry in listed_failures(out).items() if name in undone})


def print_status(status: Status, refused: Sequence[CatError]) -> None:
    """Say it."""
    complete, begun, missing = status.complete, status.begun, status.missing
    total = sum(job.frames for job in (*complete, *begun, *missing))
    frames = sum(job.frames for job in complete) + sum(job.journaled() for job in begun)
    print(f"{len(complete)} of {len(complete) + len(begun) + len(missing)} series complete, {len(begun)} begun, {len(missing)} missing")
    print(f"{frames} of {total} frames ({frames / total:.1%})" if total else "0 frames")
    if status.failed:
        print(f"{len(status.failed)} of them were given up by the last run:")
        for name, entry in list(status.failed.items())[:LISTED]:
            print(f"  {name}: {entry.get('reason')}")
    for error in refused:
        print(f"refused: {error}")
