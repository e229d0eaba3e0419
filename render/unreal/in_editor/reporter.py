"""The writing side of the status file: states, heartbeat, pictures counted."""

from __future__ import annotations

import time
from pathlib import Path

from render.unreal.job import Job
from render.unreal.status import FAILED, Status, write_status

BEAT_SECONDS = 1.0


class Reporter:
    """Tells one job's status; ``status`` may be changed freely and is written by `write` or the next `beat`."""

    def __init__(self, job: Job) -> None:
        self.path = Path(job.status)
        self.staging = Path(job.staging)
        self.status = Status(job.sha256, frames_total=len(job.shown))
        self._last = float("-inf")

    def beat(self) -> None:
        """Write the status if a second has gone by since the last time."""
        if time.monotonic() - self._last >= BEAT_SECONDS:
            self.write()

    def write(self, state: str = "") -> None:
        """Write the status, in a new ``state`` if one is given."""
        self._last = time.monotonic()
        self.status.state = state or self.status.state
        self.status.beat += 1
        self.status.frames_done = sum(1 for _ in self.staging.glob("*.png")) if self.staging.is_dir() else 0
        write_status(self.path, self.status)

    def fail(self, reason: str) -> None:
        """The job has failed for ``reason``, one line."""
        self.status.success = False
        self.status.error = " ".join(reason.split())
        self.write(FAILED)
