"""Which series a sweep makes, and what makes each one what it is."""

from __future__ import annotations

import shutil
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cat_dataset.errors import InputError
from render.blender.placement import Rotation
from render.blender.sources import Source
from render.blender.viewpoint import Viewpoint, viewpoint

REVISION = 1
"""Raise it when a change to the scene or the render settings changes pixels."""
BYTES_PER_PIXEL = 2.0
"""Of a PNG, generously: detailed renders take about 1.5."""


@dataclass(frozen=True)
class Job:
    """One series to make: an asset under a sky from a viewpoint."""

    folder: Path
    asset: Source
    sky: Source
    view: Viewpoint
    settings: Mapping[str, Any]


def plan(sweep: Rotation, assets: Sequence[Source], skies: Sequence[Source], flags: Namespace, render: Mapping[str, Any]) -> list[Job]:
    """Every series of the sweep, grouped by asset, then sky. ``render`` are the settings common to all."""
    jobs = []
    for asset in assets:
        views = [viewpoint(flags.seed, asset.key, index) for index in range(flags.first_view, flags.first_view + flags.views)]
        for sky in skies:
            for view in views:
                name = f"{sweep.name}-{asset.part}-{sky.part}-v{view.index:02d}"
                settings = {
                    **render, "asset": asset.as_json(), "hdri": sky.as_json(), "view": view.index,
                    "attribute": sweep.attribute, "values": list(sweep.values), "revision": REVISION,
                }  # fmt: skip
                jobs.append(Job(flags.out / name, asset, sky, view, settings))
    return jobs


def check_writable(out: Path) -> None:
    """Make the folder ``out`` and write into it.

    Raises:
        InputError: it is, or lies under, a file. OSError: it cannot be made or written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"--out {out} is a file, or lies under one; give a folder") from None
    probe = out / ".writable"
    probe.write_bytes(b"")
    probe.unlink()


def check_room(out: Path, frames: int, size: int) -> None:
    """See that ``frames`` more pictures fit on the disk of ``out``.

    Raises:
        InputError: they do not.
    """
    needed, free = int(frames * size * size * BYTES_PER_PIXEL), shutil.disk_usage(out).free
    if needed > free:
        raise InputError(
            f"{out} has {free / 1e6:.1f} MB free and {frames} frames need about {needed / 1e6:.1f} MB; free some space or use another --out"
        )
