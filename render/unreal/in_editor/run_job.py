"""One job in this editor, step by step between the editor's own ticks.

`start` returns at once; a callback after every tick does the next step, keeps the status file's heart beating, and watches the
render queue, whose own delegate alone says that it is done. Started through the link, or as
``UnrealEditor-Cmd PROJECT -ExecutePythonScript="run_job.py JOB.json"`` (or with the job's path in CAT_UNREAL_JOB).
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # run as a script: its repository is not on the path yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import unreal

from cat_dataset.errors import CatError, InputError, RunFailed
from render.unreal.in_editor import camera, joints, light, scene, sequence, versions
from render.unreal.in_editor.render_queue import RenderQueue
from render.unreal.in_editor.reporter import Reporter
from render.unreal.job import AT_WORK, Job, read_job
from render.unreal.status import FINISHED, LOADING, RENDERING

QUIET_SECONDS = 120.0
"""How long the queue may say that it renders nothing before its finished delegate has come."""
SETTLE_TICKS = 3
"""Ticks that the editor is left after rigs were added, which come alive in them, and after the render, whose world it closes."""


class Run:
    """One job under way."""

    def __init__(self, job: Job, quit_after: bool) -> None:
        self.job = job
        self.reporter = Reporter(job)
        self.queue = RenderQueue()
        self.folder = f"{scene.FOLDER}/{job.id}_{job.attempt}"
        self.before: str | None = None
        self.over = False
        self._quit_after = quit_after
        self._busy = False
        self._steps = self._work()
        self.reporter.write()
        self._callback = unreal.register_slate_post_tick_callback(self._tick)

    def _tick(self, seconds: float) -> None:
        """Called after every tick of the editor; loading a level ticks it from within a step, where only the heart beats."""
        if self.over:
            return
        try:
            self.reporter.beat()
            if not self._busy:
                self._busy = True
                next(self._steps)
                self._busy = False
        except StopIteration:
            self.reporter.status.success = True
            self._end()
            self.reporter.write(FINISHED)
        except BaseException as error:  # whatever it is, the outside must hear of it
            self._failed(error)

    def _work(self) -> Iterator[None]:
        """The job in steps."""
        job, status = self.job, self.reporter.status
        status.engine = versions.engine()
        status.notes += versions.check(job.engine, job.project)
        if not versions.ray_tracing():
            raise InputError("hardware ray tracing is off in this project, so the path tracer draws nothing; turn on r.RayTracing")
        scene.refuse_unsaved_work()
        self.reporter.write(LOADING)
        yield
        self.before = scene.open_level(self.folder)
        yield
        person = scene.add_person(job.character)
        light.add_sky(job)
        view = camera.add_camera(job.camera, person)
        yield
        scene.wait_for_assets()
        scene.save_level()
        yield
        film = sequence.make(job, self.folder, view)
        face, body = sequence.add_rigs(job, film, person)
        yield from self._settle()
        self._key(film, person, face, body)
        unreal.EditorAssetLibrary.save_loaded_asset(film)
        scene.save_level()
        scene.wait_for_assets()
        yield
        self.queue.start(job, f"{self.folder}/level.level", film)
        self.reporter.write(RENDERING)
        yield from self._rendering()
        yield from self._settle()
        self._clear_up()

    def _settle(self) -> Iterator[None]:
        """Leave the editor a few ticks."""
        for _ in range(SETTLE_TICKS):
            yield

    def _key(self, film: Any, person: scene.Person, face: Any, body: Any) -> None:
        """Key all states and put what is read back, and the limits, into the status."""
        shown, status = self.job.shown, self.reporter.status
        plan = sequence.plan_keys([self.job.states[index] for index in shown], person, face, body)
        status.rigs = {what: rig.path for what, rig in (("face", face), ("body", body)) if rig is not None}
        status.limits = {keyed.name: sequence.limits(keyed) for keyed in plan}
        if body is not None:
            status.notes += joints.missing(body, [turn for state in self.job.states for turn in state.turns])
        read = sequence.key_all(film, plan, len(shown))
        status.controls = {str(index): values for index, values in zip(shown, read, strict=True)}

    def _rendering(self) -> Iterator[None]:
        """Wait for the finished delegate."""
        heard = time.monotonic()
        while self.queue.result is None:
            if self.queue.is_rendering():
                heard = time.monotonic()
            elif time.monotonic() - heard > QUIET_SECONDS:
                raise RunFailed(f"the render queue stopped and never said that it had finished{self._errors()}")
            yield
        self.reporter.status.files = self.queue.files
        if not self.queue.result or not all(self.queue.successes) or self.queue.errors:
            raise RunFailed(f"the render queue reports a failed render{self._errors()}")

    def _errors(self) -> str:
        return ": " + "; ".join(self.queue.errors) if self.queue.errors else "; look into the editor's log"

    def _clear_up(self) -> None:
        """Undo what was done to the project and to the user's queue, once."""
        self.queue.leave()
        if self.before is not None:
            before, self.before = self.before, None
            self.reporter.status.notes += scene.leave(self.folder, before)

    def _failed(self, error: BaseException) -> None:
        unreal.log_error("".join(traceback.format_exception(error)))
        reason = str(error) if isinstance(error, CatError) else f"{type(error).__name__}: {error}"
        try:
            self._clear_up()
        except Exception as second:
            unreal.log_error("".join(traceback.format_exception(second)))
        self._end()
        self.reporter.fail(reason)

    def _end(self) -> None:
        self.over = True
        unreal.unregister_slate_post_tick_callback(self._callback)
        if self._quit_after:
            unreal.EditorPythonScripting.set_keep_python_script_alive(False)


_run: Run | None = None


def is_busy() -> bool:
    """Whether a job is under way in this editor."""
    return _run is not None and not _run.over


def start(job_path: str, quit_after: bool = False) -> None:
    """Begin the job in the manifest ``job_path`` and return; the rest is in the job's status file.

    Raises:
        InputError: the manifest cannot be used.
        RunFailed: a job is under way in this editor.
    """
    global _run  # noqa: PLW0603
    if is_busy():
        raise RunFailed(f"this editor is {AT_WORK}; wait for it to end")
    job = read_job(Path(job_path))
    if quit_after:
        unreal.EditorPythonScripting.set_keep_python_script_alive(True)
    _run = Run(job, quit_after)


if __name__ == "__main__":
    start(sys.argv[1] if len(sys.argv) > 1 else os.environ["CAT_UNREAL_JOB"], quit_after=True)
