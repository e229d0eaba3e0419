"""One moment by which a piece of work, with all its steps and retries, has to be finished."""

from __future__ import annotations

import math
import time

from cat_dataset.errors import UsageError

SHORTEST = 0.001
"""A socket's timeout of 0 means something else (do not wait at all, and raise otherwise), so no timeout is shorter; seconds."""


class Deadline:
    """Counts down from ``seconds`` on the monotonic clock, which no change of the date moves."""

    def __init__(self, seconds: float) -> None:
        if not (math.isfinite(seconds) and seconds > 0):
            raise UsageError(f"a deadline of {seconds} seconds: give a number of seconds greater than 0")
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds left; 0 when it has passed."""
        return max(0.0, self._end - time.monotonic())

    @property
    def passed(self) -> bool:
        return time.monotonic() >= self._end

    def timeout(self, at_most: float = math.inf) -> float:
        """What is left as a timeout for a socket."""
        return max(SHORTEST, min(self.left, at_most))
