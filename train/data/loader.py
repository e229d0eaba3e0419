"""From pair numbers to batches of pictures, made ahead of time on threads that share a cache of decoded frames.

A batch is a pure function of (seed, step), so the loader has no state to save beyond the step.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from torch import Tensor

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
    """Pairs and instructions of one step; their pictures uint8 [size, size, 3] or else their latents [B, N, C], float32."""

    step: int
    pairs: list[Pair]
    instructions: list[Instruction]
    sources: list[Rgb] = field(default_factory=list)
    targets: list[Rgb] = field(default_factory=list)
    latents: tuple[Tensor, Tensor] | None = None
    """Sources and targets."""
    second: Batch | None = None
    """The edits from the targets on to third frames (`PairIndex.onward`), where the step has them."""


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
    """Batches of consecutive steps, made ahead of time on ``workers`` threads (decoding releases the GIL).

    Args:
        second: whether a step has second edits, too.
        latents: gives the latents of the sources and targets of some pairs, instead of their pictures.
    """

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
        second: Callable[[int], bool] | None = None,
        latents: Callable[[Sequence[Pair]], tuple[Tensor, Tensor]] | None = None,
    ) -> None:
        self._index, self._options, self._batch, self._workers = index, options, batch, workers
        self._rank, self._world = rank, world
        self._second = second or (lambda step: False)
        self._latents = latents
        self._maker = SampleMaker(dataset, index, Framing(size, crop, index.seed))
        self._cache = FrameCache(dataset, cache_mb)

    def make(self, step: int) -> Batch:
        """The batch of one step: this process's share."""
        pairs = [self._index.pair(i) for i in rank_batch(step, self._batch, self._rank, self._world)]
        second = self._of(step, [self._index.onward(pair) for pair in pairs]) if self._second(step) else None
        return self._of(step, pairs, second)

    def _of(self, step: int, pairs: list[Pair], second: Batch | None = None) -> Batch:
        instructions = [of_pair(pair, self._options) for pair in pairs]
        if self._latents:
            return Batch(step=step, pairs=pairs, instructions=instructions, latents=self._latents(pairs), second=second)
        samples = [self._maker.make(pair, self._cache.get) for pair in pairs]
        sources, targets = [sample["source"] for sample in samples], [sample["target"] for sample in samples]
        return Batch(step=step, pairs=pairs, instructions=instructions, sources=sources, targets=targets, second=second)

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
