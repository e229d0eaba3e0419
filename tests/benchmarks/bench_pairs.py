"""Random pairs per second: our shards against stock WebDataset with a shuffle buffer, and against decoding alone.

    python -m tests.benchmarks.bench_pairs [--series 40] [--frames 60] [--size 512] [--format jpg] [--seconds 4]

Everything runs in one process on one core, warm, in turns within one run, so that the ratios hold on a noisy machine.
A pair from WebDataset is two frames of one series out of a buffer of as many frames as a few series have: the layout the
frame-wise tar forces on it. It is not a test and asserts nothing about time.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import webdataset

from cat_dataset.frames import FrameReader
from cat_dataset.images import decode_rgb, encode_jpeg, encode_png
from cat_dataset.pairs import PairIndex
from cat_dataset.series_writer import SeriesWriter
from tests.cat_dataset.factory import build_dataset

TURNS = 3


def write_series(root: Path, count: int, frames: int, size: int, image_format: str) -> None:
    """Series of smooth noise that is hard enough on the codecs: about 1.5 bits per pixel as JPEG."""
    rng = np.random.default_rng(0)
    encode = encode_png if image_format == "png" else encode_jpeg
    for number in range(count):
        base = cv2.resize(rng.integers(0, 256, (size // 8, size // 8, 3)).astype(np.uint8), (size, size), interpolation=cv2.INTER_CUBIC)
        with SeriesWriter(root / f"s{number:03d}", {}, {}) as writer:
            for index in range(frames):
                noise = rng.integers(-3, 4, base.shape, np.int16)
                shifted = np.roll(base, index * 3, axis=1)
                picture = np.clip(shifted.astype(np.int16) + noise, 0, 255).astype(np.uint8)
                writer.staging_path(index, image_format).write_bytes(encode(picture))
                writer.commit(index, {"rotation_z": index * 120.0 / frames}, extension=image_format)
            writer.finish(source="blender", scene={"asset": str(number)}, object="thing", varies=("rotation_z",))


def rate(work: Iterator[object], seconds: float) -> float:
    """Items per CPU second of ``work``, the filling of its buffers included."""
    start, count = time.process_time(), 0
    while time.process_time() - start < seconds:
        next(work)
        count += 1
    return count / (time.process_time() - start)


def from_index(index: PairIndex, reader: FrameReader | None, decode: bool) -> Iterator[object]:
    for i in range(10**9):
        pair = index.pair(i)
        if reader is None:
            yield pair
            continue
        data = reader.read(pair.source), reader.read(pair.target)
        yield (pair, [decode_rgb(one) for one in data]) if decode else (pair, data)


def from_webdataset(shards: list[str], image_format: str, series: int, draws: int, decode: bool) -> Iterator[object]:
    """Fill a buffer with ``series`` whole series; draw ``draws`` random pairs per series from it; fill it anew."""
    rng = np.random.default_rng(0)
    while True:
        held: dict[str, list[bytes]] = defaultdict(list)
        for sample in webdataset.WebDataset(shards, shardshuffle=False):
            name = sample["__key__"].rsplit("_", 1)[0]
            if name not in held and len(held) == series:
                yield from draw(held, rng, draws, decode)
                held.clear()
            held[name].append(sample[image_format])
        yield from draw(held, rng, draws, decode)


def draw(held: dict[str, list[bytes]], rng: np.random.Generator, draws: int, decode: bool) -> Iterator[object]:
    names = list(held)
    for _ in range(draws * len(names)):
        frames = held[names[int(rng.integers(len(names)))]]
        one, other = (frames[int(k)] for k in rng.choice(len(frames), 2, replace=False))
        yield [cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) for data in (one, other)] if decode else (one, other)


def decode_limit(pictures: list[bytes]) -> Iterator[object]:
    """Two decodes of bytes in memory and nothing else."""
    while True:
        for one, other in zip(pictures[::2], pictures[1::2], strict=False):
            yield [cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) for data in (one, other)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=40)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--format", choices=("png", "jpg"), default="jpg")
    parser.add_argument("--seconds", type=float, default=4.0)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_series(root / "series", options.series, options.frames, options.size, options.format)
        dataset = build_dataset(root, split={"train": 1.0, "validation": 0.0, "test": 0.0}, image_format=options.format)
        index, reader = PairIndex(dataset), FrameReader(dataset)
        shards = [str(root / "shards" / shard["file"]) for shard in dataset.info["shards"]]
        pictures = [reader.read(row) for row in range(min(120, len(reader)))]
        cases: dict[str, Callable[[], Iterator[object]]] = {
            "pair index alone": lambda: from_index(index, None, False),
            "ours, bytes with CRC-32": lambda: from_index(index, reader, False),
            **{
                f"webdataset, bytes, {k} draws per series": (lambda k=k: from_webdataset(shards, options.format, 8, k, False))
                for k in (1, 4, 16)
            },
            "decode limit": lambda: decode_limit(pictures),
            "ours, decoded": lambda: from_index(index, reader, True),
            **{
                f"webdataset, decoded, {k} draws per series": (lambda k=k: from_webdataset(shards, options.format, 8, k, True))
                for k in (1, 4, 16)
            },
        }
        rates: dict[str, list[float]] = defaultdict(list)
        for _ in range(TURNS):
            for name, make in cases.items():
                rates[name].append(rate(make(), options.seconds / TURNS))
        print(f"{options.series} series x {options.frames} frames, {options.size} px {options.format}: pairs per CPU second")
        ours_bytes, ours = statistics.median(rates["ours, bytes with CRC-32"]), statistics.median(rates["ours, decoded"])
        for name, found in rates.items():
            middle = statistics.median(found)
            compared = ours_bytes if "bytes" in name else ours
            ratio = "" if name == "pair index alone" else f"   ours is {compared / middle:5.2f} x"
            print(f"{name:44s} {middle:10.1f}{ratio}")


if __name__ == "__main__":
    main()
