"""Which series a sweep makes, and what makes each one what it is. Standard library only but for the viewpoints."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from render.blender.figure import shot
from render.blender.sources import Source, one_of
from render.blender.stage.pose import LENS_MM
from render.blender.stage.sky import random_turn
from render.blender.stage.viewpoint import Viewpoint, viewpoint
from render.blender.sweeping.series_id import series_id
from render.blender.sweeping.spec import Sweep
from render.disk import check_fits

REVISION = 2
"""Raise it when a change to the scene or the render settings changes pixels."""
FIGURE_REVISION = 1
"""The same for changes to how people look."""
BYTES_PER_PIXEL = 2.0
"""Of a PNG, generously: detailed renders take about 1.5."""
BYTES_PER_PIXEL_OF = {"mask": 0.2, "depth": 2.5, "normal": 10.0}
"""Of a pass, generously: an object that fills its frame takes about two thirds of it."""


@dataclass(frozen=True)
class Job:
    """One series to make: a sweep of an asset under a sky, turned by ``sky_turn`` degrees, from a viewpoint.

    ``look`` holds the settings of the renderer, ``furniture`` what else stands in the scene (floor, lamp) and the further
    passes, and of a person the shot and the lens; ``settings`` is everything together that the pixels depend on.
    """

    folder: Path
    sweep: Sweep
    asset: Source
    sky: Source
    view: Viewpoint
    sky_turn: float
    look: Mapping[str, Any]
    furniture: Mapping[str, Any]
    settings: Mapping[str, Any]


def plan(
    sweeps: Sequence[Sweep], assets: Sequence[Source], skies: Sequence[Source], flags: Namespace, look: Mapping[str, Any]
) -> list[Job]:
    """Every series of the sweeps, grouped by asset, then sweep, then sky. ``look`` are the renderer's settings."""
    jobs = []
    for asset, sweep in product(assets, sweeps):
        furniture = {"floor": flags.floor, "passes": sorted(set(flags.passes)), **({"lamp": flags.lamp} if "light" in sweep.kinds else {})}
        lowest = 0.0
        if asset.is_person:
            furniture |= _of_a_person(sweep, flags)
            lowest = shot.LOWEST
        indices = range(flags.first_view, flags.first_view + flags.views)
        views = [viewpoint(flags.seed, asset.key, index, flags.azimuths, flags.elevations, lowest) for index in indices]
        for sky in [one_of(flags.seed, asset.key, skies)] if flags.one_sky and skies else skies:
            for view in views:
                turn = random_turn(flags.seed, asset.key, sky.key, view.index)
                settings = {
                    **look, **furniture, **sweep.as_json(), "asset": asset.as_json(), "hdri": sky.as_json(),
                    "azimuths": flags.azimuths, "elevations": flags.elevations, "view": view.index, "sky_turn": turn, "revision": REVISION,
                }  # fmt: skip
                folder = flags.out / series_id(sweep.name, asset, sky, view.index)
                jobs.append(Job(folder, sweep, asset, sky, view, turn, look, furniture, settings))
    return jobs


def _of_a_person(sweep: Sweep, flags: Namespace) -> dict[str, Any]:
    chosen = flags.shot or shot.default_shot([*sweep.varies, *sweep.held])
    return {"shot": chosen, "lens_mm": flags.lens or LENS_MM, "figure_revision": FIGURE_REVISION}


def check_room(out: Path, frames: int, size: int, passes: Collection[str] = ()) -> None:
    """See that ``frames`` more pictures with their ``passes`` fit on the disk of ``out``.

    Raises:
        NoRoom: they do not.
    """
    each = size * size * (BYTES_PER_PIXEL + sum(BYTES_PER_PIXEL_OF[name] for name in passes))
    check_fits(out, frames, frames * each, "--out")
