"""Megabytes checked per second: cat-verify against nothing but reading and hashing the same shards.

    python -m tests.benchmarks.bench_verify [--megabytes 300] [--size 1024] [--turns 5] [--workers 0]

One dataset of JPEGs and one of PNGs, warm in the page cache. Both sides read every shard whole and take its SHA-256, on as
many threads; cat-verify also compares every header, padding and JSON sample with the tables, reads and checks those, and
looks at the labels. Its start (importing, tables) is paid for in every turn, so a larger dataset comes out better.
CPU seconds count all threads; wall seconds suffer from whatever else the machine does.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from cat_dataset.checking.verification import inspect
from cat_dataset.files import sha256_file
from cat_dataset.parallel import default_workers, in_order
from tests.benchmarks.measure import TURNS, cpu_seconds, quiet, ratios, say, spread, table, verdict
from tests.benchmarks.pictures import write_series
from tests.cat_dataset.factory import build_dataset

OURS, PLAIN = "cat-verify", "reading + SHA-256"
FRAMES = 40
TARGET = 0.8


def make(root: Path, image_format: str, size: int, megabytes: float) -> list[Path]:
    """A dataset of about that size; returns its shards."""
    count = 0
    while count == 0 or _bytes(root / "series") < megabytes * 1e6:
        write_series(root / "series", 1, FRAMES, size, image_format, first=count)
        count += 1
    with quiet():
        only_train = {"train": 1.0, "validation": 0.0, "test": 0.0}
        build_dataset(root, split=only_train, shard_size=int(megabytes * 1e6 / 6), image_format=image_format, decode=True)
    return sorted((root / "shards").glob("*.tar"))


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*/frames/*")) if folder.is_dir() else 0


def verified(root: Path, workers: int) -> None:
    with quiet():
        report = inspect(root / "manifests", workers=workers)
    if report.faults:
        raise SystemExit(f"the benchmark's own dataset is damaged: {report.faults[0]}")


def hashed(shards: list[Path], workers: int) -> None:
    if any(len(digest) != 64 for digest in in_order(sha256_file, shards, workers)):
        raise SystemExit("no digest")


def timed(work: Callable[[], None], megabytes: float) -> tuple[float, float]:
    """Megabytes per CPU second and per wall second."""
    cpu, wall = cpu_seconds(), time.perf_counter()
    work()
    return megabytes / (cpu_seconds() - cpu), megabytes / (time.perf_counter() - wall)


def measure(root: Path, shards: list[Path], turns: int, workers: int) -> dict[str, list[tuple[float, float]]]:
    megabytes = sum(path.stat().st_size for path in shards) / 1e6
    cases: dict[str, Callable[[], None]] = {OURS: lambda: verified(root, workers), PLAIN: lambda: hashed(shards, workers)}
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    for turn in range(turns + 1):
        for name in list(cases) if turn % 2 else list(cases)[::-1]:
            found = timed(cases[name], megabytes)
            if turn:  # the first warms the cache
                rates[name].append(found)
    return rates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=300)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--workers", type=int, default=0, help="shards at a time; 0: as many as there are cores")
    options = parser.parse_args()
    workers = options.workers or default_workers()
    lines, verdicts = [], []
    for image_format in ("jpg", "png"):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            say(f"making {options.megabytes:g} MB of {image_format} …")
            shards = make(root, image_format, options.size, options.megabytes)
            megabytes = sum(path.stat().st_size for path in shards) / 1e6
            rates = measure(root, shards, options.turns, workers)
        for name, found in rates.items():
            cpu, wall = ([rate[kind] for rate in found] for kind in (0, 1))
            share = [ratios([rate[kind] for rate in found], [rate[kind] for rate in rates[PLAIN]]) for kind in (0, 1)]
            what = f"{name}, {megabytes:.0f} MB of {image_format}"
            lines.append([what, spread(cpu, 0), spread(wall, 0), *(spread(one) for one in share)] if name == OURS else
                         [what, spread(cpu, 0), spread(wall, 0), "1", "1"])  # fmt: skip
            if name == OURS:
                verdicts.append(verdict(f"{image_format}: CPU ratio", median(share[0]), TARGET, at_least=True))
    print(f"{workers} threads of {os.cpu_count()} cores, {options.size} px, {options.turns} turns: median (least to most)\n")
    print(table(["", "MB per CPU s", "MB per wall s", "ratio, CPU", "ratio, wall"], lines))
    print("\n" + "\n".join(verdicts))


if __name__ == "__main__":
    main()
