"""``python -m capture.simulate``: a simulated camera photographs scenes into DNG series, with every trap on request."""

from __future__ import annotations

import json
import sys
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import typer

from capture.simulate.camera import photograph_takes
from capture.simulate.exposing import Rig, Take
from capture.simulate.hdr_scene import Source, find_sources
from capture.simulate.mix import Part, parse_mix
from capture.simulate.orders import described, parse_order
from capture.simulate.picture_scene import read_picture
from capture.simulate.press import Shoot
from capture.simulate.sensor import Sensor
from capture.simulate.sweep import DEFAULT_RANGE, preset_sweep, sweep
from cat_dataset.command import reported
from cat_dataset.errors import UsageError
from cat_dataset.files import slug, write_bytes
from cat_dataset.progress import Progress
from cat_dataset.typer_app import run_typer

TABLE_TOP = 0.25
"""Distances of aperture and focus series, as shares of a room's: there a lens has depth of field worth seeing."""
PAUSE = 60.0
"""Seconds between two series in one folder."""
BLURRED = ("aperture", "focus_distance")
"""What varies in series that get depth of field unless told otherwise."""
BALANCES = ("manual", "auto", "preset")

app = typer.Typer(add_completion=False)


@app.command()
def simulate(
    *,
    out: Annotated[Path | None, typer.Option(help="Folder for the DNGs; with several scenes a folder each inside it.")] = None,
    vary: Annotated[str, typer.Option(help=f"{', '.join(DEFAULT_RANGE)}.")] = "iso",
    scenes: Annotated[int, typer.Option(help="How many scenes.")] = 1,
    frames: Annotated[int | None, typer.Option(help="Frames per scene; by default exposure 13, white_balance 9, others 7.")] = None,
    limits: Annotated[
        tuple[float, float] | None, typer.Option("--range", help="First and last value (exposure: EV around the middle).")
    ] = None,
    size: Annotated[tuple[int, int], typer.Option(help="Width and height in pixels, even, like 768 512.")] = (768, 512),
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 0,
    hdri: Annotated[list[Path] | None, typer.Option(help="EXR or HDR environment; may be repeated.")] = None,
    scene_first: Annotated[int, typer.Option(help="Number of the first scene, to go on where another run ended.")] = 0,
    compensate: Annotated[
        bool, typer.Option("--compensate", help="Hold the brightness of an iso or aperture series by the shutter.")
    ] = False,
    chart: Annotated[bool, typer.Option("--chart", help="Put a grey wedge into every scene.")] = False,
    mix: Annotated[
        str | None,
        typer.Option(
            help="Several series in one folder, file numbers and times going on: VARY, VARY:FRAMES or VARY:FRAMES@SCENE, parted by commas."
        ),
    ] = None,
    balance: Annotated[
        str, typer.Option("--white-balance", help="manual (kelvins), auto (drifts by up to 15 mired) or preset.")
    ] = "manual",
    depth_of_field: Annotated[
        bool | None,
        typer.Option("--depth-of-field/--sharp", help="Blur by the thin lens; by default in aperture and focus_distance series."),
    ] = None,
    diffraction: Annotated[bool, typer.Option("--diffraction", help="Blur by the Airy disk too (with depth of field).")] = False,
    distance_scale: Annotated[
        float | None, typer.Option(help=f"Scale of all distances; by default 1, with depth of field {TABLE_TOP:g}.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="A linear EXR picture to photograph instead of an environment; its size is the picture's.")
    ] = None,
    depth: Annotated[Path | None, typer.Option(help="EXR with the picture's depth: channel Z, metres along the axis.")] = None,
    focal_length: Annotated[float, typer.Option(help="Focal length of --picture in mm on a 36 mm wide sensor.")] = 50.0,
    row_noise: Annotated[float, typer.Option(help="Offset that a row's pixels share: its standard deviation in raw numbers.")] = 0.0,
    hot_pixels: Annotated[float, typer.Option(help="Share of the pixels that glow.")] = 0.0,
    compressed: Annotated[bool, typer.Option("--compressed/--uncompressed", help="Lossless JPEG in the DNG.")] = True,
    trap: Annotated[
        list[str] | None,
        typer.Option(help="NAME, NAME:2,5 (frames count from 1), NAME=STRENGTH or NAME:2=STRENGTH; may be repeated. See --traps."),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="Write a JSON line per frame: what was done, claimed and spoilt. - is standard output.")
    ] = None,
    traps: Annotated[bool, typer.Option("--traps", help="List the traps and what their strengths mean, then exit.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Photograph scenes with a simulated camera: DNG series with true EXIF, for cat-ingest."""
    with reported(debug):
        if traps:
            print(described())
            return
        if out is None:
            raise UsageError("--out is missing; give the folder for the pictures")
        orders = [parse_order(one) for one in (["auto_wb=15"] if balance == "auto" else []) + (trap or [])]
        parts = parse_mix(mix, frames) if mix else [Part(vary, frames, 0)]
        _check(size, scenes, scene_first, seed, row_noise, hot_pixels, focal_length, balance)
        if mix and (scenes != 1 or limits):
            raise UsageError("--mix takes neither --scenes nor --range; name a scene for each series with @NUMBER")
        if picture and (hdri or mix or scenes != 1):
            raise UsageError("--picture is the one scene there is; it goes with neither --hdri nor --mix nor --scenes")
        if depth and not picture:
            raise UsageError("--depth is the depth of a --picture; give that too")
        if truth and truth.name != "-" and truth.resolve().is_relative_to(out.resolve()):
            raise UsageError(f"--truth {truth} lies among the pictures, where cat-ingest would see it; put it elsewhere")
        blurred = depth_of_field if depth_of_field is not None else depth is not None or any(part.vary in BLURRED for part in parts)
        scale = distance_scale if distance_scale is not None else TABLE_TOP if blurred else 1.0
        if not 0.01 <= scale <= 100:
            raise UsageError(f"--distance-scale {scale:g} must be 0.01 to 100")
        scene = read_picture(picture, depth, focal_length, chart) if picture else None
        rig = Rig(
            scene.size if scene else size, Sensor(row_noise=row_noise, hot_share=hot_pixels), chart=chart, depth_of_field=blurred,
            diffraction=diffraction, distance_scale=scale, balance=balance, helper=mix is None, compressed=compressed,
        )  # fmt: skip
        settings = [
            preset_sweep(part.frames, limits)
            if balance == "preset" and part.vary == "white_balance"
            else sweep(part.vary, part.frames, limits, compensate)
            for part in parts
        ]
        numbers = [scene_first + part.scene for part in parts] if mix else list(range(scene_first, scene_first + scenes))
        if picture:
            sources, said = [Source(slug(picture.stem), picture)], f"--picture {picture}"
        else:
            sources, said = find_sources(hdri or [], seed, max(numbers) + 1)
        print(f"scenes from {said}", file=sys.stderr)
        load = lru_cache(maxsize=1)(Source.load)

        def shoot(number: int) -> Shoot:
            source, crop = sources[number % len(sources)], number // len(sources)
            return Shoot(f"{source.name}_{crop:02d}", source, crop, seed)

        folders: list[tuple[Path, list[Take]]] = []
        if mix:
            starts = [sum(len(one) + PAUSE for one in settings[:at]) for at in range(len(parts))]
            taken = zip(numbers, parts, settings, starts, strict=True)
            folders.append((out, [Take(shoot(number), load, part.vary, chosen, start) for number, part, chosen, start in taken]))
        else:
            for number in sorted(numbers, key=lambda number: (number % len(sources), number)):
                one = shoot(number)
                folders.append((out if scenes == 1 else out / f"{vary}_{one.name}", [Take(one, load, vary, settings[0], picture=scene)]))
        progress = Progress("simulating", sum(len(take.chosen) for _, takes in folders for take in takes))
        lines: list[str] = []
        for folder, takes in folders:
            for told in photograph_takes(takes, folder, rig, orders, progress.advance):
                file = (folder / str(told["file"])).relative_to(out).as_posix()
                lines.append(json.dumps({**told, "file": file}, sort_keys=True, allow_nan=False))
        progress.close()
        if truth:
            text = "".join(f"{line}\n" for line in lines)
            if truth.name == "-":
                print(text, end="")
            else:
                write_bytes(truth, text.encode("utf-8"))
        series = f"{len(parts)} series" if mix else f"{scenes} scene{'s' if scenes > 1 else ''}"
        what = mix or f"{len(settings[0])} frames, {vary} varying"
        print(f"{series} of {what}, in {out}", file=sys.stderr if truth and truth.name == "-" else sys.stdout)


def _check(
    size: tuple[int, int], scenes: int, first: int, seed: int, row_noise: float, hot_pixels: float, focal_length: float, balance: str
) -> None:
    width, height = size
    if not (16 <= width <= 8192 and 16 <= height <= 8192) or width % 2 or height % 2:
        raise UsageError(f"--size {width} {height}: both must be even and 16 to 8192")
    if not 1 <= scenes <= 100_000 or not 0 <= first <= 100_000 or not 0 <= seed < 1 << 62:
        raise UsageError("--scenes must be 1 to 100000, --scene-first 0 to 100000, --seed 0 to 2^62")
    if not 0 <= row_noise <= 1000 or not 0 <= hot_pixels <= 0.5:
        raise UsageError("--row-noise must be 0 to 1000, --hot-pixels 0 to 0.5")
    if not 4 <= focal_length <= 2000:
        raise UsageError(f"--focal-length {focal_length:g} must be 4 to 2000 mm")
    if balance not in BALANCES:
        raise UsageError(f"--white-balance {balance!r} is none of {', '.join(BALANCES)}")


def main() -> None:
    """Entry point."""
    run_typer(app)


if __name__ == "__main__":
    main()
