"""Pairs from shards that are read from front to back: for datasets far away, where random access costs a journey per frame.

A buffer takes the next few series of a shard, gives pairs of them, and is emptied. Labels, balance, edits and sentences are
those of `PairIndex.pair_within` the series in the buffer. As that needs no picture, pairs are planned first, and only the
frames that they show are kept, and checked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cat_dataset.errors import UsageError
from cat_dataset.images import Rgb, decode_rgb
from cat_dataset.loading.framing import Framing
from cat_dataset.loading.pair_dataset import SIZE, STATE_VERSION, Batch, check_fingerprint
from cat_dataset.loading.samples import PairSample, SampleMaker
from cat_dataset.loading.shard_stream import ForwardReader
from cat_dataset.manifests import Dataset
from cat_dataset.pairs import PairIndex, rank_batch

_ORDER_STREAM = 0x5A4D
"""Separates the order of the shards from every other use of the seed."""


class PairStream:
    """An endless stream of pairs; `train.streaming.StreamedPairs` makes it torch's.

    Neighbouring shards form a group that holds at least ``buffer_series`` series. Each epoch takes all groups, in an order
    that is a function of (seed, epoch). All readers, ``world`` ranks of equally many workers, deal the endless sequence of
    groups out among themselves: reader c of C takes the groups c, c + C, c + 2C and so on. As it never ends, ranks have
    equally many steps, also where there are fewer shards than readers. Which pairs a group gives, under which numbers, does
    not depend on its reader.

    The state is the epoch and the group in it: a resume goes on at the start of the earliest group that some reader had not
    finished. No pair is left out; those that came of that group and of later ones are seen again.

    Args:
        dataset: from `cat_dataset.manifests.open_dataset`; its shards may be remote.
        index: says which pairs.
        size: side of the square pictures in pixels.
        crop: smallest random crop as a share of the short side, for pairs whose attributes allow it; 1 means none.
        buffer_series: the most series that pairs are drawn from at a time, per reader. Few series make batches of few scenes;
            a reader holds at most two frames per pair, 2 · ``draws`` · ``buffer_series`` pictures as they are stored.
        draws: pairs per series and epoch.
        rank: this process's number among ``world`` processes.

    Raises:
        UsageError: an impossible number, or ``index`` was made of another dataset.
    """

    def __init__(
        self,
        dataset: Dataset,
        index: PairIndex,
        *,
        size: int = SIZE,
        crop: float = 1.0,
        buffer_series: int = 16,
        draws: int = 4,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        rank_batch(0, world, rank, world)
        for option, number in (("buffer_series", buffer_series), ("draws", draws)):
            if number < 1:
                raise UsageError(f"{option} must be at least 1, not {number}")
        self._dataset, self._index, self._rank, self._world = dataset, index, rank, world
        self._buffer, self._draws = buffer_series, draws
        self._maker = SampleMaker(dataset, index, Framing(size, crop, index.seed))
        self._groups = _groups(dataset, index.usable, buffer_series)
        self._pairs = np.array([draws * len(series) for series in self._groups], np.int64)
        self._start, self._counted = 0, (0, 1, 0)

    def __iter__(self) -> Iterator[PairSample]:
        """`pairs` of the only worker."""
        return self.pairs()

    def pairs(self, worker: int = 0, workers: int = 1) -> Iterator[PairSample]:
        """The pairs that worker number ``worker`` of each rank's ``workers`` gives, without end.

        Raises:
            LoadError: a shard is gone, damaged or not the manifest's; names shard, series and frame.
        """
        position, reader = self._start + self._rank * workers + worker, ForwardReader(self._dataset)
        while True:
            yield from self._pairs_of_group(position, reader)
            reader.close()
            position += self._world * workers

    def enumerate(self, loader: Iterable[Batch]) -> Iterator[tuple[int, Batch]]:
        """(step, batch) of a ``DataLoader`` over this stream; counts what was handed out, for `state_dict`.

        Steps count from where the stream was started or resumed.
        """
        batch, workers = int(getattr(loader, "batch_size", None) or 1), int(getattr(loader, "num_workers", 0))
        for step, made in enumerate(loader):
            self._counted = (step + 1, batch, workers)
            yield step, made

    def state_after(self, steps: int, *, batch: int, workers: int = 0) -> dict[str, Any]:
        """What to keep after ``steps`` batches of ``batch`` pairs in every rank, made by ``workers`` workers in turns.

        Steps count from where the stream was started or resumed. Plain numbers and strings, the same in every rank.
        """
        workers = max(1, workers)
        taken = [batch * len(range(worker, steps, workers)) for worker in range(workers)]
        epoch, group = divmod(self._earliest_unfinished(taken * self._world), len(self._groups))
        return {"version": STATE_VERSION, "epoch": epoch, "group": group, "fingerprint": self._fingerprint}

    def state_dict(self) -> dict[str, Any]:
        """`state_after` all that `enumerate` has handed out."""
        steps, batch, workers = self._counted
        return self.state_after(steps, batch=batch, workers=workers)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on at the group that ``state`` names, with any number of ranks and workers.

        Raises:
            UsageError: it is of another stream, of shards packed otherwise, or no state at all.
        """
        epoch, group = state.get("epoch"), state.get("group")
        if state.get("version") != STATE_VERSION or type(epoch) is not int or type(group) is not int:
            raise UsageError("that is no state of a PairStream of this version; start anew, or use the version that wrote it")
        check_fingerprint(state, self._fingerprint)
        if epoch < 0 or not 0 <= group < len(self._groups):
            raise UsageError(f"group {group} of epoch {epoch} does not exist; the state was changed: start anew")
        self._start, self._counted = epoch * len(self._groups) + group, (0, 1, 0)

    def _pairs_of_group(self, position: int, reader: ForwardReader) -> Iterator[PairSample]:
        order, bases = self._epoch(position // len(self._groups))
        place = position % len(self._groups)
        number, series = int(bases[place]), self._groups[order[place]]
        for held in np.array_split(series, -(-len(series) // self._buffer)):
            at_hand = held.tolist()
            pairs = [self._index.pair_within(number + k, at_hand) for k in range(self._draws * len(at_hand))]
            number += len(pairs)
            rows = sorted({row for pair in pairs for row in (pair.source, pair.target)})
            pictures = {row: reader.read(row) for row in rows}
            for pair in pairs:
                yield self._maker.make(pair, partial(_decoded, pictures))

    def _epoch(self, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The order of the groups in an epoch, and the number of the first pair of each, in that order."""
        key = np.array([self._index.seed ^ (_ORDER_STREAM << 32), epoch], np.uint64)
        order = np.random.Generator(np.random.Philox(key=key)).permutation(len(self._groups))
        ends = np.cumsum(self._pairs[order])
        return order, epoch * ends[-1] + ends - self._pairs[order]

    def _earliest_unfinished(self, taken: list[int]) -> int:
        """The first group of which some reader has not given all pairs; ``taken`` says how many each has given."""
        pairs = np.zeros(0, np.int64)
        epoch, group = divmod(self._start, len(self._groups))
        while True:
            ends = [np.cumsum(pairs[reader :: len(taken)]) for reader in range(len(taken))]
            done = [int(np.searchsorted(end, given, side="right")) for end, given in zip(ends, taken, strict=True)]
            if all(count < len(end) for count, end in zip(done, ends, strict=True)):
                return self._start + min(count * len(taken) + reader for reader, count in enumerate(done))
            for _ in range(max(1, len(pairs) // len(self._groups))):
                pairs = np.r_[pairs, self._pairs[self._epoch(epoch)[0][group:]]]
                epoch, group = epoch + 1, 0

    @cached_property
    def _fingerprint(self) -> str:
        shards = [entry["sha256"] for entry in self._dataset.info["shards"] if entry["split"] == self._index.split]
        return hashlib.sha256(json.dumps([self._index.fingerprint(), self._buffer, self._draws, shards]).encode()).hexdigest()


def _groups(dataset: Dataset, usable: NDArray[np.bool_], least: int) -> list[NDArray[np.int64]]:
    """Numbers of the usable series of neighbouring shards, at least ``least`` of them together."""
    numbers = np.flatnonzero(usable)
    shards = dataset.series["shard"].to_numpy()[numbers]
    groups: list[NDArray[np.int64]] = []
    waiting = numbers[:0]
    for own in np.split(numbers, np.flatnonzero(shards[1:] != shards[:-1]) + 1):
        waiting = np.r_[waiting, own]
        if len(waiting) >= least:
            groups.append(waiting)
            waiting = waiting[:0]
    if len(waiting):
        groups[-1:] = [np.r_[groups[-1], waiting] if groups else waiting]
    return groups


def _decoded(pictures: Mapping[int, bytes], row: int, short_side: int) -> Rgb:
    return decode_rgb(pictures[row], short_side=short_side)
