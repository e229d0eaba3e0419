"""``cat-ingest``: folders of camera files to series, one series per folder."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import cv2
import exifread
import numpy as np
import rawpy
import typer

from capture.develop import Linear, develop, png_bytes
from capture.folder import Plan, plan_series, series_id
from capture.measure import clipped_share, luminance_map, seen_ev
from capture.metadata import Reading, Shot
from capture.which_varies import exposure_ev
from cat_dataset import __version__
from cat_dataset.command import reported, warn
from cat_dataset.errors import CatError, InputError, SeriesError, UsageError
from cat_dataset.files import sha256_file, sha256_json, slug
from cat_dataset.progress import Progress
from cat_dataset.series_writer import SeriesWriter, is_complete

DISAGREE_EV = 0.5
"""RAW pixels that differ from EXIF by more than this make a warning."""


def versions() -> dict[str, str]:
    """The tools the pixels depend on."""
    libraw = ".".join(str(part) for part in rawpy.libraw_version)
    return {
        "cat-dataset": __version__, "rawpy": rawpy.__version__, "libraw": libraw, "opencv": cv2.__version__, "numpy": np.__version__,
        "exifread": exifread.__version__,
    }  # fmt: skip


def write_series(plan: Plan, out: Path, *, name: str, scene: str | None, progress: Progress) -> str:
    """Develop ``plan`` into ``out``; a line that says what was made.

    Raises:
        InputError: pixels that cannot be used (all such files are named; nothing is left behind).
        SeriesConflict: a series of that name, made otherwise, is there already.
    """
    folder = out / plan.id
    sources = [{"file": shot.path.name, "sha256": sha256_file(shot.path)} for shot in plan.shots]
    keys = _scene_keys(plan, scene)
    settings: dict[str, Any] = {
        "attribute": plan.attribute, "values": list(plan.values), "sources": sha256_json(sources), "object": name, "scene": keys,
        "development": plan.recipe.as_json(), "gains": [list(g) if g else None for g in plan.gains],
    }  # fmt: skip
    if is_complete(folder, settings):
        progress.skip(len(plan.shots))
        return f"{folder}: already complete"
    fresh = not folder.exists()
    try:
        with SeriesWriter(folder, settings, versions()) as writer:
            progress.skip(len(writer.done))
            _develop_frames(plan, writer, progress)
            writer.finish(
                source="dslr", scene=keys, object=name, varies=(plan.attribute,), constants=_constants(plan),
                provenance={"tool": "cat-ingest", "sources": sources, "set_aside": list(plan.set_aside), "readers": _readers(plan.shots)},
            )  # fmt: skip
    except SeriesError:
        raise
    except InputError:
        if fresh:
            shutil.rmtree(folder)
        raise
    low, high = plan.values[0], plan.values[-1]
    return f"{folder}: {len(plan.shots)} frames, {plan.attribute} from {low:.5g} to {high:.5g}"


def _develop_frames(plan: Plan, writer: SeriesWriter, progress: Progress) -> None:
    """Commit every frame that is not done yet; name all files whose pixels are unusable."""
    if len(writer.done) == len(plan.shots):
        return
    refused: list[str] = []
    shape: tuple[int, ...] | None = None
    middle = plan.middle
    reference = None
    apart: list[tuple[float, str]] = []
    for index in sorted(range(len(plan.shots)), key=lambda index: index != middle):
        if index in writer.done and index != middle:
            continue
        shot = plan.shots[index]
        try:
            linear = develop(shot, plan.gains[index], plan.recipe)
        except InputError as error:
            refused.append(str(error))
            continue
        if shape is not None and linear.shape != shape:
            refused.append(f"{shot.path} is {linear.shape[1]}×{linear.shape[0]} and the rest {shape[1]}×{shape[0]}; one folder, one series")
            continue
        shape = linear.shape
        green = luminance_map(linear)
        reference = green if index == middle else reference
        if index in writer.done:
            continue
        measured = _measured(plan, index, linear)
        seen = None if reference is None else seen_ev(reference, green)
        if seen is not None:
            measured["seen_ev"] = seen
            asked = measured.get("asked_ev")
            if shot.raw and asked is not None and abs(seen - asked) > DISAGREE_EV:
                apart.append((abs(seen - asked), f"{shot.path.name} says {asked:+.2f} EV and its pixels {seen:+.2f} EV"))
        writer.staging_path(index).write_bytes(png_bytes(linear))
        writer.commit(index, {plan.attribute: plan.values[index]}, measured)
        progress.advance(1, plan.id)
    if len(refused) == 1:
        raise InputError(refused[0])
    if refused:
        raise InputError(f"{plan.folder}: {len(refused)} of {len(plan.shots)} files cannot be used:\n  " + "\n  ".join(refused))
    if apart:
        warn(
            f"{plan.folder}: {len(apart)} frames disagree with their EXIF, the worst: {max(apart)[1]} (flash, edited files, or changed light?)"
        )


def _measured(plan: Plan, index: int, linear: Linear) -> dict[str, float]:
    """What the metadata says of the frame, ``asked_ev`` relative to the middle frame, and the clipped share of the pixels."""
    shot, middle = plan.shots[index], plan.shots[plan.middle]
    known = {"shutter_s": shot.shutter, "f_number": shot.f_number, "iso": shot.iso, "kelvin": shot.kelvin}
    measured = {name: reading.value for name, reading in known.items() if reading is not None}
    if shot.shutter and middle.shutter:
        measured["asked_ev"] = exposure_ev(shot) - exposure_ev(middle)
    measured["clipped_share"] = clipped_share(linear)
    return measured


def _scene_keys(plan: Plan, scene: str | None) -> dict[str, str]:
    shot = plan.shots[0]
    keys = {"scene": slug(scene or shot.scene.get("scene") or plan.id, 72), "camera": shot.camera or "unknown"}
    if "hdri" in shot.scene:
        keys["hdri"] = shot.scene["hdri"]
    return keys


def _constants(plan: Plan) -> dict[str, Any]:
    """Settings that every frame shares; None where they are not known. What differs stands in each frame's ``measured``."""

    def shared(readings: Sequence[Reading | None]) -> float | None:
        values = {reading.value if reading else None for reading in readings}
        return values.pop() if len(values) == 1 else None

    shots = plan.shots
    constants: dict[str, Any] = {
        "iso": shared([shot.iso for shot in shots]), "f_number": shared([shot.f_number for shot in shots]),
        "shutter_s": shared([shot.shutter for shot in shots]), "focal_length_mm": shared([shot.focal_length for shot in shots]),
        "kelvin": shared([shot.kelvin for shot in shots]), "lens": shots[0].lens or None, "file_type": "RAW" if shots[0].raw else "JPEG",
        "notes": list(plan.notes),
    }  # fmt: skip
    return {key: value for key, value in constants.items() if key != plan.attribute}


