"""Deals jobs to workers so that each keeps its asset and sky for as long as there is work with them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import groupby

from render.farm.jobs import Job


class Deck:
    """The jobs that wait, in heaps of one asset each. Every worker eats a heap of its own; one that has none takes a fresh
    one, and after the last of those the rear half of the largest.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._fresh = deque(deque(group) for _, group in groupby(jobs, key=lambda job: job.asset.argument))
        self._own: dict[int, deque[Job]] = {}

    def __len__(self) -> int:
        return sum(len(heap) for heap in (*self._fresh, *self._own.values()))

    def take(self, worker: int) -> Job | None:
        """The next job for ``worker``; None when there is none left for anybody."""
        heap = self._own.get(worker)
        if not heap:
            heap = self._fresh.popleft() if self._fresh else self._half_of_the_largest()
            self._own[worker] = heap
        return heap.popleft() if heap else None

    def give_back(self, worker: int, job: Job) -> None:
        """Lay ``job`` on top of the worker's heap, to be tried again."""
        self._own.setdefault(worker, deque()).appendleft(job)

    def add(self, job: Job) -> None:
        """Add a heap of one job, behind all others."""
        self._fresh.append(deque([job]))

    def _half_of_the_largest(self) -> deque[Job]:
        largest = max(self._own.values(), key=len, default=deque())
        half: deque[Job] = deque()
        for _ in range((len(largest) + 1) // 2):
            half.appendleft(largest.pop())
        return half
