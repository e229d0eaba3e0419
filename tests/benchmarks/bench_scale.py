"""What opening, planning and reading cost as a dataset grows from ten thousand to ten million frames.

    python -m tests.benchmarks.bench_scale [--frames 10000 100000 1000000 10000000] [--turns 5] [--work DIR] [--plot FILE]

Synthetic manifests (`scale_tables`), series of 60 frames, warm in the page cache, every measurement in a fresh process.
In the main rows no two series have the same values, which is the worst case; "mixed" is the largest dataset once more with
four kinds of series, three attributes and two at a time in some. Peak memory is that of the whole process, Python and its libraries
included, after opening and after laying out the pairs. Planning: 20,000 pairs with numbers drawn at random from the first 10^12 in the
fresh process, then 20,000 consecutive ones as a loader asks for them. Pickled is what a spawned worker is sent. Adding a series is
a whole cat-build-shards that keeps all there is: a build's cost besides packing, done once.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from cat_dataset.building.build import Options, build
from cat_dataset.dataset_json import SPLITS
from cat_dataset.folders import LocalFolder
from cat_dataset.frames import FrameReader
from cat_dataset.loading.pair_dataset import PairDataset
from cat_dataset.manifests import open_dataset
from cat_dataset.pairs import PairIndex
from tests.benchmarks.measure import peak_rss, quiet, say, spread, table, verdict
from tests.benchmarks.pictures import write_series
from tests.benchmarks.scale_tables import SHARES, write_synthetic

SIZES = (10**4, 10**5, 10**6, 10**7)
PAIRS = 20_000
GIB = 2**30


def measure(manifests: Path) -> dict[str, float]:
    """Everything about one dataset, in this process."""
    found = {"imported": float(peak_rss() or 0)}
    start, cpu = time.perf_counter(), time.process_time()
    dataset = open_dataset(manifests)
    found["open"], found["open cpu"] = time.perf_counter() - start, time.process_time() - cpu
    found["opened"] = float(peak_rss() or 0)
    start = time.perf_counter()
    index = PairIndex(dataset)
    found["index"] = time.perf_counter() - start
    found["peak"] = float(peak_rss() or 0)
    scattered = np.random.default_rng(0).integers(0, 10**12, PAIRS).tolist()
    for name, numbers in (("scattered", scattered), ("consecutive", range(PAIRS))):
        cpu = time.process_time()
        for i in numbers:
            index.pair(i)
        found[name] = (time.process_time() - cpu) / PAIRS * 1e6
    found["frames"] = len(dataset)
    found["reader"] = len(pickle.dumps(FrameReader(dataset)))
    found["loader"] = len(pickle.dumps(PairDataset(dataset, index)))
    return found


def grow(folder: Path) -> dict[str, float]:
    """Add one small series to the dataset, in this process: what a build costs besides packing."""
    with quiet():
        write_series(folder / "series", 1, 4, 64, "jpg")
        cpu = time.process_time()
        options = Options(fractions=dict(zip(SPLITS, SHARES, strict=True)), image_format="jpg", missing="keep")
        build([LocalFolder(folder / "series")], LocalFolder(folder / "shards"), LocalFolder(folder / "manifests"), options)
    return {"grow": time.process_time() - cpu, "grow peak": float(peak_rss() or 0)}


def measured(root: Path, frames: int, values: str, turns: int) -> list[dict[str, float]]:
    """Make a dataset, measure it in ``turns`` fresh processes, remove it."""
    folder = root / f"{values}-{frames}"
    say(f"writing manifests of {frames} frames ({values})")
    write_synthetic(folder, frames, values)
    runs = [_elsewhere("--measure", folder / "manifests") for _ in range(turns + 1)]
    grown = _elsewhere("--grow", folder)
    shutil.rmtree(folder)
    return [{**run, **grown} for run in runs[1:]]  # the first one warmed the page cache


def _elsewhere(*words: object) -> dict[str, float]:
    """What this module prints in a fresh process."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_scale", *map(str, words)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ, encoding="utf-8")
    found: dict[str, float] = json.loads(done.stdout)
    return found


