"""Runs a plan on somebody else's machines: cut into chunks, each a task of an engine, submitted again where one is lost."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from cat_dataset.errors import CatError
from cat_dataset.interrupt import GentleInterrupt
from cat_dataset.progress import Progress
from render.farm.jobs import Job
from render.farm.options import Options
from render.farm.report import failure_of
from render.farm.supervisor import Supervisor
from render.outcome import Failure, Report, say

LARGEST = 64
"""Series of a chunk: many enough that a Blender's start does not count, few enough that machines end together."""
TASKS_PER_WORKER = 4
LOOK_EVERY_S = 1.0


@dataclass(frozen=True)
class Done:
    """What a task returns: its report, and what kept it from going on."""

    report: Report
    fatal: CatError | None = None


class Lost(Exception):
    """A task ended without a result: its machine or its process is gone."""


class Engine(Protocol):
    """Something that runs `run_chunk` elsewhere."""

    at_once: int
    """Tasks to have submitted at any time."""

    def submit(self, chunks: Sequence[Sequence[Job]]) -> list[Any]:
        """Start a task for each chunk; their handles."""

    def result(self, handle: Any) -> Done | None:
        """What a task returned; None while it runs. Raises `Lost`."""

    def cancel(self, handles: Sequence[Any]) -> None:
        """Stop tasks."""

    def close(self) -> None:
        """Leave nothing behind."""


def run_chunk(jobs: Sequence[Job], options: Options, folder: str, *, signals: bool) -> Done:
    """What a task does: the same supervision as on one machine, in the working folder ``folder``, with one worker."""
    os.chdir(folder)
    supervisor = Supervisor(jobs, replace(options, workers=1), GentleInterrupt() if signals else None)
    try:
        return Done(supervisor.run())
    except CatError as error:
        return Done(supervisor.report, error)


def cut(jobs: Sequence[Job], workers: int) -> list[list[Job]]:
    """Neighbouring jobs, a few chunks for each worker."""
    size = max(1, min(LARGEST, -(-len(jobs) // (TASKS_PER_WORKER * workers))))
    return [list(jobs[start : start + size]) for start in range(0, len(jobs), size)]


class ChunkRun:
    """Sees every chunk through on an engine."""

    def __init__(self, jobs: Sequence[Job], options: Options, engine: Engine, interrupt: GentleInterrupt) -> None:
        self._jobs, self._options, self._engine, self._interrupt = list(jobs), options, engine, interrupt
        self._waiting = deque((chunk, 0, -1) for chunk in cut(jobs, options.workers))
        self._running: dict[int, tuple[Any, list[Job], int, int]] = {}
        self._failures: list[Failure] = []
        self._before = {job.series for job in jobs if job.is_there()}
        self._progress = Progress("rendering", sum(job.frames for job in jobs))
        self._settled = self._shown = self._frames_before = sum(_on_disk(job) for job in jobs)
        self._number = 0

    def run(self) -> Report:
        """Every chunk rendered, or given up.

        Raises:
            CatError: a task met what no other can mend (disk full). KeyboardInterrupt: Ctrl-C; the tasks were cancelled.
        """
        self._progress.skip(self._frames_before)
        try:
            while self._waiting or self._running:
                self._interrupt.check()
                self._fill()
                time.sleep(LOOK_EVERY_S)
                for number in list(self._running):
                    self._look(number)
                self._show()
        finally:
            self._engine.cancel([handle for handle, *_ in self._running.values()])
        self._progress.close()
        return self.report()

    def report(self) -> Report:
        """What stands on disk now, and what was given up."""
        failed = {failure.series for failure in self._failures}
        there = [job.series for job in self._jobs if job.series not in failed and job.is_there()]
        already = sum(series in self._before for series in there)
        return Report(len(self._jobs), len(there) - already, already, self._failures)

    def _fill(self) -> None:
        room = self._engine.at_once - len(self._running)
        batch = [self._waiting.popleft() for _ in range(min(room, len(self._waiting)))]
        if batch:
            for handle, (chunk, tries, frames) in zip(self._engine.submit([chunk for chunk, *_ in batch]), batch, strict=True):
                self._running[self._number] = (handle, chunk, tries, frames)
                self._number += 1

    def _look(self, number: int) -> None:
        handle, chunk, tries, frames = self._running[number]
        try:
            done = self._engine.result(handle)
        except Lost as error:
            del self._running[number]
            self._lost(chunk, tries, frames, str(error))
            return
        if done is not None:
            del self._running[number]
            self._failures += done.report.failures
            if done.fatal is not None:
                raise done.fatal

    def _lost(self, chunk: list[Job], tries: int, frames: int, reason: str) -> None:
        """Submit the chunk again, unless that has brought no frame more too often."""
        now = sum(_on_disk(job) for job in chunk)
        tries = 1 if now > frames >= 0 else tries + 1
        if tries <= self._options.retries:
            say(f"warning: {chunk[0].series} and its {len(chunk) - 1} neighbours: {reason}; submitting them again")
            self._waiting.append((chunk, tries, now))
        else:
            self._failures += [failure_of(job, reason, False, tries) for job in chunk if not job.is_there()]

    def _show(self) -> None:
        now = sum(_on_disk(job) for job in self._jobs)
        self._progress.advance(max(0, now - self._shown), note=f"{len(self._running)} tasks submitted")
        self._shown = max(now, self._shown)


def _on_disk(job: Job) -> int:
    return job.frames if job.is_there() else job.journaled()
