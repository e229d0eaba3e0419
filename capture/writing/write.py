"""Developing a planned series and writing it, with what the pixels say beside what the metadata says."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import exifread
import numpy as np
import rawpy

from capture.developing.develop import Linear, develop, png_bytes
from capture.proving.measure import clipped_share, luminance_map, seen_ev
from capture.reading.shot import Reading, Shot
from capture.sorting.plan import Plan, refusal
from capture.sorting.which_varies import exposure_ev
from cat_dataset import __version__
from cat_dataset.command import warn
from cat_dataset.errors import InputError, SeriesError
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
    apart: list[tuple[float, str]] = []
    reference = None
    shape: tuple[int, ...] | None = None
    for index in sorted(range(len(plan.shots)), key=lambda index: index != plan.middle):
        if index in writer.done and index != plan.middle:
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
        shape, green = linear.shape, luminance_map(linear)
        if index == plan.middle:
            reference = green
        measured = _measured(plan, index, linear)
        seen = None if reference is None else seen_ev(reference, green)
        asked = measured.get("asked_ev")
        if seen is not None:
            measured["seen_ev"] = seen
            if shot.raw and asked is not None and abs(seen - asked) > DISAGREE_EV:
                apart.append((abs(seen - asked), f"{shot.path.name} says {asked:+.2f} EV and its pixels {seen:+.2f} EV"))
        if index not in writer.done:
            writer.staging_path(index).write_bytes(png_bytes(linear))
            writer.commit(index, {plan.attribute: plan.values[index]}, measured)
            progress.advance(1, plan.id)
    if refused:
        raise refusal(plan.folder, refused, len(plan.shots))
    if apart:
        why = "flash, edited files, or changed light?"
        warn(f"{plan.folder}: {len(apart)} frames disagree with their EXIF, the worst: {max(apart)[1]} ({why})")


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
