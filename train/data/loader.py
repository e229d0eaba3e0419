"""From pair numbers to batches of pictures, made ahead of time on threads that share a cache of decoded frames.

A batch is a pure function of (seed, step), so the loader has no state to save beyond the step.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from cat_dataset.frames import FrameReader
from cat_dataset.images import Rgb, decode_rgb
from cat_dataset.loading.framing import Framing
from cat_dataset.loading.samples import SampleMaker
from cat_dataset.manifests import Dataset
from cat_dataset.pairs import Pair, PairIndex, rank_batch
from train.adapter.options import AdapterOptions
from train.data.instructions import of_pair
from train.requests import Instruction


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Pictures uint8 [size, size, 3] and instructions of one step, one entry per pair."""

    step: int
    pairs: list[Pair]
    sources: list[Rgb]
    targets: list[Rgb]
    instructions: list[Instruction]


class FrameCache:
    """Decoded frames by row and short side, the least recently used dropped beyond ``megabytes``. Threads may share it."""

    def __init__(self, dataset: Dataset, megabytes: int) -> None:
        self._reader, self._limit = FrameReader(dataset), megabytes << 20
        self._frames: OrderedDict[tuple[int, int], Rgb] = OrderedDict()
        self._held = 0
        self._lock = threading.Lock()

    def get(self, row: int, short_side: int) -> Rgb:
        """The frame of a row, uint8 [H, W, 3], its short side ``short_side`` unless it is smaller; do not write to it."""
        key = row, short_side
        with self._lock:
            found = self._frames.get(key)
            if found is not None:
                self._frames.move_to_end(key)
                return found
        picture = decode_rgb(self._reader.read(row), short_side=short_side)
        with self._lock:
            if key not in self._frames:
                self._frames[key] = picture
                self._held += picture.nbytes
            while self._held > self._limit and len(self._frames) > 1:
                self._held -= self._frames.popitem(last=False)[1].nbytes
        return picture


class BatchLoader:
    """Batches of consecutive steps, made ahead of time on ``workers`` threads (decoding releases the GIL)."""

    def __init__(
        self,
        dataset: Dataset,
        index: PairIndex,
        options: AdapterOptions,
        *,
        size: int,
        batch: int,
        crop: float,
        cache_mb: int,
        rank: int = 0,
        world: int = 1,
        workers: int = 2,
    ) -> None:
        self._index, self._options, self._batch, self._workers = index, options, batch, workers
        self._rank, self._world = rank, world
        self._maker = SampleMaker(dataset, index, Framing(size, crop, index.seed))
        self._cache = FrameCache(dataset, cache_mb)

    def make(self, step: int) -> Batch:
        """The batch of one step: this process's share."""
        pairs = [self._index.pair(i) for i in rank_batch(step, self._batch, self._rank, self._world)]
        samples = [self._maker.make(pair, self._cache.get) for pair in pairs]
        return Batch(
            step=step,
            pairs=pairs,
            sources=[sample["source"] for sample in samples],
            targets=[sample["target"] for sample in samples],
            instructions=[of_pair(pair, self._options) for pair in pairs],
        )

    def steps(self, first: int, last: int) -> Iterator[Batch]:
        """Batches of steps first to last - 1, in order."""
        with ThreadPoolExecutor(self._workers) as pool:
            ahead: deque[Future[Batch]] = deque()
            following = first
            try:
                while following < last or ahead:
                    while following < last and len(ahead) < 2 * self._workers:
                        ahead.append(pool.submit(self.make, following))
                        following += 1
                    yield ahead.popleft().result()
            finally:
                for future in ahead:
                    future.cancel()


def default_threads() -> int:
    """Torch threads when none are asked for: the cores, eight at most."""
    return max(1, min(8, os.cpu_count() or 1))
