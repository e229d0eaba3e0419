"""Random pairs per CPU second: ours, its peers on the same frames, and bare decoding as the limit of all.

    python -m tests.benchmarks.bench_pairs [--series 12] [--frames 180] [--size 1024] [--format jpg] [--turns 15]

One process on one core (two worker processes where it says so), everything warm in the page cache, OpenCV on one thread. A
pair is two pictures of 512 px that are held together. All decode with the same OpenCV calls, but for the row that says
otherwise: reduced DCT where that is exact (JPEG of 1024 px), else full decoding, then INTER_AREA. The limit does nothing
else, on bytes that are in memory. mosaicml-streaming and litdata read exactly the frames that our index plans; webdataset,
which has no random access, draws k pairs per series from a buffer of whole series before it fills that anew. Only ours
compares the CRC-32 of every frame, refuses pictures that are too large or cut off, and makes sentences and edits. Nothing
here asserts anything about time.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import cast

import cv2
import numpy as np
import webdataset
from webdataset.autodecode import imagehandler

from cat_dataset.frames import FrameReader
from cat_dataset.images import Rgb, decode_rgb
from cat_dataset.loading.pair_dataset import PairDataset
from cat_dataset.manifests import Dataset
from cat_dataset.pairs import PairIndex
from tests.benchmarks.measure import TURNS, in_turns, ratios, say, spread, table, verdict
from tests.benchmarks.peers import PEERS, Read, versions
from tests.benchmarks.pictures import packed

SIDE = 512
BATCH = 8
"""Pairs between two looks at the clock."""
BUFFER = 4
"""Series that webdataset's buffer holds."""
DRAWS = (1, 4, 16)
LIMIT, OURS = "bare decoding, the limit", "ours, PairDataset"
Decode = Callable[[bytes], object]


