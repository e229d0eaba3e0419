"""The pair stream as torch's ``DataLoader`` wants it."""

from __future__ import annotations

from collections.abc import Iterator

from torch.utils.data import IterableDataset, get_worker_info

from cat_dataset.loading.samples import PairSample
from cat_dataset.loading.streaming import PairStream


class StreamedPairs(IterableDataset[PairSample]):
    """``stream`` for a ``DataLoader`` with any number of workers; each of them reads shards of its own."""

    def __init__(self, stream: PairStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[PairSample]:
        worker = get_worker_info()
        return self._stream.pairs(worker.id, worker.num_workers) if worker else self._stream.pairs()
