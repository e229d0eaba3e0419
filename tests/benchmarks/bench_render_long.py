"""Does a Blender that renders for long slow down or grow? One long series, and many short ones of changing assets and skies.

    python -m tests.benchmarks.bench_render_long [--frames 200] [--series 40] [--size 64]

Each in a process of its own, one thread, one sample a pixel: what is not path tracing shows. The many series go round eight assets,
the built-in ones and rings of growing size, and change the sky after each round.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.benchmarks.heavy_asset import write_ring
from tests.benchmarks.measure import say, table, verdict
from tests.benchmarks.render_frames import Mark, rendered

BUILTIN = ("builtin:car", "builtin:mug", "builtin:house", "builtin:lamp")
RINGS = (10_000, 40_000, 90_000, 160_000)
SKIES = ("builtin:forest", "builtin:city")
FRAMES = 5
"""Per series, where there are many."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=200, help="of the long series")
    parser.add_argument("--series", type=int, default=40, help="number of short series; at least 17, two rounds and a bit")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--work", type=Path, help="where scratch folders go; the system's temporary folder unless told")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        shared = ["--size", options.size, "--samples", 1, "--views", 1, "--threads", 1]
        print(_long(options.frames, [*shared, "--out", Path(folder) / "long"]))
        say("one long series")
        print("\n" + _many(options.series, Path(folder), [*shared, "--out", Path(folder) / "many"]))


def _long(frames: int, shared: Sequence[object]) -> str:
    marks = rendered([("rotate", ["--asset", BUILTIN[0], "--hdri", SKIES[0], "--states", frames, *shared])])
    cpu, quarter = np.diff([mark.cpu for mark in marks]), frames // 4
    early, late = (statistics.median(part) for part in (cpu[:quarter], cpu[-quarter:]))
    grown = (marks[-1].resident - marks[quarter].resident) / (frames - 1 - quarter)
    rows = [
        ["CPU s per frame", f"{early:.3f}", f"{late:.3f}"],
        ["resident, MB", *(f"{marks[at].resident / 1e6:.0f}" for at in (quarter, -1))],
    ]
    return "\n".join(
        [
            table([f"one series of {frames} frames", "first quarter", "last quarter"], rows),
            "",
            verdict("CPU seconds per frame, last quarter / first", late / early, 1.1, at_least=False),
            verdict("growth after the first quarter, kB per frame,", grown / 1e3, 50, at_least=False),
        ]
    )


def _many(series: int, folder: Path, shared: Sequence[object]) -> str:
    assets: list[object] = [*BUILTIN]
    for number, triangles in enumerate(RINGS):
        assets.append(folder / f"ring{number}.obj")
        write_ring(folder / f"ring{number}.obj", triangles)
    orders = []
    for number in range(series):
        sky = SKIES[number // len(assets) % len(SKIES)]
        one = ["--asset", assets[number % len(assets)], "--hdri", sky, "--states", FRAMES, "--first-view", number]
        orders.append(("rotate", [*one, *shared]))
    marks = rendered(orders)
    last = [next(mark for mark in reversed(marks) if mark.order == number) for number in range(series)]
    rounds = [last[start : start + len(assets)] for start in range(0, series - len(assets) + 1, len(assets))]
    spent = [_spent(marks, number * len(assets), len(assets)) for number in range(len(rounds))]
    rows = [
        [str(number + 1), f"{max(mark.resident for mark in one) / 1e6:.0f}", f"{cpu:.1f}"]
        for number, (one, cpu) in enumerate(zip(rounds, spent, strict=True))
    ]
    grown = (rounds[-1][-1].resident - rounds[1][-1].resident) / (len(rounds) - 2) / len(assets) if len(rounds) > 2 else float("nan")
    return "\n".join(
        [
            table([f"round of {len(assets)} assets, {FRAMES} frames each", "resident at most, MB", "CPU s"], rows),
            "",
            verdict("growth after the second round, MB per series,", grown / 1e6, 1, at_least=False),
        ]
    )


def _spent(marks: Sequence[Mark], first: int, count: int) -> float:
    """CPU seconds of ``count`` orders from ``first`` on, loading included."""
    before = [mark.cpu for mark in marks if mark.order < first]
    return max(mark.cpu for mark in marks if mark.order < first + count) - (before[-1] if before else 0.0)


if __name__ == "__main__":
    main()
