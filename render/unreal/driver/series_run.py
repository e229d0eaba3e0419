"""Makes one series: a try is a manifest of the states that are missing, watched until it has ended one way or another."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cat_dataset.attributes import attribute
from cat_dataset.command import warn
from cat_dataset.errors import SeriesConflict
from cat_dataset.series_writer import JOURNAL, SeriesWriter
from render.outcome import say
from render.unreal.driver.collector import Collector, Leaking
from render.unreal.driver.disk import check_room
from render.unreal.driver.expansion import OURS, Task
from render.unreal.driver.licence import STATEMENT
from render.unreal.driver.session import Session
from render.unreal.driver.watch import Watch
from render.unreal.errors import EditorFailure, EditorSilent
from render.unreal.job import Job, write_job
from render.unreal.plugins import PLUGINS
from render.unreal.status import Status, read_status

POLL_S = 0.2
"""Seconds between two looks at an editor."""
BUSY_S = 1.0
OBJECT = "person"


@dataclass
class Watcher:
    """What a run of a series tells: ``committed`` after every state, with how many; ``pause`` waits until the next look.

    ``began`` is whether the editor has given a sign of the job, ``busy`` whether it may still be at work on it; ``told`` are notes
    that the user has heard.
    """

    committed: Callable[[int], None]
    check: Callable[[], None]
    poll: float = POLL_S
    told: set[str] = field(default_factory=set)
    began: bool = False
    busy: bool = False

    def pause(self, at_least: float = 0.0) -> None:
        """Wait; raises KeyboardInterrupt where the user wants to stop."""
        self.check()
        time.sleep(max(self.poll, at_least))


def make_series(task: Task, session: Session, watcher: Watcher) -> None:
    """Have ``session`` render what ``task`` lacks, and finish the series.

    Raises:
        EditorFailure: the try came to a bad end; which one the class says. What was committed stays.
        Leaking: the pictures cannot be trusted; they were discarded.
        CatError: the series cannot be made like this. OSError: the disk.
    """
    with SeriesWriter(task.folder, task.settings, {"unreal": task.plan.engine}) as writer:
        _drop_foreign(task, writer)
        missing = [index for index in range(len(task.values)) if index not in writer.done]
        check_room(task.plan.out, len(missing), len(missing) + 2, task.plan.render.size)
        folder = _next_try(task)
        # After an interruption the last state that is there is rendered again too: the first try's end was never compared.
        before = [max(writer.done)] if writer.done else []
        job = task.for_run((*before, *missing), folder.resolve(), int(folder.name.removeprefix("try-")))
        (folder / "frames").mkdir()
        write_job(folder / "job.json", job)
        collector = Collector(task, job, writer)
        try:
            status = _follow(job, folder, session, collector, watcher, writer)
        except Leaking:
            _discard(task)
            raise
        _finish(task, writer, collector, status)
    shutil.rmtree(folder.parent, ignore_errors=True)


def _follow(job: Job, folder: Path, session: Session, collector: Collector, watcher: Watcher, writer: SeriesWriter) -> Status:
    """Start the job and take in frames until it has ended well."""
    path = folder / "status.json"
    _begin(folder / "job.json", job, session, watcher)
    watcher.busy = True
    watch = Watch(job.sha256, session.deadlines)
    while True:
        condition = session.condition()  # before the status: what an editor wrote last must not be missed
        status = watch.own(read_status(path))
        if status is not None:
            watcher.began, watcher.busy = True, not status.ended
            for note in [note for note in status.notes if note not in watcher.told]:
                warn(note)
                watcher.told.add(note)
            if status.engine:
                _same_engine(writer, status.engine)
            watcher.committed(collector.look(status))
        try:
            finished = watch.see(status, condition, collector.taken)
        except EditorFailure:
            if status is not None:
                watcher.committed(collector.salvage(status))
            raise
        if finished:
            assert status is not None
            watcher.committed(collector.conclude(status))
            return status
        watcher.pause()


def _begin(manifest: Path, job: Job, session: Session, watcher: Watcher) -> None:
    """Have the job started, once the editor is free.

    Raises:
        EditorSilent: it is at work on something else for too long.
    """
    since = None
    while not session.begin(manifest, job):
        if since is None:
            since = time.monotonic()
            say("the editor is still at work on a job that was begun before; waiting for its end")
        if time.monotonic() - since > session.deadlines.frame:
            raise EditorSilent(f"the editor is at work on another job for more than {session.deadlines.frame:g} s; end that, or the editor")
        watcher.pause(BUSY_S)


def _finish(task: Task, writer: SeriesWriter, collector: Collector, status: Status) -> None:
    strays = collector.strays()
    if strays:
        warn(f"{task.series}: {strays} files in the staging folder were not asked for (warm-up frames?) and are left out")
    job, plan = task.job, task.plan
    again = {"state": job.repeat, **collector.again[job.repeat].as_json()}
    writer.finish(
        source="unreal",
        scene={"character": task.whose.key, "hdri": task.sky.key, "view": f"v{task.view:02d}"},
        object=OBJECT,
        varies=(task.attribute,),
        constants={
            "camera": vars(job.camera).copy(), "rigs": dict(status.rigs), "limits": dict(status.limits), "sky_turn_degrees": job.sky_turn,
            "sky_strength": job.sky_strength, "samples": job.render.samples, "neutral": 0.0, "unit": attribute(task.attribute).unit,
        },
        provenance={
            "tool": "render.unreal", "engine": status.engine, "plugins": list(PLUGINS),
            "project": plan.project_name, "rendered_again": again,
            "licences": {"character": STATEMENT, "hdri": "not recorded" if "/" in task.sky.path else "none needed"},
        },
    )  # fmt: skip


def _drop_foreign(task: Task, writer: SeriesWriter) -> None:
    """A journal may have been edited: only frames of this series' states count."""
    wanted = {index: {task.attribute: value} for index, value in enumerate(task.values)}
    for index in [index for index, frame in writer.done.items() if dict(frame.values) != wanted.get(index)]:
        warn(f"{task.folder}: the journal's frame {index} is none of this series; making what belongs there")
        del writer.done[index]


def _same_engine(writer: SeriesWriter, engine: str) -> None:
    for frame in writer.done.values():
        if frame.state.get("engine") != engine:
            raise SeriesConflict(
                f"{writer.folder} was begun with Unreal {frame.state.get('engine')}, not {engine}; "
                "use that engine, choose another out, or delete that folder to make it again"
            )


def _next_try(task: Task) -> Path:
    """A folder that no try before had: an editor that was left behind may still write into an older one."""
    root = task.plan.out / OURS / task.series
    root.mkdir(parents=True, exist_ok=True)
    before = [int(path.name[4:]) for path in root.glob("try-*") if path.name[4:].isdecimal()]
    for number in before:
        shutil.rmtree(root / f"try-{number:04d}" / "frames", ignore_errors=True)
    folder = root / f"try-{max(before, default=0) + 1:04d}"
    folder.mkdir()
    return folder


def _discard(task: Task) -> None:
    """Take back what was committed; the pictures stay where they can be looked at."""
    aside = task.plan.out / OURS / task.series / "leaking"
    (task.folder / JOURNAL).unlink(missing_ok=True)
    shutil.rmtree(aside, ignore_errors=True)
    with suppress(OSError):
        os.replace(task.folder / "frames", aside)
