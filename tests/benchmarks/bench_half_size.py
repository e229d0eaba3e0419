"""Half-size against full development at 1024²: how alike the frames are, how near to the truth, and what each costs.

    python -m tests.benchmarks.bench_half_size [--size 6000 4000] [--side 1024] [--turns 3] [--memory 8256 5504]

Scenes are photographed through a Bayer filter, with and without noise: the simulated camera's own room with its test chart, and dead
leaves (discs of all sizes and colours in front of each other, down to single pixels; A. B. Lee, D. Mumford and J. Huang, IJCV 41,
2001) with a zone plate that reaches the sensor's Nyquist frequency, once through a sharp lens and anti-alias filter (a Gaussian of
0.6 pixels) and once through none, which no camera does. The *truth* is the scene itself before the
filter, cut at white, scaled by area. PSNR is of the stored 8-bit frames, over all three channels. Costs are those of making one
frame from its file, and the resident peak of a process that does only that, also for a sensor of ``--memory`` pixels.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import cv2
import numpy as np
import rawpy
from numpy.typing import NDArray

from capture.developing.choose import recipe_for
from capture.developing.decode import frame_bytes
from capture.developing.finish import finish
from capture.developing.raw import srgb_from_camera
from capture.developing.recipe import FrameRecipe, Recipe, working_size
from capture.reading.formats import Kind
from capture.reading.shot import Shot
from capture.simulate.dng import DngTags, dng_bytes
from capture.simulate.hdr_scene import Source
from capture.simulate.press import Shoot
from capture.simulate.procedural import environment
from capture.simulate.scene import Look, Room
from capture.simulate.sensor import COLOUR_MATRIX, Sensor, camera_rgb, mosaic
from cat_dataset.images import decode_rgb
from tests.benchmarks.measure import in_turns, peak_rss, say, spread, table, verdict

GIBIBYTE = 1 << 30
NEUTRAL = np.array([0.45, 1.0, 0.65])
HALF, FULL = "half-size", "AHD"
LENS = 0.6
"""Standard deviation in pixels of lens and anti-alias filter."""
LOSS = 1.0
"""dB that half-size may be further from the truth than AHD, in the room at ISO 100."""


def room(size: tuple[int, int]) -> NDArray[np.float32]:
    """The simulated camera's scene, linear sRGB."""
    return Room(Shoot("bench", Source("procedural", None, 3), 0, 0), environment(3), size, chart=True).seen(Look())


def leaves(size: tuple[int, int]) -> NDArray[np.float32]:
    """Dead leaves with a zone plate in the lower right, linear sRGB."""
    width, height = size
    rng = np.random.Generator(np.random.Philox(key=[11, 11]))
    picture = np.full((height, width, 3), 0.2, np.float32)
    count = width * height // 150
    radii = 1.5 / np.sqrt(rng.uniform((1.5 / (height / 4)) ** 2, 1, count))  # density as r^-3
    centres = rng.uniform(0, 1, (count, 2)) * size
    for radius, centre, colour in zip(radii, centres, rng.uniform(0.02, 0.9, (count, 3)), strict=True):
        cv2.circle(picture, (int(centre[0]), int(centre[1])), max(1, round(radius)), colour.tolist(), -1)
    side = min(size) // 2
    y, x = np.mgrid[0:side, 0:side] / side
    picture[height - side :, width - side :] = (0.45 + 0.4 * np.cos(np.pi * side / 2 * (x * x + y * y)))[..., None]
    return picture


def leaves_through_a_lens(size: tuple[int, int]) -> NDArray[np.float32]:
    """`leaves`, a little blurred."""
    return np.asarray(cv2.GaussianBlur(leaves(size), (0, 0), LENS), np.float32)


def photograph(light: NDArray[np.float32], path: Path, noise: int | None) -> Shot:
    """A DNG of ``light`` at ISO ``noise``, or with no noise at all."""
    sensor = Sensor()
    samples = mosaic(camera_rgb(light))
    rng = np.random.Generator(np.random.Philox(key=[5, noise or 0]))
    iso = noise or sensor.base_iso
    electrons = sensor.electrons(samples, sensor.base_iso / iso)
    exact = np.asarray(np.clip(np.rint(electrons * sensor.gain(iso) + sensor.black), 0, sensor.white), np.uint16)
    numbers = sensor.read(electrons, iso, rng) if noise else exact
    tags = DngTags(
        iso=iso, f_number=Fraction(8), exposure_time=Fraction(1, 60), focal_length_mm=50.0, focus_distance_m=3.0, neutral=NEUTRAL,
        colour_matrix=COLOUR_MATRIX, black=sensor.black, white=sensor.white, noise=sensor.noise_profile(iso), taken="2026:01:02 03:04:05",
        subsecond="00", description="a bench", serial="B1",
    )  # fmt: skip
    path.write_bytes(dng_bytes(numbers, tags))
    red, green, blue = (float(gain) for gain in 1 / NEUTRAL)
    return Shot(path, Kind.RAW, light.shape[1], light.shape[0], "bench", gains=(red, green, blue), saturation=sensor.white)