def bare_decode(data: bytes, stored: int) -> Rgb:
    """The OpenCV calls that every case shares, for a picture of ``stored`` px."""
    reduced = data[:2] == b"\xff\xd8" and stored == 2 * SIDE
    mode = cv2.IMREAD_REDUCED_COLOR_2 if reduced else cv2.IMREAD_COLOR
    rgb = cv2.imdecode(np.frombuffer(data, np.uint8), mode | cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    return cast(Rgb, rgb if rgb.shape[0] == SIDE else cv2.resize(rgb, (SIDE, SIDE), interpolation=cv2.INTER_AREA))


def limit(pictures: list[bytes], decode: Decode) -> Iterator[int]:
    """Decode two random pictures that are in memory, and nothing else."""
    rng = np.random.default_rng(0)
    while True:
        for one, other in rng.integers(0, len(pictures), (BATCH, 2)).tolist():
            _hold(decode(pictures[one]), decode(pictures[other]))
        yield BATCH


def planned(index: PairIndex, get: Callable[[int], object]) -> Iterator[int]:
    """``get`` the source and the target row of the index's pairs, one pair after the other."""
    at = 0
    while True:
        for i in range(at, at + BATCH):
            pair = index.pair(i)
            _hold(get(pair.source), get(pair.target))
        at += BATCH
        yield BATCH


def whole(dataset: PairDataset) -> Iterator[int]:
    """Pairs as torch's DataLoader fetches them: a batch at once where the dataset can do that."""
    fetch = getattr(dataset, "__getitems__", None)
    for at in count(0, BATCH):
        numbers = range(at, at + BATCH)
        if fetch is not None:
            fetch(numbers)
        else:
            for i in numbers:
                dataset[i]
        yield BATCH


def _hold(source: object, target: object) -> None:
    """Nothing, with both pictures in memory: as long as an allocator keeps them apart, that has its price."""


def buffered(shards: list[str], extension: str, draws: int, decode: Decode) -> Iterator[int]:
    """Fill a buffer with `BUFFER` series out of webdataset's stream; draw ``draws`` pairs per series; fill it anew."""
    rng = np.random.default_rng(0)
    while True:
        held: dict[str, list[bytes]] = defaultdict(list)
        for sample in webdataset.WebDataset(shards, shardshuffle=False):
            name = sample["__key__"].rsplit("_", 1)[0]
            if name not in held and len(held) == BUFFER:
                yield _draw(held, rng, draws, decode)
                held.clear()
            held[name].append(sample[extension])
        yield _draw(held, rng, draws, decode)


def _draw(held: dict[str, list[bytes]], rng: np.random.Generator, draws: int, decode: Decode) -> int:
    names = list(held)
    for _ in range(draws * len(names)):
        frames = held[names[int(rng.integers(len(names)))]]
        one, other = rng.integers(0, len(frames), 2).tolist()
        _hold(decode(frames[one]), decode(frames[other]))
    return draws * len(names)


def _decoded(read: Read, decode: Decode) -> Callable[[int], object]:
    return lambda row: decode(read(row))


def cases(dataset: Dataset, root: Path, extension: str, decode: Decode) -> dict[str, Iterator[int]]:
    """Every case by name; peers that are not installed are left out with a word."""
    index, reader = PairIndex(dataset), FrameReader(dataset)
    rows = np.random.default_rng(1).permutation(len(reader))[:360].tolist()
    shards = [str(root / "shards" / shard["file"]) for shard in dataset.info["shards"]]
    documented = imagehandler("rgb8")

    def own_decoder(data: bytes) -> object:
        return cv2.resize(documented(f".{extension}", data), (SIDE, SIDE), interpolation=cv2.INTER_AREA)

    found = {
        LIMIT: limit([reader.read(row) for row in rows], decode),
        OURS: whole(PairDataset(dataset, index, size=SIDE)),
        **{f"webdataset, {k} draws per series": buffered(shards, extension, k, decode) for k in DRAWS},
        f"webdataset, {DRAWS[1]} draws, its own decoder": buffered(shards, extension, DRAWS[1], own_decoder),
    }
    for name, write in PEERS.items():
        try:
            read = write(root / name, (reader.read(row) for row in range(len(reader))))
        except ImportError as error:
            say(f"{name} is not installed: skipped ({error})")
            continue
        found[name] = planned(index, _decoded(read, decode))
    parts = {
        "part of ours: plan, read, decode": planned(index, lambda row: decode_rgb(reader.read(row), short_side=SIDE)),
        "part of ours: plan, read": planned(index, reader.read),
        "part of ours: plan": planned(index, lambda row: None),
    }
    return {**found, **parts}


def report(rates: dict[str, list[float]], frames: int) -> str:
    """The table, and which targets are met."""
    read = {LIMIT: "0", "litdata": "chunks of 64 MB", "part of ours: plan": "0"}
    read |= {name: f"{frames / int(name.split()[1]):g}" for name in rates if name.startswith("webdataset")}
    rows = [
        [name, read.get(name, "2"), spread(found, 1), spread(ratios(rates[OURS], found)), spread(ratios(found, rates[LIMIT]))]
        for name, found in rates.items()
    ]
    targets = [(LIMIT, 0.95), (f"webdataset, {DRAWS[1]} draws per series", 4.0), ("mosaicml-streaming", 1.0), ("litdata", 1.0)]
    lines = [
        verdict(f"{OURS} / {name}", median(ratios(rates[OURS], rates[name])), target, at_least=True)
        for name, target in targets
        if name in rates
    ]
    streamed = targets[1][0]
    most = median(ratios(rates[LIMIT], rates[streamed]))
    lines.append(f"- for comparison: {LIMIT} / {streamed} is {most:.2f}, and nothing that decodes these frames can be further ahead of it")
    head = ["random pairs", "frames read per pair", "pairs per CPU second", "ours / this", "this / limit"]
    return table(head, rows) + "\n\n" + "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=12)
    parser.add_argument("--frames", type=int, default=180)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--format", choices=("png", "jpg"), default="jpg")
    parser.add_argument("--seconds", type=float, default=0.5, help="least CPU seconds per case and turn")
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--work", type=Path, help="where scratch folders go; the system's temporary folder unless told")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        root = Path(folder)
        dataset = packed(root, options.series, options.frames, options.size, options.format)
        mean = int(dataset.columns.size.mean())
        rates = in_turns(cases(dataset, root, options.format, partial(bare_decode, stored=options.size)), options.turns, options.seconds)
    print(
        f"{options.series} series of {options.frames} frames, {options.format} of {options.size} px ({mean // 1000} kB a frame) to {SIDE} "
        f"px; median (least to most) of {options.turns} turns; {versions(['webdataset', *PEERS])}, opencv {cv2.__version__}\n"
    )
    print(report(rates, options.frames))


if __name__ == "__main__":
    main()