def _readers(shots: Sequence[Shot]) -> dict[str, str | None]:
    """Which reader gave each setting, ``mixed`` where frames differ."""
    readers = {}
    for name in ("iso", "shutter", "f_number", "focal_length", "kelvin"):
        found = {reading.reader if (reading := getattr(shot, name)) else None for shot in shots}
        readers[name] = found.pop() if len(found) == 1 else "mixed"
    return readers


def check_folders(folders: Sequence[Path]) -> list[Path]:
    """``folders`` without those given twice.

    Raises:
        UsageError: two of them would make a series of the same name.
    """
    unique: dict[Path, Path] = {}
    for folder in folders:
        if folder.resolve() in unique:
            warn(f"{folder} is given twice; it is read once")
        unique.setdefault(folder.resolve(), folder)
    names: dict[str, Path] = {}
    for folder in unique.values():
        other = names.setdefault(series_id(folder), folder)
        if other is not folder:
            raise UsageError(
                f"{other} and {folder} would both become series {series_id(folder)!r}; rename one, or use another --out for it"
            )
    return list(unique.values())


app = typer.Typer(add_completion=False)


@app.command()
def ingest(
    *,
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders of camera files, one series each.")],
    out: Annotated[Path, typer.Option(help="Where the series go.")] = Path("series"),
    size: Annotated[int, typer.Option(help="Longest side of the frames in pixels; never enlarged.")] = 1024,
    full: Annotated[bool, typer.Option("--full", help="Demosaic at full size even where half would do.")] = False,
    object_name: Annotated[str, typer.Option("--object", help="What the pictures show, for instructions.")] = "scene",
    scene: Annotated[str | None, typer.Option(help="Scene name; series that share it stay in one split.")] = None,
    attribute: Annotated[str | None, typer.Option(help="iso, aperture, exposure or white_balance, where several vary.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Turn folders of camera files (RAW or JPEG) into series: find what varies, develop alike, write."""
    with reported(debug):
        if not 16 <= size <= 16384:
            raise UsageError(f"--size {size} must be 16 to 16384 pixels")
        if not object_name.strip() or len(object_name) > 60:
            raise UsageError("--object must be 1 to 60 characters, like 'car'")
        chosen = check_folders(folders)
        plans: list[Plan] = []
        failed: list[CatError] = []
        for folder in chosen:
            try:
                plans.append(plan_series(folder, size=size, full=full, attribute=attribute))
            except UsageError:
                raise
            except CatError as error:
                failed.append(error)
        progress = Progress("developing", sum(len(plan.shots) for plan in plans))
        lines = []
        for plan in plans:
            for note in plan.notes:
                warn(f"{plan.folder}: {note}")
            try:
                lines.append(write_series(plan, out, name=object_name, scene=scene, progress=progress))
            except CatError as error:
                failed.append(error)
        if plans:
            progress.close()
        for line in lines:
            print(line)
        _report(failed, len(chosen))


def _report(failed: Sequence[CatError], total: int) -> None:
    if not failed:
        return
    if total == 1:
        raise failed[0]
    for error in failed:
        print(f"error: {error}", file=sys.stderr)
    raise InputError(f"{len(failed)} of {total} folders could not be ingested (named above); the others are done")


def main() -> None:
    """Entry point."""
    app()


if __name__ == "__main__":
    main()
