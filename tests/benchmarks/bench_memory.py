"""Memory and CPU of building as the number of series grows: tiny pictures, so that everything but the pictures shows.

    python -m tests.benchmarks.bench_memory [--series 200 2000 20000] [--work DIR]

Series of 10 frames of 8 x 8 px, 2 kB of provenance each, built from nothing with two workers and decoding, in a fresh process each. Peak
memory is that of the whole process, Python and its libraries included. Shards are limited to 4 MB, which is about
2,000 such frames, as many as 1 GB holds of real ones.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from cat_dataset.building.build import Options, build
from cat_dataset.folders import LocalFolder
from cat_dataset.images import encode_png
from tests.benchmarks.measure import peak_rss, quiet, say, table
from tests.benchmarks.pictures import write_one

FRAMES, SIDE = 10, 8
SHARD = 4_000_000
"""Bytes of a shard: about as many frames as 1 GB holds of real pictures."""
GIB = 2**30


def write_tiny(root: Path, count: int) -> None:
    """``count`` series of tiny random pictures, each of a scene of its own."""
    rng = np.random.default_rng(0)
    for number in range(count):
        pictures = (encode_png(rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8)) for _ in range(FRAMES))
        scene = {"asset": f"asset{number}", "hdri": f"hdri{number % 50}"}
        provenance = {"settings": {"plan": rng.bytes(300).hex(), "notes": "as set by the sweep; " * 60}}
        write_one(root / f"s{number:07d}", pictures, FRAMES, SIDE, "png", scene, provenance)


def measure(root: Path) -> dict[str, float]:
    """Build ``root``, in this process."""
    imported, cpu = peak_rss(), time.process_time()
    options = Options(fractions={"train": 0.9, "validation": 0.05, "test": 0.05}, shard_size=SHARD, workers=2)
    with quiet():
        build([LocalFolder(root / "series")], LocalFolder(root / "shards"), LocalFolder(root / "manifests"), options)
    return {"imported": float(imported or 0), "peak": float(peak_rss() or 0), "cpu": time.process_time() - cpu}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, nargs="+", default=[200, 2000, 20000])
    parser.add_argument("--work", type=Path, help="where scratch folders go; the system's temporary folder unless told")
    parser.add_argument("--measure", type=Path, metavar="DIR", help="only build DIR/series, here and now, and print JSON")
    options = parser.parse_args()
    if options.measure is not None:
        print(json.dumps(measure(options.measure)))
        return
    found = {}
    for count in sorted(options.series):
        with tempfile.TemporaryDirectory(dir=options.work) as folder:
            say(f"writing {count} series of {FRAMES} frames")
            write_tiny(Path(folder) / "series", count)
            command = [sys.executable, "-m", "tests.benchmarks.bench_memory", "--measure", folder]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ, encoding="utf-8")
            found[count] = json.loads(done.stdout)
    rows = [
        [f"{count:,}", f"{count * FRAMES:,}", f"{one['imported'] / GIB:.3f}", f"{one['peak'] / GIB:.3f}", f"{one['cpu'] / count * 1e3:.2f}"]
        for count, one in found.items()
    ]
    print(table(["series", "frames", "before the build, GiB", "peak, GiB", "CPU ms a series"], rows))
    first, last = min(found), max(found)
    if last > first:
        grown = (found[last]["peak"] - found[first]["peak"]) / (last - first)
        print(f"\n- memory grows by {grown:.0f} bytes a series ({grown / FRAMES:.0f} a frame) from {first:,} to {last:,} series")


if __name__ == "__main__":
    main()
