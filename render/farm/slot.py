"""A place for one worker: who sits there, what it is doing, and since when nothing was heard of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from render.farm.jobs import Job
from render.farm.process import Worker


@dataclass
class Slot:
    """Worker number ``number``; ``worker`` is None where none runs now."""

    number: int
    worker: Worker | None = None
    ready: bool = False
    job: Job | None = None
    frames: int = 0
    """Frames of the job that this worker has made."""
    series: int = 0
    """Series that this worker has made."""
    heard: float = field(default_factory=time.monotonic)
    leaving: bool = False
    """It was told to go, and is dealt nothing more."""
    rest_until: float = 0.0
    """No worker is started here before that moment."""
    fault: str | None = None
    """Why we ended the worker ourselves; None where we did not."""

    def seat(self, worker: Worker) -> None:
        """A new worker sits here."""
        self.worker, self.ready, self.leaving, self.job, self.series, self.fault = worker, False, False, None, 0, None
        self.heard = time.monotonic()

    def leave(self) -> None:
        """Tell the worker to go."""
        if self.worker is not None:
            self.leaving = True
            self.worker.dismiss()

    @property
    def idle(self) -> bool:
        """Whether a job can be dealt here, with a new worker if need be."""
        if self.worker is None:
            return time.monotonic() >= self.rest_until
        return self.job is None and self.ready and not self.leaving

    def begin(self, number: int, job: Job, threads: int | None) -> None:
        """Order ``job`` under ``number``, on ``threads`` threads unless the plan says how many."""
        assert self.worker is not None
        self.job, self.frames, self.heard = job, 0, time.monotonic()
        extra = [f"--threads={threads}"] if threads is not None and job.sweep.threads is None else []
        self.worker.order(number, job.sweep.script, [*job.argv, *extra])

    @property
    def silent_s(self) -> float:
        """Seconds since anything was heard of the worker."""
        return time.monotonic() - self.heard
