"""Megabytes of pictures packed per CPU second: cat-build-shards against webdataset's ShardWriter and against bare copying.

    python -m tests.benchmarks.bench_build [--series 24] [--frames 60] [--size 1024] [--format jpg] [--seconds 0.1] [--turns 5]

All read the same frame files, warm in the page cache, and write picture and JSON sample of each into tars on the same disk.
Every case ends with an fsync of each shard (ours does so itself; for the others it is done here). Beyond that ours compares each
frame with its SHA-256 in series.json, checks its structure, takes its CRC-32 and the SHA-256 of the tar, and writes the
tables; with decoding it also decodes every frame and measures luminance and difference hashes. Bare copying appends the
frame files to one file. Threads as by default; CPU seconds count all of them.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import cv2
import webdataset

from cat_dataset.building.build import Options, build
from cat_dataset.folders import LocalFolder
from cat_dataset.series import Series, read_series
from cat_dataset.shards import sample_json
from tests.benchmarks.measure import in_turns, quiet, ratios, say, spread, table, verdict
from tests.benchmarks.peers import versions
from tests.benchmarks.pictures import write_series

OURS, DECODING, WRITER, COPY = "ours, --no-decode", "ours, decoding every frame", "webdataset ShardWriter", "bare copying"


def ours(series: Path, out: Path, decode: bool, extension: str, megabytes: float) -> Iterator[float]:
    options = Options(fractions={"train": 0.8, "validation": 0.1, "test": 0.1}, image_format=extension, decode=decode)
    for number in itertools.count():
        root = out / f"ours-{decode}-{number}"
        with quiet():
            build([LocalFolder(series)], LocalFolder(root / "shards"), LocalFolder(root / "manifests"), options)
        yield megabytes


def shard_writer(series: Path, out: Path, extension: str, megabytes: float) -> Iterator[float]:
    for number in itertools.count():
        root = out / f"webdataset-{number}"
        root.mkdir(parents=True)
        with webdataset.ShardWriter(str(root / "train-%05d.tar"), maxcount=10**9, maxsize=10**9, verbose=0) as sink:
            for folder in sorted(series.iterdir()):
                one = read_series(folder)
                for index, frame in enumerate(one.frames):
                    data = (folder / frame.file).read_bytes()
                    sink.write({"__key__": f"{one.id}_{index:04d}", extension: data, "json": _sample(one, index)})
        _sync(root)
        yield megabytes


def _sample(series: Series, index: int) -> bytes:
    frame = series.frames[index]
    return sample_json(
        series.id, index, source=series.source, object=series.object, labels=frame.values,
        width=frame.width, height=frame.height, sha256=frame.sha256,
    )  # fmt: skip


def copying(series: Path, out: Path, megabytes: float) -> Iterator[float]:
    for number in itertools.count():
        root = out / f"copy-{number}"
        root.mkdir(parents=True)
        with open(root / "all", "wb") as sink:
            for path in sorted(series.glob("*/frames/*")):
                sink.write(path.read_bytes())
        _sync(root)
        yield megabytes


def _sync(root: Path) -> None:
    for path in root.iterdir():
        with open(path, "rb") as stream:
            os.fsync(stream.fileno())


def report(rates: dict[str, list[float]]) -> str:
    rows = [[name, spread(found, 0), spread(ratios(found, rates[WRITER]))] for name, found in rates.items()]
    against = median(ratios(rates[OURS], rates[WRITER]))
    return (
        table(["packing", "MB per CPU second", f"this / {WRITER}"], rows)
        + "\n\n"
        + verdict(f"{OURS} / {WRITER}", against, 0.8, at_least=True)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=24)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--format", choices=("png", "jpg"), default="jpg")
    parser.add_argument("--seconds", type=float, default=0.1, help="least CPU seconds per case and turn")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--work", type=Path, help="where scratch folders go; the system's temporary folder unless told")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        series, out = Path(folder) / "series", Path(folder) / "out"
        say(f"writing {options.series} series of {options.frames} frames")
        write_series(series, options.series, options.frames, options.size, options.format)
        megabytes = sum(path.stat().st_size for path in series.glob("*/frames/*")) / 1e6
        cases = {
            OURS: ours(series, out, False, options.format, megabytes),
            WRITER: shard_writer(series, out, options.format, megabytes),
            COPY: copying(series, out, megabytes),
            DECODING: ours(series, out, True, options.format, megabytes),
        }
        rates = in_turns(cases, options.turns, options.seconds, lambda: shutil.rmtree(out, ignore_errors=True))
    mean = 1000 * megabytes / (options.series * options.frames)
    print(
        f"{options.series} series of {options.frames} frames, {options.format} of {options.size} px ({mean:.0f} kB a frame), "
        f"{megabytes:.0f} MB a build; median (least to most) of {options.turns} turns; {versions(['webdataset'])}\n"
    )
    print(report(rates))


if __name__ == "__main__":
    main()
