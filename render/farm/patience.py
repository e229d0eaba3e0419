"""How long a worker may be silent before it counts as hung."""

from __future__ import annotations

FIRST_S = 1800.0
"""Until the first frame of a job: importing a huge asset, or compiling GPU kernels once, takes many minutes."""
LEAST_S = 120.0
TIMES = 20.0
"""Between frames: this many times the slowest frame seen, and at least `LEAST_S`."""


class Patience:
    """Learns from the frames of the plan itself, unless the user has said how long (``fixed``, seconds)."""

    def __init__(self, fixed: float | None = None) -> None:
        self._fixed = fixed
        self._slowest: float | None = None

    def saw_frame(self, seconds: float) -> None:
        """Note how long a frame took that was not the first of its job."""
        self._slowest = max(seconds, self._slowest or 0.0)

    def limit(self, frames: int) -> float:
        """Seconds of silence that are allowed after ``frames`` frames of a job."""
        if self._fixed is not None:
            return self._fixed
        if self._slowest is None:
            return FIRST_S
        between = max(LEAST_S, TIMES * self._slowest)
        return between if frames else max(FIRST_S, between)
