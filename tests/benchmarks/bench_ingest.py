"""RAW files developed per CPU second: cat-ingest against bare LibRaw development with the same parameters.

    python -m tests.benchmarks.bench_ingest [--frames 16] [--size 6000 4000] [--side 1024] [--full] [--turns 3]

A folder of losslessly compressed 14-bit DNGs of one noisy scene, warm in the page cache. *Bare* opens each file in one process and
lets LibRaw unpack and postprocess it with the parameters that cat-ingest uses, and drops the result. *Bare, scaled and stored* also
scales it to the side of the frames by area and codes an 8-bit PNG: what a script of ten lines does. *Ours* is the whole
command: start of the program and of its worker, metadata by every reader, hashes of file and mosaic, evidence, alignment, the
judgement, PNG, series.json and report. Beside it: wall time with 1 and 2 workers, and the peak memory of a worker.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from statistics import median

os.environ["OMP_NUM_THREADS"] = "1"

import cv2
import numpy as np
import rawpy

from capture.simulate.dng import DngTags, dng_bytes
from capture.simulate.procedural import smooth_noise
from capture.simulate.sensor import COLOUR_MATRIX, Sensor, camera_rgb, mosaic
from tests.benchmarks.measure import in_turns, peak_rss, ratios, say, spread, table, verdict

OURS, BARE, STORED = "cat-ingest, whole command", "bare LibRaw", "bare LibRaw, scaled, stored as PNG"
TARGET = 0.85
GIBIBYTE = 1 << 30
_ISO = 100


def photograph(folder: Path, frames: int, size: tuple[int, int]) -> None:
    """An exposure series of a flat procedural scene with photon and read noise."""
    width, height = size
    rng = np.random.Generator(np.random.Philox(key=[7, 7]))
    sensor = Sensor()
    colour = np.stack([smooth_noise(rng, 9, height // 4, width // 4) for _ in range(3)], axis=-1)
    light = mosaic(camera_rgb(np.asarray(cv2.resize(0.05 + colour, size, interpolation=cv2.INTER_CUBIC), np.float32)))
    light /= np.percentile(light, 99)
    folder.mkdir(parents=True)
    for index in range(frames):
        ev = -2 + 3 * index / max(frames - 1, 1)
        shutter = Fraction(1, 60) * Fraction(2.0**ev).limit_denominator(1000)
        numbers = sensor.read(sensor.electrons(light, 0.8 * 2.0**ev / 2), _ISO, rng)
        tags = DngTags(
            iso=_ISO, f_number=Fraction(8), exposure_time=shutter, focal_length_mm=50.0, focus_distance_m=3.0,
            neutral=np.array([0.45, 1.0, 0.65]), colour_matrix=COLOUR_MATRIX, black=sensor.black, white=sensor.white,
            noise=sensor.noise_profile(_ISO), taken=f"2026:01:02 03:{index // 60:02d}:{index % 60:02d}", subsecond="00",
            description="a wall", serial="B1",
        )  # fmt: skip
        (folder / f"{index:04d}.dng").write_bytes(dng_bytes(numbers, tags))
        say(f"frame {index + 1} of {frames} written")


def bare(folder: Path, half: bool, side: int | None) -> Iterator[float]:
    """One file after the other, for ever."""
    for path in itertools.cycle(sorted(folder.iterdir())):
        with rawpy.imread(str(path)) as raw:
            red, green, blue = raw.camera_whitebalance[:3]
            picture = raw.postprocess(
                user_wb=[red / green, 1.0, blue / green, 1.0], half_size=half, demosaic_algorithm=rawpy.DemosaicAlgorithm.AHD,
                no_auto_bright=True, adjust_maximum_thr=0.0, highlight_mode=rawpy.HighlightMode.Clip, gamma=(1, 1), output_bps=16,
                output_color=rawpy.ColorSpace.raw, user_flip=0,
            )  # fmt: skip
        if side is not None:
            scale = side / min(picture.shape[:2])
            small = cv2.resize(picture, (round(picture.shape[1] * scale), round(picture.shape[0] * scale)), interpolation=cv2.INTER_AREA)
            cv2.imencode(".png", (small >> 8).astype(np.uint8)[..., ::-1])
        yield 1.0


def ours(folder: Path, out: Path, flags: list[str], frames: int) -> Iterator[float]:
    """The whole folder each time."""
    for number in itertools.count():
        command = [sys.executable, "-m", "capture.ingest", str(folder), "--out", str(out / str(number)), "--workers", "1", *flags]
        subprocess.run(command, check=True, capture_output=True)
        yield float(frames)


def wall(folder: Path, out: Path, flags: list[str], workers: int) -> float:
    start = time.monotonic()
    command = [sys.executable, "-m", "capture.ingest", str(folder), "--out", str(out), "--workers", str(workers), *flags]
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - start


def peak(path: Path, side: int, full: bool) -> int:
    """Resident bytes at most of a process that decodes and examines one file as a worker does."""
    code = (
        "import sys; from pathlib import Path; import cv2; cv2.setNumThreads(1);"
        "from capture.reading.read import read_shot; from capture.developing.choose import recipe_for;"
        "from capture.developing.recipe import FrameRecipe; from capture.writing.examine import examine;"
        "from tests.benchmarks.measure import peak_rss;"
        "shot = read_shot(Path(sys.argv[1])); recipe, _ = recipe_for([shot], 'exposure', size=int(sys.argv[2]), full=sys.argv[3] == '1');"
        "examine(shot, recipe, FrameRecipe(), None); print(peak_rss())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path), str(side), str(int(full))], check=True, capture_output=True, text=True)
    return int(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--size", type=int, nargs=2, default=(6000, 4000), help="of the sensor")
    parser.add_argument("--side", type=int, default=1024, help="of the frames")
    parser.add_argument("--full", action="store_true", help="AHD at full size")
    parser.add_argument("--seconds", type=float, default=4.0, help="CPU seconds of bare development in a turn")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--work", type=Path)
    flags = parser.parse_args()
    assert peak_rss() is None or peak_rss()  # fails early where memory cannot be told
    with tempfile.TemporaryDirectory(dir=flags.work) as scratch:
        folder, out = Path(scratch) / "card", Path(scratch) / "out"
        photograph(folder, flags.frames, tuple(flags.size))
        more = ["--size", str(flags.side), *(["--full"] if flags.full else [])]
        half = not flags.full and min(flags.size) // 2 >= flags.side
        rates = in_turns(
            {BARE: bare(folder, half, None), STORED: bare(folder, half, flags.side), OURS: ours(folder, out, more, flags.frames)},
            flags.turns, flags.seconds,
        )  # fmt: skip
        one, two = wall(folder, out / "one", more, 1), wall(folder, out / "two", more, 2)
        largest = peak(next(iter(sorted(folder.iterdir()))), flags.side, flags.full)
    megapixels = flags.size[0] * flags.size[1] / 1e6
    how = "half-size" if half else "AHD"
    print(f"{flags.frames} files of {megapixels:.0f} megapixels, {how}, frames of {flags.side}²; one core each.\n")
    rows = [[name, spread(rate), spread([1 / r for r in rate], 3), spread(ratios(rate, rates[BARE]))] for name, rate in rates.items()]
    print(table(["", "files per CPU second", "CPU s per file", f"this / {BARE}"], rows) + "\n")
    print(verdict(f"cat-ingest over {BARE}", median(ratios(rates[OURS], rates[BARE])), TARGET, at_least=True))
    print(verdict(f"cat-ingest over {STORED}", median(ratios(rates[OURS], rates[STORED])), TARGET, at_least=True))
    print(f"- two workers take {two / one:.2f} of one worker's wall time ({one:.1f} s and {two:.1f} s, start included)")
    print(verdict("peak memory of a worker, GiB", largest / GIBIBYTE, 1.0, at_least=False))


if __name__ == "__main__":
    main()
