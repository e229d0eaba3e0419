"""``python -m capture.simulate``: a simulated camera photographs high-dynamic-range scenes into DNG series.

HDR environment → view → camera RGB → Bayer mosaic → noise → DNG with true EXIF. What is not simulated: depth of field and
lens faults (an aperture series changes brightness as 1/N² and nothing else), motion, lens shading, compression.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

from capture import UNFINISHED
from capture.colour_temperature import ColourProfile
from capture.simulate.dng import DngTags, write_dng
from capture.simulate.foreground import add_solids, place_solids
from capture.simulate.hdr_scene import Floats, Source, View, find_sources, look
from capture.simulate.sensor import COLOUR_MATRIX, Sensor, camera_rgb, fixed_pattern, mosaic
from capture.simulate.sweep import DAYLIGHT, Settings, sweep
from cat_dataset.command import reported
from cat_dataset.errors import InputError, UsageError
from cat_dataset.files import write_bytes
from cat_dataset.progress import Progress
from cat_dataset.typer_app import run_typer

BODY = 1
SERIAL = "CS100000001"
LENS_BLUR = 0.6
"""Standard deviation in pixels of lens and anti-alias filter together."""
METERED = 70
"""Percentile of the brightest channel, white-balanced, that the exposure is set by."""


@dataclass(frozen=True)
class Shoot:
    """One scene to photograph: ``name`` is unique among the crops of ``source``."""

    name: str
    source: Source
    crop: int
    seed: int


def render(shoot: Shoot, environment: Floats, width: int, height: int, chart: bool = False) -> tuple[Floats, View]:
    """The scene's radiance (height, width, 3) in linear sRGB, and the view it is seen by."""
    rng = np.random.Generator(np.random.Philox(key=[shoot.seed, _number(shoot.source.name) + shoot.crop]))
    turn = 360 * ((shoot.crop * 0.6180339887 + rng.uniform(0, 0.25)) % 1)
    view = View(turn, rng.uniform(-14, 4), rng.uniform(62, 88))
    directions = view.directions(width, height)
    picture = look(environment, directions)
    solids = place_solids(rng, view, int(rng.integers(2, 5)))
    picture = add_solids(picture, directions, environment, solids)
    picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), LENS_BLUR), np.float32)
    if chart:
        add_wedge(picture)
    return picture, view


def add_wedge(picture: Floats) -> None:
    """Twenty neutral patches, half a stop apart, across the middle of ``picture``, in place."""
    height, width = picture.shape[:2]
    level = float(np.percentile(picture[..., 1], METERED)) * 2.5
    edges = np.linspace(width * 0.04, width * 0.96, 21).astype(int)
    for step in range(20):
        picture[int(height * 0.45) : int(height * 0.55), edges[step] : edges[step + 1]] = level * 2.0 ** (-step / 2)


def metered(light: Floats, chosen: list[Settings]) -> float:
    """Exposure per t/N² such that the series spreads around the middle of the scale and its ends are not mostly clipped."""
    bright = np.log2([one.brightness for one in chosen])
    middle = 2.0 ** float((bright.max() + bright.min()) / 2)
    target = min(0.3, 0.9 / 2.0 ** float((bright.max() - bright.min()) / 2))
    level = max(float(np.percentile(light, METERED)), 1e-9)
    return float(target / level / (middle / Sensor.base_iso))


