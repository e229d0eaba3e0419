"""Runs a sweep from its flags: choose and check everything, say what was chosen, render, sum up."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from typing import Any

from cat_dataset.command import warn
from cat_dataset.errors import CatError, InputError, RunFailed, UsageError
from cat_dataset.interrupt import GentleInterrupt
from cat_dataset.series_writer import is_complete
from render.blender import asset_files, builtin, engine, quiet, sky, sky_files
from render.blender.placement import Rotation
from render.blender.plan import check_room, check_writable, plan
from render.blender.sources import BUILTIN, Report, Source, gather, made_in_code
from render.blender.stage import Stage

DEFAULT_ASSETS = [f"{BUILTIN}car"]
SECONDS_PER_SAMPLE = 1e-6
"""CPU seconds per path: measured, and the same within a factor of two on most machines."""


def render_sweep(sweep: Rotation, flags: Namespace, interrupt: GentleInterrupt) -> None:
    """Render every series that ``flags`` ask for and that is not there yet.

    Raises:
        CatError: something cannot be used or done. Everything else was rendered before it is raised.
    """
    if not flags.debug:
        quiet.silence_blender()
    interrupt.check()
    engine.start_empty()
    failures: list[CatError] = []
    assets, skies = _assets(flags.asset, failures.append), _skies(flags.hdri, failures.append)
    look = _look(flags)
    jobs = plan(sweep, assets, skies, flags, look)
    check_writable(flags.out)
    missing = [job for job in jobs if not is_complete(job.folder, job.settings)]
    check_room(flags.out, len(missing) * len(sweep.values), flags.size)
    _warn_if_long(look, len(missing) * len(sweep.values))
    interrupt.check()
    stage = Stage(sweep, flags, look, interrupt)
    todo = stage.rehearse(missing, failures.append)
    if len(failures) == 1 and not todo and len(missing) == len(jobs):
        raise failures[0]
    _name(failures)
    finished = 0
    if todo:
        in_the_way: list[CatError] = []
        finished = stage.perform(todo, in_the_way.append)
        _name(in_the_way)
        failures += in_the_way
    already = len(jobs) - len(missing)
    print(f"{finished} series rendered into {flags.out}" + (f", {already} already complete" if already else ""))
    if failures:
        kind = RunFailed if any(isinstance(error, RunFailed) for error in failures) else InputError
        count = "1 failure" if len(failures) == 1 else f"{len(failures)} failures"
        raise kind(f"{count}, named above; {finished + already} series are complete")


def _warn_if_long(look: dict[str, Any], frames: int) -> None:
    """Say so before hours of work on a CPU begin: the defaults are for a GPU."""
    hours = frames * look["size"] ** 2 * look["samples"] * SECONDS_PER_SAMPLE / (os.cpu_count() or 1) / 3600
    if look["device"] == "cpu" and hours > 0.5:
        print(f"{frames} frames take about {hours:.1f} h on this CPU; for a quick look: --size 256 --samples 16 --states 13 --views 1")


def _name(failures: list[CatError]) -> None:
    for error in failures:
        print(f"error: {error}", file=sys.stderr, flush=True)


def _assets(named: list[str] | None, report: Report) -> list[Source]:
    if named is None:
        print(f"no --asset given: {DEFAULT_ASSETS[0]}")
    return gather(named or DEFAULT_ASSETS, asset_files.KINDS, "asset", _builtin_asset, asset_files.check_asset, report)


def _skies(named: list[str] | None, report: Report) -> list[Source]:
    if named is None:
        named = sky.default_skies()
        print(f"no --hdri given: {', '.join(named)}")
    return gather(named, sky_files.KINDS, "sky", sky.builtin_sky, sky_files.check_sky, report)


def _builtin_asset(name: str) -> Source:
    if name not in builtin.OBJECTS:
        raise UsageError(f"there is no {BUILTIN}{name} object; there are {', '.join(BUILTIN + n for n in builtin.OBJECTS)}")
    return made_in_code(name, builtin.REVISION)


def _look(flags: Namespace) -> dict[str, Any]:
    """The settings common to all series; says what renders."""
    device, denoise = engine.choose_device(flags.device), engine.has_denoiser()
    samples = flags.samples or (engine.SAMPLES_DENOISED if denoise else engine.SAMPLES_PLAIN)
    if not denoise and samples < engine.SAMPLES_PLAIN:
        warn(f"this Blender has no denoiser: {samples} samples leave visible noise, {engine.SAMPLES_PLAIN} are clean")
    print(engine.describe(device, denoise, samples))
    return {"size": flags.size, "samples": samples, "seed": flags.seed, "device": device, "denoise": denoise}
