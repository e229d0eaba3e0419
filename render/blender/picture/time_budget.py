"""Finds out how many samples fit into the seconds that a frame may take, on the device and the scene at hand."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import bpy

from cat_dataset.errors import CatError
from render.blender.picture import quality
from render.blender.picture.still import render_still
from render.blender.stage.scene import Scene
from render.blender.sweeping.plan import Job
from render.blender.sweeping.series import staged

FIRST, FACTOR = 2, 4
ENOUGH = 1 / 4
"""Share of the budget that the longest trial should take at least, to be told from noise."""
REPEATS = 2

Ready = Callable[[Job, int | None], tuple[Scene, float]]


def settle(flags: Namespace, look: Mapping[str, Any], jobs: Sequence[Job], ready: Ready) -> dict[str, Any]:
    """``look`` with the samples that ``flags.time_budget`` comes to, measured on the first job that can be rendered.

    Raises:
        CatError: no job can, or the budget is too small for one sample.
    """
    problem: CatError | None = None
    for job in jobs:
        try:
            scene, strength = ready(replace(job, look={**look, "samples": 1}), flags.threads)
            seconds = _trials(job, scene, strength, flags.time_budget)
        except CatError as error:
            problem = problem or error
            continue
        wanted = quality.affordable(flags.time_budget, seconds)
        kept = quality.settle(quality.record(flags.out, flags.time_budget, look["size"], look["device"], look["denoise"]), wanted)
        print(f"--time-budget {flags.time_budget:g}: {kept} samples")
        return {**look, "samples": kept}
    assert problem is not None  # a plan has jobs, or gathering its sources failed
    raise problem


def _trials(job: Job, scene: Scene, strength: float, budget: float) -> dict[int, float]:
    """Wall seconds of a frame in the middle of the series, by number of samples."""
    seconds: dict[int, float] = {}
    with TemporaryDirectory(prefix=".trial-", dir=job.folder.parent) as folder, staged(job, scene, strength) as stage:
        picture = Path(folder) / "trial.png"
        stage.enter(len(job.sweep.states) // 2)
        _render(1, picture)  # scene, kernels and importance map are built here
        samples = FIRST
        while len(seconds) < 2 or (seconds[max(seconds)] < ENOUGH * budget and samples < quality.LARGEST):
            seconds[samples] = min(_render(samples, picture) for _ in range(REPEATS))
            samples *= FACTOR
        bpy.context.scene.cycles.samples = 1  # as the look says that the scene was set up with
    return seconds


def _render(samples: int, picture: Path) -> float:
    bpy.context.scene.cycles.samples = samples
    start = time.perf_counter()
    render_still(picture)
    return time.perf_counter() - start