TABLES = (
    {
        "open, s": ("open", 1.0, 2), "open, CPU s": ("open cpu", 1.0, 2), "lay out pairs, s": ("index", 1.0, 2),
        "pair at random, µs": ("scattered", 1.0, 1), "next pair, µs": ("consecutive", 1.0, 1),
    },
    {
        "peak when open, GiB": ("opened", GIB, 2), "peak with pairs, GiB": ("peak", GIB, 2), "pickled reader, MB": ("reader", 1e6, 1),
        "pickled PairDataset, MB": ("loader", 1e6, 1), "adding a series, CPU s": ("grow", 1.0, 1),
        "peak of that, GiB": ("grow peak", GIB, 2),
    },
)  # fmt: skip
"""Columns of the two tables: what is measured, its scale, and how many decimals are shown."""


def report(results: dict[str, list[dict[str, float]]], largest: str) -> str:
    lines = []
    for columns in TABLES:
        rows = [
            [name, *(_cell([run[key] / scale for run in runs], digits) for key, scale, digits in columns.values())]
            for name, runs in results.items()
        ]
        lines += [table(["frames", *columns], rows), ""]
    runs = results[largest]
    for what, key, scale, target in (
        ("opening, seconds,", "open", 1.0, 10.0), ("peak memory with the pairs laid out, GiB,", "peak", GIB, 2.0),
        ("planning a pair at random, µs,", "scattered", 1.0, 50.0), ("planning the next pair, µs,", "consecutive", 1.0, 50.0),
    ):  # fmt: skip
        lines.append(verdict(f"{what} at {largest} frames", median(run[key] / scale for run in runs), target, at_least=False))
    names = list(results)
    first = results[names[0]]
    grown = [(run["peak"] - start["peak"]) / (run["frames"] - start["frames"]) for run, start in zip(runs, first, strict=True)]
    if largest != names[0]:
        lines.append(f"- memory grows by {spread(grown, 0)} bytes a frame from {names[0]} to {largest} frames")
    return "\n".join(lines)


def _cell(values: list[float], digits: int) -> str:
    return spread(values, digits) if min(values) < max(values) else f"{values[0]:.{digits}f}"


def plot(results: dict[str, list[dict[str, float]]], path: Path) -> None:
    """Three panels over the number of frames, on logarithmic axes; dashed lines are the targets at ten million."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
    panels: list[tuple[str, float, tuple[float, float], list[tuple[str, str, float]]]] = [
        ("seconds", 10.0, (0.005, 50), [("open", "open_dataset", 1.0), ("index", "PairIndex", 1.0)]),
        ("peak memory of the process, GiB", 2.0, (0.1, 10), [("opened", "after open_dataset", GIB), ("peak", "after PairIndex", GIB)]),
        ("µs to plan a pair", 50.0, (5, 500), [("scattered", "numbers at random", 1.0), ("consecutive", "one after the other", 1.0)]),
    ]
    frames = [runs[0]["frames"] for runs in results.values()]
    for panel, (label, target, limits, curves) in zip(axes, panels, strict=True):
        for key, name, scale in curves:
            panel.plot(frames, [median(run[key] / scale for run in runs) for runs in results.values()], "o-", label=name)
        panel.axhline(target, color="grey", linestyle="--", label="target at 10 million")
        panel.set(xscale="log", yscale="log", xlabel="frames", ylabel=label, ylim=limits)
        panel.grid(alpha=0.3, which="both")
        panel.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--work", type=Path, help="where scratch folders go; the system's temporary folder unless told")
    parser.add_argument("--plot", type=Path, help="write the plot to this PNG")
    parser.add_argument("--measure", type=Path, metavar="MANIFESTS", help="only measure this dataset, here and now, and print JSON")
    parser.add_argument("--grow", type=Path, metavar="DIR", help="only add a series to the dataset in DIR, and print JSON")
    options = parser.parse_args()
    if options.grow is not None:
        print(json.dumps(grow(options.grow)))
        return
    if options.measure is not None:
        print(json.dumps(measure(options.measure)))
        return
    results: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        for frames in sorted(options.frames):
            results[f"{frames:,}"] = measured(Path(folder), frames, "own", options.turns)
        largest = list(results)[-1]
        mixed = {f"{largest}, mixed": measured(Path(folder), max(options.frames), "mixed", options.turns)}
    print(f"median (least to most) of {options.turns} fresh processes\n")
    print(report({**results, **mixed}, largest))
    if options.plot is not None:
        plot(results, options.plot)
        say(f"wrote {options.plot}")


if __name__ == "__main__":
    main()
