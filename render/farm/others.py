"""Series that another machine or process has in hand: looked at again later, while it gets on."""

from __future__ import annotations

import time
from dataclasses import dataclass

from render.farm.jobs import Job

FIRST_LOOK_S, LAST_LOOK_S = 0.5, 30.0


@dataclass
class _Held:
    job: Job
    frames: int
    changed: float
    """When it was last seen to get on."""
    wait: float = FIRST_LOOK_S
    due: float = 0.0


class Others:
    """Jobs that others hold."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._out: dict[str, _Held] = {}

    def __len__(self) -> int:
        return len(self._held)

    def add(self, job: Job) -> float:
        """``job`` was found held, again or for the first time; for how many seconds its holder has made no frame."""
        now = time.monotonic()
        held = self._out.pop(job.series, None) or _Held(job, -1, now)
        frames = job.journaled()
        if frames != held.frames:
            held.frames, held.changed = frames, now
        held.due, held.wait = now + held.wait, min(2 * held.wait, LAST_LOOK_S)
        self._held[job.series] = held
        return now - held.changed

    def forget(self, job: Job) -> None:
        """Nobody waits for ``job`` any more."""
        self._held.pop(job.series, None)

    def due(self) -> list[Job]:
        """The jobs that it is time to try again; they are the caller's until added again."""
        now = time.monotonic()
        jobs = [held.job for held in self._held.values() if held.due <= now]
        for job in jobs:
            self._out[job.series] = self._held.pop(job.series)
        return jobs
