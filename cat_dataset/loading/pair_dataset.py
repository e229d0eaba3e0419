"""Random access to training pairs, for `torch.utils.data.DataLoader` or anything else that indexes and batches.

    index = PairIndex(open_dataset("manifests"), mirror=0.5)
    sampler = PairSampler(index, batch=16)
    loader = DataLoader(PairDataset(dataset, index), batch_sampler=sampler, num_workers=4)
    for step, batch in sampler.enumerate(loader): ...

Pair i is the same for any number of workers and ranks, so the whole state is how many pairs were taken (docs/loading.md).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, TypeVar

from cat_dataset.errors import UsageError
from cat_dataset.frames import FrameReader
from cat_dataset.images import Rgb, decode_rgb
from cat_dataset.loading.framing import Framing
from cat_dataset.loading.samples import PairSample, SampleMaker
from cat_dataset.manifests import Dataset
from cat_dataset.pairs import PairIndex, rank_batch

STATE_VERSION = 1
SIZE = 512
"""Side of the pictures in pixels, unless told."""

Batch = TypeVar("Batch")


class PairDataset:
    """The pairs of ``index`` by number, endless: any i ≥ 0. Every picture's CRC-32 is compared when it is read.

    It may be pickled and forked: workers open the shards for themselves.

    Args:
        dataset: from `cat_dataset.manifests.open_dataset`, the one that ``index`` was made of.
        index: which pair is number i.
        size: side of the square pictures in pixels.
        crop: smallest random crop as a share of the short side, for pairs whose attributes allow it; 1 means none.
    """

    def __init__(self, dataset: Dataset, index: PairIndex, *, size: int = SIZE, crop: float = 1.0) -> None:
        self._index, self._reader = index, FrameReader(dataset)
        self._maker = SampleMaker(dataset, index, Framing(size, crop, index.seed))

    def __getitem__(self, i: int) -> PairSample:
        """Pair number ``i``.

        Raises:
            LoadError: a picture is gone or damaged; names pair, series, frame and shard.
            UsageError: ``i`` is negative.
        """
        return self._maker.make(self._index.pair(int(i)), self._picture)

    def _picture(self, row: int, short_side: int) -> Rgb:
        return decode_rgb(self._reader.read(row), short_side=short_side)


class PairSampler:
    """Which pairs the batches of one rank hold: a ``batch_sampler``. Step s of all ranks together is pairs s·batch to (s + 1)·batch.

    All ranks have equally many steps, and may be of another number after a resume. A pass over the sampler goes on where
    the last one ended.

    Args:
        index: the stream.
        batch: pairs per step of all ranks together.
        rank: this process's number among ``world`` processes. Leave both out where something else shares the batches
            (accelerate with ``split_batches=True``).
        world: how many processes share the batch.
        steps: steps of one pass ("epoch"); None makes a pass endless.

    Raises:
        UsageError: ``world`` processes cannot share the batch equally, or there is no such rank.
    """

    drop_last = True
    """Batches are always full."""

    def __init__(self, index: PairIndex, *, batch: int, rank: int = 0, world: int = 1, steps: int | None = None) -> None:
        rank_batch(0, batch, rank, world)
        if steps is not None and steps < 1:
            raise UsageError(f"steps must be at least 1, not {steps}")
        self._index, self._batch, self._rank, self._world, self._steps = index, batch, rank, world, steps
        self._step, self._counted, self._uncounted = 0, False, False

    def __iter__(self) -> Iterator[list[int]]:
        """Pair numbers of this rank, step by step, to the end of the pass."""
        self._uncounted = not self._counted
        for step in self._pass():
            yield list(rank_batch(step, self._batch, self._rank, self._world))
        if not self._counted:
            self._step += len(self)

    def __len__(self) -> int:
        """Steps of the pass that comes next.

        Raises:
            TypeError: it is endless.
        """
        if self._steps is None:
            raise TypeError("this PairSampler is endless and has no length; give it steps")
        return self._steps - self._step % self._steps

    @property
    def batch_size(self) -> int:
        """Pairs in a batch, for what shares batches itself.

        Raises:
            UsageError: they are shared already.
        """
        if self._world > 1:
            raise UsageError(
                f"this PairSampler is that of rank {self._rank} of {self._world} already; to let accelerate share the batches, "
                "leave rank and world out and set split_batches=True, else do not prepare the loader"
            )
        return self._batch

    def enumerate(self, loader: Iterable[Batch]) -> Iterator[tuple[int, Batch]]:
        """(step, batch) of a pass over a loader that has this batch sampler; counts what was handed out, for `state_dict`.

        Steps count from the beginning of the stream.

        Raises:
            UsageError: a batch holds pairs of another step, because something shares the batches in another way.
        """
        self._counted, self._uncounted, first = True, False, self._step
        try:
            for batch in loader:
                if self._step < first + 2:  # wrong sharing shows at once; looking into every batch would wait for the GPU
                    self._check(batch)
                self._step += 1
                yield self._step - 1, batch
        finally:
            self._counted = False

    def state_after(self, step: int) -> dict[str, Any]:
        """What to keep once ``step`` steps from the beginning of the stream are done: plain numbers and strings."""
        return {"version": STATE_VERSION, "pairs": step * self._batch, "batch": self._batch, "fingerprint": self._fingerprint}

    def state_dict(self) -> dict[str, Any]:
        """`state_after` all that `enumerate` has handed out.

        Raises:
            UsageError: a loader runs without it. Workers fetch ahead, so what the sampler gave is not what was consumed.
        """
        if self._uncounted:
            raise UsageError("the sampler does not know how many batches were consumed; loop over enumerate(loader), or use state_after")
        return self.state_after(self._step)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on behind the pairs that ``state`` counts.

        Raises:
            UsageError: it is of another stream or batch, or no state at all.
        """
        if state.get("version") != STATE_VERSION or type(state.get("pairs")) is not int or state["pairs"] < 0:
            raise UsageError("that is no state of a PairSampler of this version; start anew, or use the version that wrote it")
        if state.get("batch") != self._batch:
            raise UsageError(f"the state is that of batches of {state.get('batch')} pairs, not of {self._batch}; give the same batch")
        if state["pairs"] % self._batch:
            raise UsageError(f"the state's {state['pairs']} pairs are not whole batches of {self._batch}; start anew")
        check_fingerprint(state, self._fingerprint)
        self._step, self._uncounted = state["pairs"] // self._batch, False

    @cached_property
    def _fingerprint(self) -> str:
        return self._index.fingerprint()

    def _pass(self) -> Iterable[int]:
        return itertools.count(self._step) if self._steps is None else range(self._step, self._step + len(self))

    def _check(self, batch: object) -> None:
        if not isinstance(batch, Mapping) or "index" not in batch:
            return
        first, begin = int(batch["index"][0]), self._step * self._batch
        if not begin <= first < begin + self._batch:
            raise UsageError(
                f"step {self._step} is pairs {begin} to {begin + self._batch - 1}, but the loader gave pair {first}; let the sampler "
                "share the batches (rank and world) or accelerate (split_batches=True), and not both"
            )


def check_fingerprint(state: Mapping[str, Any], fingerprint: str) -> None:
    """Refuse a state that was kept of another stream.

    Raises:
        UsageError: it was.
    """
    if state.get("fingerprint") != fingerprint:
        raise UsageError(
            "the state is that of other pairs (dataset, split, seed, attributes, weights, mirror or zero share differ); "
            "give the same ones, or start anew"
        )
