"""Running a job inside the fake editor, to its end."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from render.unreal.job import Job, write_job
from render.unreal.status import Status, read_status
from tests.render.unreal.fake_unreal import Editor, Switches
from tests.render.unreal.in_editor_code import in_memory


def run(
    job: Job,
    folder: Path,
    switches: Switches | None = None,
    *,
    ticks: int = 400,
    editor: Editor | None = None,
    prepare: Callable[[ModuleType], object] = bool,
) -> tuple[Status, Editor]:
    """The status that a job ends with, or has after ``ticks``, and the editor it ran in; ``prepare`` may change `run_job`."""
    editor = editor or Editor(switches)
    write_job(folder / "job.json", job)
    with editor.installed(), in_memory():
        run_job = importlib.import_module("render.unreal.in_editor.run_job")
        prepare(run_job)
        run_job.start(str(folder / "job.json"))
        editor.run_until(lambda: not run_job.is_busy(), ticks)
    status = read_status(Path(job.status))
    assert status is not None and status.job == job.sha256
    return status, editor


def left_behind(editor: Editor) -> list[str]:
    """What a job has left in the project and in the user's queue."""
    paths = [path for path in editor.assets if "CatDatasetTemporary" in path]
    jobs = [str(job._values["job_name"]) for job in editor.queue.jobs if job._values.get("job_name")]
    paused = ["a job of the user is paused" for job in editor.queue.jobs if not job._state.get("enabled", True)]
    callbacks = ["a callback is registered"] * len(editor.callbacks)
    level = [] if editor.level == "/Game/Maps/Main" else [editor.level]
    return [*paths, *jobs, *paused, *callbacks, *level]
