"""How fast a run is, what it waits for, and how much memory it takes."""

from __future__ import annotations

import sys
import time

import torch

from train.data.feed import Feed


class Speed:
    """Measurements since the last ones were taken; validations and checkpoints count as time, for they are part of a run."""

    def __init__(self, feed: Feed, device: torch.device) -> None:
        self._feed, self._device = feed, device
        self._start, self._waited, self._steps = time.perf_counter(), feed.waited_s, 0

    def step(self) -> None:
        """Count a step."""
        self._steps += 1

    def take(self) -> dict[str, float]:
        """``steps_per_second``; ``data_wait``, the share of the time spent waiting for data; ``peak_memory_gb`` (GiB).

        Memory is that of the GPU, where there is one, else of the process.
        """
        now, waited = time.perf_counter(), self._feed.waited_s
        seconds = max(now - self._start, 1e-9)
        found = {
            "steps_per_second": round(self._steps / seconds, 4),
            "data_wait": round(min(1.0, (waited - self._waited) / seconds), 4),
            "peak_memory_gb": round(self._peak() / 2**30, 3),
        }
        self._start, self._waited, self._steps = now, waited, 0
        return found

    def _peak(self) -> float:
        if self._device.type == "cuda":
            return float(torch.cuda.max_memory_allocated(self._device))
        if sys.platform == "win32":
            return 0.0  # nothing in the standard library says it
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)