def truth(light: NDArray[np.float32], shot: Shot, recipe: Recipe) -> NDArray[np.uint8]:
    """The frame of the scene itself: the same clipping, scaling, matrix and curve, but no mosaic."""
    with rawpy.imread(str(shot.path)) as raw:
        matrix = srgb_from_camera(raw)
    camera = np.minimum(camera_rgb(light) / NEUTRAL.astype(np.float32), 1)
    camera = cv2.resize(camera, working_size((shot.width, shot.height), recipe), interpolation=cv2.INTER_AREA)
    return decode_rgb(finish(cv2.transform(camera, matrix.astype(np.float32)), recipe, FrameRecipe()).png)


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Of 8-bit pictures, in dB."""
    return float(10 * np.log10(255**2 / max(np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2), 1e-9)))


def frames(shot: Shot, recipe: Recipe) -> Iterator[float]:
    """One frame after the other, for ever."""
    for _ in itertools.count():
        frame_bytes(shot, recipe, FrameRecipe())
        yield 1.0


def peak(path: Path, size: tuple[int, int], side: int, full: bool) -> int:
    """Resident bytes at most of a process that makes one frame, keeping the mosaic as the proof needs it."""
    code = (
        "import sys; from pathlib import Path; from capture.developing.choose import recipe_for;"
        "from capture.developing.decode import decode, finish; from capture.developing.recipe import FrameRecipe;"
        "from capture.reading.formats import Kind; from capture.reading.shot import Shot; from tests.benchmarks.measure import peak_rss;"
        "shot = Shot(Path(sys.argv[1]), Kind.RAW, int(sys.argv[2]), int(sys.argv[3]), 'bench', gains=(2.2, 1.0, 1.5));"
        "recipe, _ = recipe_for([shot], 'iso', size=int(sys.argv[4]), full=sys.argv[5] == '1');"
        "decoded = decode(shot, recipe); finish(decoded.picture(FrameRecipe(), recipe), recipe, FrameRecipe()); print(peak_rss())"
    )
    words = [str(path), *map(str, size), str(side), str(int(full))]
    return int(subprocess.run([sys.executable, "-c", code, *words], check=True, capture_output=True, text=True).stdout)


SCENES = {"room with chart": room, "dead leaves, sharp lens": leaves_through_a_lens, "dead leaves, no lens": leaves}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs=2, default=(6000, 4000), help="of the sensor")
    parser.add_argument("--side", type=int, default=1024, help="of the frames")
    parser.add_argument("--memory", type=int, nargs=2, default=(8256, 5504), help="of the sensor whose memory is measured too")
    parser.add_argument("--seconds", type=float, default=4.0, help="CPU seconds of one case in a turn")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--work", type=Path)
    flags = parser.parse_args()
    cv2.setNumThreads(1)
    assert peak_rss() is None or peak_rss()  # fails early where memory cannot be told
    size, large = tuple(flags.size), tuple(flags.memory)
    rows: list[list[str]] = []
    losses: dict[tuple[str, int | None], float] = {}
    with tempfile.TemporaryDirectory(dir=flags.work) as scratch:
        path = Path(scratch) / "bench.dng"
        for name, scene in SCENES.items():
            light = scene(size)
            light *= np.float32(0.8 / np.percentile(light, 99))
            for noise in (None, 100, 3200):
                shot = photograph(light, path, noise)
                half, _ = recipe_for([shot], "iso", size=flags.side)
                if not half.half:
                    parser.error(f"a sensor of {size[0]}×{size[1]} is too small for half-size frames of {flags.side}")
                real = truth(light, shot, half)
                one, other = (decode_rgb(frame_bytes(shot, recipe, FrameRecipe())) for recipe in (half, replace(half, half=False)))
                figures = psnr(one, other), psnr(one, real), psnr(other, real)
                rows.append([f"{name}, {f'ISO {noise}' if noise else 'no noise'}", *(f"{figure:.1f}" for figure in figures)])
                losses[name, noise] = figures[2] - figures[1]
                say(rows[-1][0])
        rates = in_turns(
            {HALF: frames(shot, half), FULL: frames(shot, replace(half, half=False))}, flags.turns, flags.seconds,
        )  # fmt: skip
        peaks = {full: peak(path, size, flags.side, full) for full in (False, True)}
        photograph(leaves(large), path, 100)
        peaks_large = {full: peak(path, large, flags.side, full) for full in (False, True)}
    print(f"PSNR in dB of frames of {flags.side}² from {size[0]}×{size[1]} pixels.\n")
    print(table(["", f"{HALF} against {FULL}", f"{HALF} against the truth", f"{FULL} against the truth"], rows) + "\n")
    megapixels, many = (round(sides[0] * sides[1] / 1e6) for sides in (size, large))
    rows = [
        [name, spread([1 / rate for rate in rates[name]]), f"{peaks[full] / 1e6:.0f}", f"{peaks_large[full] / 1e6:.0f}"]
        for name, full in ((HALF, False), (FULL, True))
    ]
    print(table(["", f"CPU s per frame, {megapixels} MP", f"peak MB, {megapixels} MP", f"peak MB, {many} MP"], rows) + "\n")
    lost = losses["room with chart", 100]
    print(verdict("dB that half-size is further from the truth than AHD, room, ISO 100", lost, LOSS, at_least=False))
    print(verdict("peak memory at full size, GiB", peaks_large[True] / GIBIBYTE, 1.0, at_least=False))


if __name__ == "__main__":
    main()
