"""Expands a plan to its jobs: one series each, always the same ones in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cat_dataset.errors import CatError, UsageError
from cat_dataset.series import ID_PATTERN, SERIES_JSON
from cat_dataset.series_writer import JOURNAL
from render.blender.sources import one_of
from render.blender.sweeping.series_id import series_id
from render.farm.inputs import Given, Inputs
from render.farm.plan_file import Plan
from render.farm.sweeps import Sweep


@dataclass(frozen=True)
class Job:
    """One series to make: a sweep of an asset under a sky from view number ``view``."""

    series: str
    sweep: Sweep
    asset: Given
    sky: Given
    view: int

    @property
    def argv(self) -> list[str]:
        """The flags that make this series alone; of flags given twice argparse takes the last."""
        own = [f"--asset={self.asset.argument}", f"--hdri={self.sky.argument}", f"--first-view={self.view}", "--views=1"]
        return [*self.sweep.arguments, *own]

    @property
    def frames(self) -> int:
        """Pictures of the series."""
        return self.sweep.frames

    @property
    def folder(self) -> Path:
        """Where the series goes."""
        return self.sweep.out / self.series

    def is_there(self) -> bool:
        """Whether a finished series lies there (made with whatever settings)."""
        return (self.folder / SERIES_JSON).is_file()

    def journaled(self) -> int:
        """Frames that a begun series has so far."""
        try:
            return max(0, (self.folder / JOURNAL).read_bytes().count(b"\n") - 1)
        except OSError:
            return 0


@dataclass(frozen=True)
class Expansion:
    """The jobs of a plan, and the assets and skies that cannot be used."""

    jobs: list[Job]
    refused: list[CatError]


def expand(plan: Plan) -> Expansion:
    """Every job of ``plan``: asset by asset, sky by sky, so that a worker may keep both.

    Raises:
        UsageError: two jobs would make one series, or a sweep finds nothing that it can render.
    """
    inputs = Inputs(plan.out)
    assets, skies = inputs.assets(plan.assets), inputs.skies(plan.hdris)
    inputs.remember()
    for sweep in plan.sweeps:
        if not inputs.refused and not any(sweep.takes(asset.source) for asset in assets):
            raise UsageError(f"{plan.path}: {sweep.key} finds nothing to render; assets has no {' or '.join(sweep.kinds)} file")
    jobs: list[Job] = []
    makers: dict[str, Job] = {}
    for asset in assets:
        for sky in skies:
            for sweep in plan.sweeps:
                if not _belong(sweep, asset, sky, skies):
                    continue
                for view in range(sweep.views):
                    job = Job(series_id(sweep.name, asset.source, sky.source, view), sweep, asset, sky, view)
                    _check(job, makers.setdefault(job.series, job), plan)
                    jobs.append(job)
    return Expansion(jobs, inputs.refused)


def _belong(sweep: Sweep, asset: Given, sky: Given, skies: Sequence[Given]) -> bool:
    """Whether the plan has series of ``sweep`` of this asset under this one of ``skies``."""
    if not sweep.takes(asset.source):
        return False
    return not sweep.one_sky or sky.source == one_of(sweep.seed, asset.source.key, [one.source for one in skies])


def part_of(jobs: Sequence[Job], index: int, count: int) -> list[Job]:
    """Task ``index`` of ``count``: every job belongs to exactly one of them, neighbours to the same."""
    return list(jobs[index * len(jobs) // count : (index + 1) * len(jobs) // count])


def _check(job: Job, first: Job, plan: Plan) -> None:
    if first is not job:
        raise UsageError(
            f"{plan.path}: {first.sweep.key} and {job.sweep.key} would both make series {job.series}; "
            "put one of them in a plan with another out"
        )
    if not ID_PATTERN.fullmatch(job.series):
        raise UsageError(f"{plan.path}: series id {job.series} is longer than 80 characters; shorten the names of {job.asset.argument}")
