"""PairDataset in torch's DataLoader against bare decoding in the same DataLoader: pairs per CPU second of all processes.

    python -m tests.benchmarks.bench_loader [--workers 2] [--series 4] [--frames 180] [--turns 15]

Both sides start the workers, collate batches of 8 pairs of 512 px with torch's default, hand them over through shared memory and
stop the workers again; the bare side decodes two random pictures that are in memory and does nothing else.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np

from cat_dataset.frames import FrameReader
from cat_dataset.loading.pair_dataset import PairDataset, PairSampler
from cat_dataset.pairs import PairIndex
from tests.benchmarks.bench_pairs import BATCH, SIDE, bare_decode
from tests.benchmarks.measure import TURNS, in_turns, ratios, say, spread, table, verdict
from tests.benchmarks.peers import versions
from tests.benchmarks.pictures import packed

STEPS = 25
"""Batches between starting and stopping the workers."""
LIMIT, OURS = "bare decoding in DataLoader", "PairDataset in DataLoader"


class Bare:
    """Two random pictures of those in memory, decoded."""

    def __init__(self, pictures: list[bytes], stored: int) -> None:
        self._pictures, self._stored = pictures, stored

    def __getitem__(self, i: int) -> dict[str, Any]:
        one, other = np.random.default_rng(i).integers(0, len(self._pictures), 2).tolist()
        return {name: bare_decode(self._pictures[number], self._stored) for name, number in (("source", one), ("target", other))}


def passes(load: Callable[..., Any], dataset: object, sampler: Callable[[int], object]) -> Iterator[int]:
    """Pass after pass of STEPS batches, each with workers of its own."""
    for number in count():
        for _ in load(dataset, batch_sampler=sampler(number)):
            pass
        yield STEPS * BATCH


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--series", type=int, default=4)
    parser.add_argument("--frames", type=int, default=180)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--format", choices=("png", "jpg"), default="jpg")
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--work", type=Path, help="where scratch folders go; the system's temporary folder unless told")
    options = parser.parse_args()
    try:
        import torch
        from torch.utils.data import DataLoader
    except ImportError as error:
        say(f"torch is not installed: skipped ({error})")
        return
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    load = partial(DataLoader, num_workers=options.workers)
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        dataset = packed(Path(folder), options.series, options.frames, options.size, options.format)
        index, reader = PairIndex(dataset), FrameReader(dataset)
        rows = np.random.default_rng(1).permutation(len(reader))[:360].tolist()

        def bare(number: int) -> list[list[int]]:
            first = number * STEPS * BATCH
            return [list(range(at, at + BATCH)) for at in range(first, first + STEPS * BATCH, BATCH)]

        one = PairSampler(index, batch=BATCH, steps=STEPS)
        cases = {
            LIMIT: passes(load, Bare([reader.read(row) for row in rows], options.size), bare),
            OURS: passes(load, PairDataset(dataset, index, size=SIDE), lambda number: one),
        }
        rates = in_turns(cases, options.turns, 0.5)
    print(
        f"{options.workers} worker processes, batches of {BATCH}, {STEPS} batches a pass; {options.format} of {options.size} px; "
        f"median (least to most) of {options.turns} turns; {versions(['torch'])}\n"
    )
    rows_ = [[name, spread(found, 1), spread(ratios(found, rates[LIMIT]))] for name, found in rates.items()]
    print(table(["with workers", "pairs per CPU second", f"this / {LIMIT}"], rows_))
    print("\n" + verdict(f"{OURS} / {LIMIT}", median(ratios(rates[OURS], rates[LIMIT])), 0.95, at_least=True))


if __name__ == "__main__":
    main()
