"""What a frame of ours costs beyond its paths, and what the start of the process costs, in CPU seconds.

    python -m tests.benchmarks.bench_render_frame [--triangles 252000] [--size 256] [--rounds 6] [--frames 4]

The scene of `bench_render`. Series of 1, 4 and 16 samples take turns in one process, with the denoiser and without; a line through the
cheapest frame of each number of samples tells what a path costs and what is left at no samples. Cheapest, because other work on the
machine only ever adds: the same frame takes up to twice the CPU seconds while somebody else uses the caches and the other half of the core.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

from tests.benchmarks.heavy_asset import write_ring
from tests.benchmarks.measure import table, verdict
from tests.benchmarks.render_frames import Mark, rendered

FIT = (1, 4, 16)
WAYS: dict[str, tuple[str, ...]] = {"denoised": (), "--no-denoise": ("--no-denoise",)}
WARM = 2
"""Frames at the start of a series that are not counted."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--triangles", type=int, default=252_000)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=6, help="series per number of samples")
    parser.add_argument("--frames", type=int, default=4, help="frames per series that count")
    parser.add_argument("--work", type=Path, help="where scratch folders go; the system's temporary folder unless told")
    options = parser.parse_args()
    cases = [(way, samples) for way in WAYS for samples in FIT]
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        asset = Path(folder) / "ring.obj"
        triangles = write_ring(asset, options.triangles)
        flags = ["--asset", asset, "--hdri", "builtin:forest", "--floor", "plain", "--views", 1, "--threads", 1, "--size", options.size]
        orders = []
        for number, (way, samples) in enumerate(cases * options.rounds):
            more = ["--samples", samples, *WAYS[way], "--states", WARM + options.frames, "--out", Path(folder) / str(number)]
            orders.append(("rotate", [*flags, *more]))
        marks = rendered(orders)
    print(
        f"{triangles} triangles, floor, sky; {options.size} px; one thread of Blender {version('bpy')}; cheapest (median) of "
        f"{options.rounds * options.frames} frames\n"
    )
    frames: dict[tuple[str, int], list[float]] = {case: [] for case in cases}
    for number, case in enumerate(cases * options.rounds):
        frames[case] += _frames(marks, number)
    print(_report(frames, marks[0].cpu, options.size))


def _frames(marks: list[Mark], order: int) -> list[float]:
    """CPU seconds of the frames of an order that count."""
    return [float(one) for one in np.diff([mark.cpu for mark in marks if mark.order == order])[WARM - 1 :]]


def _report(frames: dict[tuple[str, int], list[float]], first: float, size: int) -> str:
    fixed, rows = {}, []
    for way in WAYS:
        least = [min(frames[way, samples]) for samples in FIT]
        each, fixed[way] = (float(one) for one in np.polyfit(FIT, least, 1, w=1 / np.array(least)))  # noise is a share of what is measured
        found = [f"{one:.2f} ({statistics.median(frames[way, samples]):.2f})" for samples, one in zip(FIT, least, strict=True)]
        rows.append([way, f"{fixed[way]:.2f}", f"{1e6 * each / size**2:.2f}", *found])
    start, frame = first - min(frames["denoised", FIT[0]]), min(frames["denoised", FIT[-1]])
    head = ["CPU s per frame", "at no samples", "CPU µs per path", *(f"{samples} samples" for samples in FIT)]
    return "\n".join(
        [
            table(head, rows),
            "",
            verdict(f"a frame's cost beyond its paths at {size} px, denoised, CPU s,", fixed["denoised"], 0.35, at_least=False),
            verdict("the same without the denoiser, CPU s,", fixed["--no-denoise"], 0.35, at_least=False),
            f"- the start, everything before the first frame (Python, Blender, asset, sky, mask check), takes {start:.2f} CPU s",
            verdict(f"its share of 1,000 frames of {FIT[-1]} samples, percent,", 100 * start / (start + 1000 * frame), 1, at_least=False),
            f"- that holds where a frame takes {start / 1000 * 99:.2f} CPU s or more",
        ]
    )


if __name__ == "__main__":
    main()
