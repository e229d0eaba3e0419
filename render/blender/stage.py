"""The scene while a sweep runs: an asset is loaded once, a sky is hung once, then view by view, state by state."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

import bpy

from cat_dataset.errors import CatError, RunFailed
from cat_dataset.interrupt import GentleInterrupt
from cat_dataset.progress import Progress
from cat_dataset.series_writer import SeriesWriter
from render.blender import engine, framing
from render.blender.asset_import import load
from render.blender.normalise import RADIUS, Subject
from render.blender.placement import Rotation
from render.blender.plan import Job
from render.blender.sky import light_with, load_sky
from render.blender.sources import Report, Source
from render.blender.still import render_still


class Stage:
    """Renders jobs of one sweep. ``look`` holds the settings common to all series."""

    def __init__(self, sweep: Rotation, flags: Namespace, look: Mapping[str, Any], interrupt: GentleInterrupt) -> None:
        self.interrupt = interrupt
        self.sweep, self.flags, self.look = sweep, flags, look
        self._loaded: tuple[Source, Subject] | None = None

    def rehearse(self, jobs: Sequence[Job], report: Report) -> list[Job]:
        """Load every sky and asset once; the jobs whose inputs can be used. The others are reported."""
        skies = [sky for sky in _distinct(job.sky for job in jobs) if self._succeeds(lambda: load_sky(sky), report)]  # noqa: B023
        engine.start_empty()
        assets = [asset for asset in _distinct(job.asset for job in jobs) if self._succeeds(lambda: self._subject(asset), report)]  # noqa: B023
        return [job for job in jobs if job.asset in assets and job.sky in skies]

    def perform(self, jobs: Sequence[Job], report: Report) -> int:
        """Render the jobs, grouped by asset and sky; the number finished. A series that fails is reported and the rest goes on."""
        progress = Progress("rendering", len(jobs) * len(self.sweep.values))
        finished = 0
        for asset, of_asset in groupby(jobs, key=lambda job: job.asset):
            subject = self._subject(asset)
            engine.set_up(threads=self.flags.threads, **self.look)
            camera = framing.add_camera()
            for sky, of_sky in groupby(of_asset, key=lambda job: job.sky):
                strength = light_with(sky)
                for job in of_sky:
                    finished += self._succeeds(lambda: self._series(job, subject, camera, strength, progress), report)  # noqa: B023
            self._loaded = None
        progress.close()
        return finished

    def _subject(self, asset: Source) -> Subject:
        if self._loaded is None or self._loaded[0] is not asset:
            self._loaded = None
            self._loaded = (asset, load(asset))
        return self._loaded[1]

    def _series(self, job: Job, subject: Subject, camera: Any, strength: float, progress: Progress) -> None:
        placements = [self.sweep.place(job.view, value) for value in self.sweep.values]
        distance = framing.safe_distance(subject.outline, placements, job.view)
        camera.matrix_world = framing.camera_matrix(job.view, distance)
        with SeriesWriter(job.folder, job.settings, {"blender": bpy.app.version_string}) as writer:
            progress.skip(len(writer.done))
            for index, value in enumerate(self.sweep.values):
                if index in writer.done:
                    continue
                subject.pivot.matrix_world = placements[index]
                measured = self._measure(job, subject, camera, value)
                render_still(writer.staging_path(index))
                writer.commit(index, {self.sweep.attribute: value}, measured)
                progress.advance(note=job.folder.name)
                self.interrupt.check()
            writer.finish(
                source="blender",
                scene={"asset": job.asset.key, "hdri": job.sky.key, "view": f"v{job.view.index:02d}"},
                object=job.asset.readable,
                varies=(self.sweep.attribute,),
                constants={
                    **framing.describe(job.view, distance, self.flags.size), **self.sweep.constants(job.view), **self.look,
                    "object_radius_m": RADIUS, "sky_strength": strength, "view_transform": "Standard",
                },
                provenance={"tool": "render.blender", "licences": {"asset": job.asset.licence, "hdri": job.sky.licence}},
            )  # fmt: skip

    def _measure(self, job: Job, subject: Subject, camera: Any, value: float) -> dict[str, float]:
        """What really stands in the scene: the value read back from the evaluated pivot, and the margin around the object."""
        bpy.context.view_layer.update()
        graph = bpy.context.evaluated_depsgraph_get()
        pivot, lens = (thing.evaluated_get(graph).matrix_world for thing in (subject.pivot, camera))
        margin = framing.free_margin(subject.outline, pivot, lens)
        if margin < 0:
            raise RunFailed(f"{job.folder.name}: the object leaves the frame at {self.sweep.attribute} = {value:g}; please report this")
        return {self.sweep.attribute: round(self.sweep.read_back(job.view, pivot, value), 4), "free_margin": round(margin, 4)}

    def _succeeds(self, work: Callable[[], object], report: Report) -> bool:
        """Whether ``work`` came to an end; what kept it from that is reported."""
        self.interrupt.check()
        try:
            work()
        except CatError as error:
            report(error)
            return False
        return True


def _distinct(sources: Any) -> list[Source]:
    return list({source.key: source for source in sources}.values())