def photograph(shoot: Shoot, environment: Floats, chosen: list[Settings], out: Path, size: tuple[int, int], *, chart: bool = False) -> int:
    """Write the DNGs of one scene into ``out``, which is marked `UNFINISHED` meanwhile; the number written.

    Raises:
        InputError: ``out`` holds pictures that are not of this run.
    """
    names = [f"cat_{index + 1:04d}.dng" for index in range(len(chosen))]
    strangers = sorted(path.name for path in out.glob("*.dng") if path.name not in names) if out.is_dir() else []
    if strangers:
        raise InputError(f"{out} already holds {strangers[0]} (and {len(strangers) - 1} more) of another run; choose another --out")
    width, height = size
    sensor, profile = Sensor(), ColourProfile(COLOUR_MATRIX)
    radiance, view = render(shoot, environment, width, height, chart)
    light = camera_rgb(radiance)
    constant = metered((light * profile.multipliers(DAYLIGHT)).max(axis=-1), chosen)
    samples = mosaic(light)
    pattern = fixed_pattern(height, width, sensor.non_uniformity, BODY)
    balance_only = len({(one.iso, one.f_number, one.shutter) for one in chosen}) == 1
    numbers = None
    write_bytes(out / UNFINISHED, b"")
    for index, (name, one) in enumerate(zip(names, chosen, strict=True)):
        if numbers is None or not balance_only:
            rng = np.random.Generator(np.random.Philox(key=[shoot.seed + 1, (_number(shoot.name) << 12) + index]))
            numbers = sensor.read(sensor.electrons(samples, constant * one.light), one.iso, rng, pattern)
        tags = DngTags(
            iso=one.iso, f_number=one.f_number, exposure_time=one.shutter, focal_length_mm=round(view.focal_length_mm(), 1),
            focus_distance_m=3.0, neutral=profile.neutral(one.kelvin), colour_matrix=COLOUR_MATRIX, black=sensor.black,
            white=sensor.white, noise=sensor.noise_profile(one.iso), taken=f"2026:01:02 03:{index // 60 % 60:02d}:{index % 60:02d}",
            subsecond=f"{index % 100:02d}", description=f"scene={shoot.name}; hdri={shoot.source.name}", serial=SERIAL,
        )  # fmt: skip
        write_dng(out / name, numbers, tags)
    (out / UNFINISHED).unlink()
    return len(chosen)


def _number(name: str) -> int:
    """A stable 40-bit number of a name."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8")).digest()[:5], "big")


app = typer.Typer(add_completion=False)


@app.command()
def simulate(
    *,
    out: Annotated[Path, typer.Option(help="Folder for the DNGs; with several scenes a folder each inside it.")],
    vary: Annotated[str, typer.Option(help="iso, exposure, aperture or white_balance.")] = "iso",
    scenes: Annotated[int, typer.Option(help="How many scenes.")] = 1,
    frames: Annotated[
        int | None, typer.Option(help="Frames per scene; by default iso 7, exposure 13, aperture 7, white_balance 9.")
    ] = None,
    limits: Annotated[
        tuple[float, float] | None, typer.Option("--range", help="First and last value (exposure: EV around the middle).")
    ] = None,
    size: Annotated[tuple[int, int], typer.Option(help="Width and height in pixels, even.")] = (768, 512),
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 0,
    hdri: Annotated[list[Path] | None, typer.Option(help="EXR or HDR environment; may be repeated.")] = None,
    scene_first: Annotated[int, typer.Option(help="Number of the first scene, to go on where another run ended.")] = 0,
    compensate: Annotated[
        bool, typer.Option("--compensate", help="Hold the brightness of an iso or aperture series by the shutter.")
    ] = False,
    chart: Annotated[bool, typer.Option("--chart", help="Put a grey wedge into every scene.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Photograph scenes with a simulated camera: DNG series with true EXIF, for cat-ingest."""
    with reported(debug):
        width, height = size
        if not (16 <= width <= 8192 and 16 <= height <= 8192) or width % 2 or height % 2:
            raise UsageError(f"--size {width} {height}: both must be even and 16 to 8192")
        if not 1 <= scenes <= 100_000 or not 0 <= scene_first <= 100_000 or not 0 <= seed < 1 << 62:
            raise UsageError("--scenes must be 1 to 100000, --scene-first 0 to 100000, --seed 0 to 2^62")
        chosen = sweep(vary, frames, limits, compensate)
        sources, said = find_sources(hdri or [], seed, scene_first + scenes)
        print(f"scenes from {said}", file=sys.stderr)
        progress = Progress("simulating", scenes * len(chosen))
        numbered = sorted(range(scene_first, scene_first + scenes), key=lambda number: (number % len(sources), number))
        loaded: tuple[str, Floats] | None = None
        for number in numbered:
            source, crop = sources[number % len(sources)], number // len(sources)
            if loaded is None or loaded[0] != source.name:
                loaded = (source.name, source.load())
            shoot = Shoot(f"{source.name}_{crop:02d}", source, crop, seed)
            folder = out if scenes == 1 else out / f"{vary}_{shoot.name}"
            progress.advance(photograph(shoot, loaded[1], chosen, folder, size, chart=chart), shoot.name)
        progress.close()
        print(f"{scenes} scene(s) of {len(chosen)} frames, {vary} varying, in {out}")


def main() -> None:
    """Entry point."""
    run_typer(app)


if __name__ == "__main__":
    main()
