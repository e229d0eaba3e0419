"""One Blender process that renders many series: assets and skies stay loaded while they are the same."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cat_dataset.errors import CatError
from cat_dataset.interrupt import GentleInterrupt
from cat_dataset.progress import Progress
from render.blender.assets import files as asset_files
from render.blender.assets.loading import load
from render.blender.assets.policy import AssetPolicy
from render.blender.assets.probe import probed
from render.blender.builtin import objects as builtin
from render.blender.dials.registry import dials_of
from render.blender.picture import engine, time_budget
from render.blender.picture.look import look_of
from render.blender.sources import Report, Source, builtin_asset, gather
from render.blender.stage import sky, sky_files
from render.blender.stage.scene import Scene
from render.blender.sweeping.plan import Job, check_room, plan
from render.blender.sweeping.series import OnFrame, render_series
from render.blender.sweeping.spec import Sweep
from render.disk import check_writable


@dataclass
class Outcome:
    """What became of the series that were asked for."""

    finished: int = 0
    already: int = 0
    failures: list[CatError] = field(default_factory=list)


class Session:
    """Renders series; ``on_frame(series id, frame index, frames)`` is called after each frame that was committed."""

    def __init__(self, interrupt: GentleInterrupt, on_frame: OnFrame | None = None) -> None:
        self.interrupt = interrupt
        self._on_frame = on_frame
        self._loaded: tuple[Any, Scene] | None = None
        self._look: Any = None
        self._sky: tuple[str, float] | None = None
        self._met: Sweep | None = None
        self._policy = AssetPolicy()
        engine.start_empty()

    def render(self, sweeps: Sweep | Sequence[Sweep], flags: Namespace, report: Report = lambda error: None) -> Outcome:
        """Render every series that ``flags`` ask for and that is not there yet; failures go to ``report`` as they come.
        Of several sweeps, an asset goes through all before the next one is loaded.

        Raises:
            CatError: nothing can be rendered (a flag, the output folder, a folder made with other settings), or the only
                asset, sky or series that there is failed.
        """
        outcome = Outcome()
        self._policy = AssetPolicy.of(flags)
        assets, skies = self._assets(flags, outcome.failures.append), self._skies(flags, outcome.failures.append)
        look = look_of(flags)
        sweeps = [sweeps] if isinstance(sweeps, Sweep) else sweeps
        jobs = plan(sweeps, assets, skies, flags, look)
        check_writable(flags.out, "--out")
        if look["samples"] is None:
            jobs = plan(sweeps, assets, skies, flags, time_budget.settle(flags, look, jobs, self._ready))
        missing = [job for job in jobs if not self._policy.is_complete(job.folder, job.settings, job.asset.path)]
        check_room(flags.out, sum(len(job.sweep.states) for job in missing), flags.size, flags.passes)
        todo = self._rehearsed(missing, outcome.failures.append)
        if len(outcome.failures) == 1 and not todo and len(missing) == len(jobs):
            raise outcome.failures[0]
        for error in outcome.failures:
            report(error)

        def note(error: CatError) -> None:
            if len(jobs) == 1:
                raise error
            outcome.failures.append(error)
            report(error)

        outcome.already = len(jobs) - len(missing)
        outcome.finished = self._perform(todo, flags.threads, note)
        return outcome

    def _assets(self, flags: Namespace, report: Report) -> list[Source]:
        if flags.asset is None:
            print(f"no --asset given: {flags.default_asset}")
        check = partial(asset_files.check_asset, policy=self._policy)
        return gather(
            flags.asset or [flags.default_asset],
            flags.asset_kinds or asset_files.KINDS,
            "asset",
            builtin_asset(() if flags.asset_kinds else builtin.OBJECTS, builtin.REVISION),
            probed(check, self._policy) if flags.probe_assets else check,
            report,
        )

    def _skies(self, flags: Namespace, report: Report) -> list[Source]:
        named = flags.hdri
        if named is None:
            named = sky.all_skies() if flags.one_sky else sky.default_skies()
            print(f"no --hdri given: {'one of ' if flags.one_sky else ''}{', '.join(named)}")
        return gather(named, sky_files.KINDS, "sky", sky.builtin_sky, sky_files.check_sky, report)

    def _rehearsed(self, jobs: Sequence[Job], report: Report) -> list[Job]:
        """The jobs whose inputs can be used; the others are reported. One asset and one sky need no rehearsal, nor do people,
        whose files have been read to the end already.
        """
        skies, assets = _distinct(job.sky for job in jobs), _distinct(job.asset for job in jobs)
        if len(skies) > 1:
            skies = [one for one in skies if self._succeeds(lambda: sky.load_sky(one), report)]  # noqa: B023
        if len(assets) > 1:
            sweep = jobs[0].sweep
            assets = [
                one
                for one in assets
                if one.is_person or self._succeeds(lambda: self._scene(one, sweep, jobs[0].look["size"]), report)  # noqa: B023
            ]
        return [job for job in jobs if job.asset in assets and job.sky in skies]

    def _perform(self, jobs: Sequence[Job], threads: int | None, report: Report) -> int:
        """Render the jobs; the number finished. A series that fails is reported and the rest goes on."""
        if not jobs:
            return 0
        progress = Progress("rendering", sum(len(job.sweep.states) for job in jobs))
        finished = 0
        unusable: set[str] = set()
        for job in jobs:
            if {job.asset.key, job.sky.key} & unusable:
                continue
            ready: list[tuple[Scene, float]] = []
            if not self._succeeds(lambda: ready.append(self._ready(job, threads)), report):  # noqa: B023
                unusable.add(job.asset.key if self._loaded is None else job.sky.key)
                continue
            scene, strength = ready[0]
            finished += self._succeeds(lambda: render_series(job, scene, strength, progress, self.interrupt, self._on_frame), report)  # noqa: B023
        progress.close()
        return finished

    def _ready(self, job: Job, threads: int | None) -> tuple[Scene, float]:
        """The scene of the job's asset under its sky, and the sky's strength."""
        scene = self._scene(job.asset, job.sweep, job.look["size"])
        if self._look != (job.look, threads):
            engine.set_up(threads=threads, **job.look)
            self._look = (job.look, threads)
        if self._sky is None or self._sky[0] != job.sky.key:
            self._sky = None
            self._sky = (job.sky.key, sky.light_with(job.sky))
        return scene, self._sky[1]

    def _scene(self, asset: Source, sweep: Sweep, size: int) -> Scene:
        """The scene of the asset, which can show what the sweep varies."""
        dials = dials_of(sweep, asset.is_person)
        keys = tuple(key for dial in dials for key in dial.shape_keys())
        wanted = (asset, size, keys, self._policy)
        if self._loaded is None or self._loaded[0] != wanted:
            self._loaded = self._look = self._sky = self._met = None  # loading starts from an empty scene
            scene = Scene.around(load(asset, self._policy, keys), size)
            scene.name = str(asset)
            self._loaded = (wanted, scene)
        scene = self._loaded[1]
        if self._met != sweep:
            try:
                for dial in dials:
                    dial.meet(scene)
            except CatError:
                self._loaded = None  # it is the asset that cannot be used
                raise
            self._met = sweep
        return scene

    def _succeeds(self, work: Callable[[], object], report: Report) -> bool:
        """Whether ``work`` came to an end; what kept it from that is reported."""
        self.interrupt.check()
        try:
            work()
        except CatError as error:
            problem = error
        else:
            return True
        report(problem)
        return False


def _distinct(sources: Iterable[Source]) -> list[Source]:
    return list({source.key: source for source in sources}.values())
