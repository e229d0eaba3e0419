"""A pair as a training loop takes it: two pictures, a sentence and numbers, in NumPy's arrays."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, TypedDict

import cv2
import numpy as np
from numpy.typing import NDArray

from cat_dataset.errors import CatError, LoadError, UsageError
from cat_dataset.images import Rgb
from cat_dataset.loading.framing import Framing
from cat_dataset.manifests import Dataset
from cat_dataset.pairs import Pair, PairIndex


class PairSample(TypedDict):
    """One pair. Edits fill the first ``edits`` places of the arrays, whose length K is the same for all pairs of a stream.

    Stock collate functions take it as it is: every entry is a number, a string or an array of one shape for all pairs.
    """

    index: int
    """Number of the pair in its stream."""
    series: str
    instruction: str
    """The sentence that asks for all edits; `; ` joins those of several."""
    source: Rgb
    """uint8 [size, size, 3], RGB, as is ``target``."""
    target: Rgb
    edits: int
    """How many attributes the instruction names: at least 1, also where it asks for no change."""
    tasks: NDArray[np.int64]
    """[K] permanent task ids, 0 behind the edits."""
    numbers: NDArray[np.float32]
    """[K] the changes as the model sees them (`Attribute.encode`), 0 behind the edits."""
    deltas: NDArray[np.float64]
    """[K] the changes in the attributes' natural units, 0 behind the edits."""


class SampleMaker:
    """Frames the pictures of pairs and lists their edits. May be pickled, and used by threads and forks.

    OpenCV works on one thread of its own from here on, in this process too: a loader's workers are its parallelism, and
    OpenCV's pool of threads does not survive a fork (a forked worker would wait for it for ever).

    Raises:
        UsageError: ``index`` was made of another dataset.
    """

    def __init__(self, dataset: Dataset, index: PairIndex, framing: Framing) -> None:
        if not index.is_of(dataset):
            raise UsageError("the pair index was made of another dataset; make it of the one that is loaded")
        self._framing, self._places, self._starts = framing, index.most_edits, dataset.starts
        self._enter_process()

    def make(self, pair: Pair, picture: Callable[[int, int], Rgb]) -> PairSample:
        """The sample of a pair; ``picture(row, short_side)`` gives the frame of a row as `decode_rgb` does.

        Raises:
            LoadError: a picture cannot be read or decoded; names pair, series and frame.
        """
        if self._process != os.getpid():
            self._enter_process()
        source = self._shown(pair, pair.source, picture)
        target = source.copy() if pair.target == pair.source else self._shown(pair, pair.target, picture)
        tasks, numbers, deltas = np.zeros(self._places, np.int64), np.zeros(self._places, np.float32), np.zeros(self._places)
        for place, edit in enumerate(pair.edits):
            tasks[place], numbers[place], deltas[place] = edit.task, edit.encoded, edit.delta
        return {
            "index": pair.index, "series": pair.series, "instruction": pair.instruction, "source": source, "target": target,
            "edits": len(pair.edits), "tasks": tasks, "numbers": numbers, "deltas": deltas,
        }  # fmt: skip

    def _shown(self, pair: Pair, row: int, picture: Callable[[int, int], Rgb]) -> Rgb:
        try:
            return self._framing.cut(picture(row, self._framing.short_side(pair)), pair)
        except CatError as error:
            frame = row - int(self._starts[np.searchsorted(self._starts, row, side="right") - 1])
            raise LoadError(f"pair {pair.index}, frame {frame} of {pair.series}: {error}") from None

    def _enter_process(self) -> None:
        """What is to be set once in every process. In a fork OpenCV's threads are set already, and setting them would hang."""
        self._process = os.getpid()
        _keep_freed_memory()
        if cv2.getNumThreads() != 1:
            cv2.setNumThreads(1)


def _keep_freed_memory() -> None:
    """Have glibc re-use the memory of pictures instead of returning it to the system and fetching it anew, page by page.

    That costs a quarter of the time of decoding. What is returned is what exceeds the largest block freed so far (its
    dynamic M_MMAP_THRESHOLD and M_TRIM_THRESHOLD, up to 32 MiB); this block is never touched, so it takes no memory.
    """
    np.empty(24 << 20, np.uint8)


def stack(samples: Sequence[PairSample]) -> dict[str, Any]:
    """A batch: arrays [B, ...] of numbers and pictures, lists of strings. NumPy's counterpart of torch's default_collate."""
    batch: dict[str, Any] = {name: [sample[name] for sample in samples] for name in PairSample.__annotations__}  # type: ignore[literal-required]
    return {name: column if isinstance(column[0], str) else np.stack(column) for name, column in batch.items()}
