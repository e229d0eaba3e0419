"""Random pairs per CPU second: ours, its peers on the same frames, and bare decoding as the limit of all.

    python -m tests.benchmarks.bench_pairs [--series 12] [--frames 180] [--size 1024] [--format jpg] [--seconds 2] [--turns 5]

One process on one core, everything warm in the page cache, OpenCV on one thread. Every case decodes to 512 px with the same
OpenCV calls: reduced DCT where that is exact (1024 px JPEG), else full decoding, then INTER_AREA. The limit does nothing else,
on bytes that are in memory. mosaicml-streaming and litdata read exactly the frames that our index plans; webdataset,
which has no random access, draws k pairs per series from a buffer of whole series before it fills that anew. Only ours checks
every frame's CRC-32. Nothing here asserts anything about time.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import webdataset
from numpy.typing import NDArray

from cat_dataset.frames import FrameReader
from cat_dataset.images import decode_rgb
from cat_dataset.manifests import Dataset
from cat_dataset.pairs import PairIndex
from tests.benchmarks.measure import TURNS, in_turns, ratios, say, spread, table, verdict
from tests.benchmarks.peers import PEERS, versions
from tests.benchmarks.pictures import write_series
from tests.cat_dataset.factory import build_dataset

SIDE = 512
BATCH = 8
"""Pairs between two looks at the clock."""
BUFFER = 4
"""Series that webdataset's buffer holds."""
DRAWS = (1, 4, 16)
LIMIT, OURS = "bare decoding, the limit", "ours"


def bare_decode(data: bytes, stored: int) -> NDArray[np.uint8]:
    """The OpenCV calls that every case shares, for a picture of ``stored`` px."""
    reduced = data[:2] == b"\xff\xd8" and stored == 2 * SIDE
    mode = cv2.IMREAD_REDUCED_COLOR_2 if reduced else cv2.IMREAD_COLOR
    rgb = cv2.imdecode(np.frombuffer(data, np.uint8), mode | cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    return rgb if rgb.shape[0] == SIDE else cv2.resize(rgb, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def limit(pictures: list[bytes], stored: int) -> Iterator[int]:
    rng = np.random.default_rng(0)
    while True:
        for one, other in rng.integers(0, len(pictures), (BATCH, 2)).tolist():
            bare_decode(pictures[one], stored), bare_decode(pictures[other], stored)
        yield BATCH


def planned(index: PairIndex, use: Callable[[int, int], object]) -> Iterator[int]:
    """``use`` the source and target rows of the index's pairs, one pair after the other."""
    at = 0
    while True:
        for i in range(at, at + BATCH):
            pair = index.pair(i)
            use(pair.source, pair.target)
        at += BATCH
        yield BATCH


def buffered(shards: list[str], extension: str, draws: int, stored: int) -> Iterator[int]:
    """Fill a buffer with `BUFFER` series out of webdataset's stream; draw ``draws`` pairs per series; fill it anew."""
    rng = np.random.default_rng(0)
    while True:
        held: dict[str, list[bytes]] = defaultdict(list)
        for sample in webdataset.WebDataset(shards, shardshuffle=False):
            name = sample["__key__"].rsplit("_", 1)[0]
            if name not in held and len(held) == BUFFER:
                yield _draw(held, rng, draws, stored)
                held.clear()
            held[name].append(sample[extension])
        yield _draw(held, rng, draws, stored)


def _draw(held: dict[str, list[bytes]], rng: np.random.Generator, draws: int, stored: int) -> int:
    names = list(held)
    for _ in range(draws * len(names)):
        frames = held[names[int(rng.integers(len(names)))]]
        for number in rng.integers(0, len(frames), 2).tolist():
            bare_decode(frames[number], stored)
    return draws * len(names)


def cases(dataset: Dataset, root: Path, extension: str, stored: int) -> dict[str, Iterator[int]]:
    """Every case by name; peers that are not installed are left out with a word."""
    index, reader = PairIndex(dataset), FrameReader(dataset)
    rows = np.random.default_rng(1).permutation(len(reader))[:360].tolist()
    shards = [str(root / "shards" / shard["file"]) for shard in dataset.info["shards"]]

    def ours(source: int, target: int) -> None:
        for row in (source, target):
            assert decode_rgb(reader.read(row), short_side=SIDE).shape == (SIDE, SIDE, 3)

    found = {
        LIMIT: limit([reader.read(row) for row in rows], stored),
        OURS: planned(index, ours),
        "ours, bytes with CRC-32, not decoded": planned(index, lambda source, target: (reader.read(source), reader.read(target))),
        "ours, pairs only planned": planned(index, lambda source, target: None),
        **{f"webdataset, {k} draws per series": buffered(shards, extension, k, stored) for k in DRAWS},
    }
    for name, write in PEERS.items():
        try:
            read = write(root / name, (reader.read(row) for row in range(len(reader))))
        except ImportError as error:
            say(f"{name} is not installed: skipped ({error})")
            continue
        found[name] = planned(index, lambda source, target, read=read: (bare_decode(read(source), stored), bare_decode(read(target), stored)))
    return found


def report(rates: dict[str, list[float]]) -> str:
    """The table, and which targets are met."""
    rows = []
    for name, found in rates.items():
        decoded = "CRC" not in name and "planned" not in name
        against = [spread(ratios(rates[OURS], found)), spread(ratios(found, rates[LIMIT]))] if decoded else ["", ""]
        rows.append([name, spread(found, 1), *against])
    targets = [(LIMIT, 0.95), (f"webdataset, {DRAWS[1]} draws per series", 4.0), ("mosaicml-streaming", 1.0), ("litdata", 1.0)]
    lines = [
        verdict(f"ours / {name}", median(ratios(rates[OURS], rates[name])), target, at_least=True) for name, target in targets if name in rates
    ]
    return table(["random pairs", "pairs per CPU second", "ours / this", "this / limit"], rows) + "\n\n" + "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=12)
    parser.add_argument("--frames", type=int, default=180)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--format", choices=("png", "jpg"), default="jpg")
    parser.add_argument("--seconds", type=float, default=2.0, help="CPU seconds per case and turn")
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--work", type=Path, help="where scratch folders go; the system's temporary folder unless told")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        root = Path(folder)
        say(f"writing {options.series} series of {options.frames} frames")
        write_series(root / "series", options.series, options.frames, options.size, options.format)
        dataset = build_dataset(root, split={"train": 1.0, "validation": 0.0, "test": 0.0}, image_format=options.format, decode=False)
        shutil.rmtree(root / "series")
        mean = sum(shard["bytes"] for shard in dataset.info["shards"]) / dataset.info["totals"]["frames"]
        measured = in_turns(cases(dataset, root, options.format, options.size), options.turns, options.seconds)
    print(
        f"{options.series} series of {options.frames} frames, {options.format} of {options.size} px ({mean / 1000:.0f} kB a frame) to {SIDE} px; "
        f"median (least to most) of {options.turns} turns; {versions(['webdataset', *PEERS])}, opencv {cv2.__version__}\n"
    )
    print(report(measured))


if __name__ == "__main__":
    main()
