"""Decibels against CPU seconds: the samples of ``--quality``, with and without denoiser, against a reference of 1024 samples.

    python -m tests.benchmarks.bench_render_quality [--size 128] [--samples 4 16 64 256] [--reference 1024] [--states 4]

PSNR is that of the 8-bit sRGB pictures against plain ones of the reference's samples, over all frames of a sweep of two built-in
scenes. The reference goes on where the others stop (one seed, one sequence of paths), which raises the figures of 256 plain samples
by about a decibel and those of fewer by less. "Plain in the same time" follows a line through the undenoised pictures, decibels over
the logarithm of time, to the time that the denoised one took. Seconds are CPU seconds of one thread per frame, persistent data at work,
the first frame left out.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from tests.benchmarks.measure import say, table
from tests.benchmarks.render_frames import rendered

SCENES = {
    "car, plain floor, forest": ("--asset", "builtin:car", "--hdri", "builtin:forest", "--floor", "plain"),
    "house, no floor, sunset": ("--asset", "builtin:house", "--hdri", "builtin:sunset"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--samples", type=int, nargs="+", default=[4, 16, 64, 256])
    parser.add_argument("--reference", type=int, default=1024)
    parser.add_argument("--states", type=int, default=4)
    parser.add_argument("--work", type=Path, help="where scratch folders go; the system's temporary folder unless told")
    options = parser.parse_args()
    print(f"{options.size} px, {options.states} frames a scene, against {options.reference} samples\n")
    rows = []
    for name, flags in SCENES.items():
        with tempfile.TemporaryDirectory(dir=options.work) as folder:
            rows += _scene(name, Path(folder), flags, options)
        say(name)
    head = ["scene", "samples", "denoised: dB", "CPU s", "plain: dB", "CPU s", "plain in the same time: dB", "gain: dB"]
    print(table(head, rows))


def _scene(name: str, folder: Path, scene: Sequence[str], options: argparse.Namespace) -> list[list[str]]:
    """A row of the table per number of samples."""
    shared = [*scene, "--size", options.size, "--states", options.states, "--views", 1, "--threads", 1]
    clean, noisy = ([(samples, more) for samples in options.samples] for more in ((), ("--no-denoise",)))
    cases = [*clean, *noisy, (options.reference, ("--no-denoise",))]
    marks = rendered(
        [("rotate", [*shared, *more, "--samples", samples, "--out", folder / str(number)]) for number, (samples, more) in enumerate(cases)]
    )
    seconds = [statistics.median(np.diff([mark.cpu for mark in marks if mark.order == number])) for number in range(len(cases))]
    reference = _pictures(folder / str(len(cases) - 1))
    decibels = [_psnr(_pictures(folder / str(number)), reference) for number in range(len(cases) - 1)]
    count = len(options.samples)
    line = np.polyfit(np.log(seconds[count : 2 * count]), decibels[count:], 1)
    rows = []
    for place, samples in enumerate(options.samples):
        same = float(np.polyval(line, np.log(seconds[place])))
        numbers = [decibels[place], seconds[place], decibels[count + place], seconds[count + place], same, decibels[place] - same]
        rows.append([name, str(samples), *(f"{number:.{2 if index in (1, 3) else 1}f}" for index, number in enumerate(numbers))])
    return rows


def _pictures(out: Path) -> list[np.ndarray]:
    return [cv2.imread(str(path)) for path in sorted(out.glob("*/frames/*.png"))]


def _psnr(ones: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> float:
    """PSNR over all pictures together, dB."""
    error = np.mean([np.square(one.astype(float) - other) for one, other in zip(ones, others, strict=True)])
    return float(10 * np.log10(255**2 / error))


if __name__ == "__main__":
    main()
