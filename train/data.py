"""From pair numbers to batches of pictures: read, decode, crop source and target alike, prefetch on threads.

A batch is a pure function of (seed, step), so the loader has no state to save beyond the step.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from cat_dataset.attributes import attribute
from cat_dataset.frames import FrameReader
from cat_dataset.images import Rgb, decode_rgb, resize_area
from cat_dataset.manifests import Dataset
from cat_dataset.pairs import Pair, PairIndex, rank_batch
from train.base import Instruction

_CROP_STREAM = 0xC409
"""Separates the crops' random numbers from every other use of the seed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Pictures uint8 [size, size, 3] and instructions of one step, one entry per pair."""

    step: int
    pairs: list[Pair]
    sources: list[Rgb]
    targets: list[Rgb]
    instructions: list[Instruction]


class FrameCache:
    """Decoded frames by row, the least recently used dropped beyond ``megabytes``. Safe to share among threads.

    Frames are kept with a short side of ``short_side`` pixels (never enlarged).
    """

    def __init__(self, dataset: Dataset, short_side: int, megabytes: int) -> None:
        self._reader = FrameReader(dataset)
        self._short_side, self._limit = short_side, megabytes << 20
        self._frames: OrderedDict[int, Rgb] = OrderedDict()
        self._held = 0
        self._lock = threading.Lock()

    def get(self, row: int) -> Rgb:
        """The frame of a row, uint8 [H, W, 3]; do not write to it."""
        with self._lock:
            found = self._frames.get(row)
            if found is not None:
                self._frames.move_to_end(row)
                return found
        picture = decode_rgb(self._reader.read(row), short_side=self._short_side)
        with self._lock:
            if row not in self._frames:
                self._frames[row] = picture
                self._held += picture.nbytes
            while self._held > self._limit and len(self._frames) > 1:
                self._held -= self._frames.popitem(last=False)[1].nbytes
        return picture


class BatchLoader:
    """Batches of consecutive steps, made ahead of time on ``workers`` threads (decoding releases the GIL)."""

    def __init__(
        self, dataset: Dataset, index: PairIndex, *, size: int, batch: int, crop: float, seed: int, cache_mb: int, workers: int = 2
    ) -> None:
        self._index, self._size, self._batch, self._crop, self._seed, self._workers = index, size, batch, crop, seed, workers
        self._cache = FrameCache(dataset, short_side=round(size / crop), megabytes=cache_mb)

    def make(self, step: int) -> Batch:
        """The batch of one step."""
        pairs = [self._index.pair(i) for i in rank_batch(step, self._batch, 0, 1)]
        cut = [self._pictures(pair) for pair in pairs]
        return Batch(
            step=step,
            pairs=pairs,
            sources=[source for source, _ in cut],
            targets=[target for _, target in cut],
            instructions=[instruction_of(pair) for pair in pairs],
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

    def _pictures(self, pair: Pair) -> tuple[Rgb, Rgb]:
        source, target = self._cache.get(pair.source), self._cache.get(pair.target)
        if self._crop < 1 and all(attribute(edit.attribute).level == "low" for edit in pair.edits):
            box, mirror = random_square(source.shape, self._crop, self._seed, pair.index)
        else:
            box, mirror = centre_square(source.shape), False
        return cut_square(source, box, self._size, mirror), cut_square(target, box, self._size, mirror)


Square = tuple[int, int, int]
"""Top, left and side of a square in pixels."""


def centre_square(shape: tuple[int, ...]) -> Square:
    """The largest square in the middle of a picture [H, W, ...]."""
    height, width = shape[:2]
    side = min(height, width)
    return (height - side) // 2, (width - side) // 2, side


def random_square(shape: tuple[int, ...], smallest: float, seed: int, index: int) -> tuple[Square, bool]:
    """A square of ``smallest`` to 1 times the short side, anywhere, and whether to mirror it; a function of (seed, index)."""
    height, width = shape[:2]
    a, b, c, d = np.random.Generator(np.random.Philox(key=np.array([seed ^ (_CROP_STREAM << 32), index], np.uint64))).random(4)
    side = max(1, round(min(height, width) * (smallest + (1 - smallest) * a)))
    return (int(b * (height - side + 1)), int(c * (width - side + 1)), side), bool(d < 0.5)


def cut_square(picture: Rgb, box: Square, size: int, mirror: bool = False) -> Rgb:
    """The square ``box`` of a picture, resized to size × size, mirrored left to right if asked."""
    top, left, side = box
    cut = picture[top : top + side, left : left + side]
    if mirror:
        cut = cut[:, ::-1]
    return resize_area(np.ascontiguousarray(cut), size, size)


def instruction_of(pair: Pair) -> Instruction:
    """What the model is told of a pair."""
    return Instruction(
        text=pair.instruction,
        tasks=tuple(edit.task for edit in pair.edits),
        numbers=tuple(edit.encoded for edit in pair.edits),
        parts=tuple(pair.instruction.split("; ")),
    )


def default_threads() -> int:
    """Torch threads when none are asked for: the cores, eight at most."""
    return max(1, min(8, os.cpu_count() or 1))
