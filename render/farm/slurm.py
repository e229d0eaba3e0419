"""The executor ``slurm``: chunks of a plan as one array job, by submitit."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from cat_dataset.errors import RunFailed, UsageError
from render.farm import machine
from render.farm.chunks import Done, Lost, run_chunk
from render.farm.inputs import OURS
from render.farm.jobs import Job
from render.farm.options import Options

DAY_MIN = 24 * 60
"""Time limit of a task unless ``time`` is given. One that meets it is queued again and goes on."""
GRACE_S = 10.0
"""Between a task's leaving the queue and the showing of its result on a slow shared disk."""


class ChunkTask:
    """A chunk as submitit runs it; one that meets its time limit, or is preempted, is queued again."""

    def __init__(self, jobs: Sequence[Job], options: Options, folder: str) -> None:
        self.jobs, self.options, self.folder = list(jobs), options, folder

    def __call__(self) -> Done:
        """Render the chunk."""
        return run_chunk(self.jobs, self.options, self.folder, signals=True)

    def checkpoint(self) -> Any:
        """What submitit queues instead: the same again, since frames that are there are kept."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


class Slurm:
    """Submits and watches. ``settings`` are sbatch's, by name."""

    at_once = sys.maxsize  # Slurm itself runs `workers` of an array at a time

    def __init__(self, options: Options, settings: dict[str, str], out: Path) -> None:
        try:
            import submitit
        except ImportError:
            raise UsageError("--executor slurm needs submitit; pip install 'cat-dataset[cluster]'") from None
        for program in ("sbatch", "squeue", "scancel"):
            if shutil.which(program) is None:
                raise UsageError(f"--executor slurm needs {program} on the PATH; run it where jobs can be submitted")
        self._options, self._folder = options, (out / OURS / "slurm").resolve()
        self._executor = submitit.SlurmExecutor(folder=self._folder, max_num_timeout=10**6)
        self._executor.update_parameters(**self._parameters(settings))
        self._missed: dict[str, float] = {}

    def submit(self, chunks: Sequence[Sequence[Job]]) -> list[Any]:
        """One array job."""
        tasks = [ChunkTask(chunk, self._options, str(Path.cwd())) for chunk in chunks]
        try:
            with self._executor.batch():
                return [self._executor.submit(task) for task in tasks]
        except Exception as error:  # submitit raises what sbatch said, in several classes
            raise RunFailed(f"Slurm did not take the jobs: {' '.join(str(error).split())[-300:]}; check the --slurm settings") from None

    def result(self, handle: Any) -> Done | None:
        """By the file that the task leaves; a task without one that squeue knows no more is lost."""
        if not handle.paths.result_pickle.exists():
            if handle.job_id in self._queued():
                self._missed.pop(handle.job_id, None)
                return None
            if time.monotonic() - self._missed.setdefault(handle.job_id, time.monotonic()) < GRACE_S:
                return None
            raise Lost(f"its Slurm task ended without a result{_last_words(handle)}")
        try:
            done: Done = handle.results()[0]
        except Exception as error:
            raise Lost(f"its Slurm task failed: {str(error).strip().splitlines()[-1][:300]}") from None
        return done

    def cancel(self, handles: Sequence[Any]) -> None:
        """By scancel."""
        for array in {handle.job_id.split("_")[0] for handle in handles}:
            with suppress(OSError):
                subprocess.run(["scancel", array], check=False, capture_output=True)

    def close(self) -> None:
        """Remove submitit's files."""
        shutil.rmtree(self._folder, ignore_errors=True)
        with suppress(OSError):
            self._folder.parent.rmdir()

    def _queued(self) -> set[str]:
        """Ids of all our tasks in the queue; asked at most once a second."""
        now = time.monotonic()
        if now - getattr(self, "_asked", 0.0) > 1.0:
            said = subprocess.run(
                ["squeue", "--me", "--noheader", "--array", "--format=%F_%K %i"], capture_output=True, text=True, check=False
            )
            if said.returncode == 0:  # an overloaded controller is not an empty queue
                self._known = {word for line in said.stdout.splitlines() for word in line.split()}
            self._asked = now
        return getattr(self, "_known", set())

    def _parameters(self, settings: dict[str, str]) -> dict[str, Any]:
        """Those that submitit knows, by its names; the others go to sbatch as they are."""
        parameters: dict[str, Any] = {
            "job_name": "cat-render",
            "time": DAY_MIN,
            "array_parallelism": self._options.workers,
            "setup": [f"export PYTHONPATH={shlex.quote(machine.python_path())}"],
        }
        if self._options.threads:
            parameters["cpus_per_task"] = self._options.threads
        if self._options.gpus_per_worker:
            parameters["gpus_per_node"] = self._options.gpus_per_worker
        others = {}
        for name, value in settings.items():
            key = name.replace("-", "_")
            if key == "time":
                parameters[key] = minutes(value)
            elif key in self._executor._valid_parameters():
                parameters[key] = int(value) if value.isdigit() else {"true": True, "false": False}.get(value, value)
            else:
                others[name] = value
        return {**parameters, "additional_parameters": others} if others else parameters


def _last_words(handle: Any) -> str:
    """The end of what a task printed."""
    lines = [line.strip() for line in (handle.stderr() or "").splitlines() if line.strip()]
    return f" ({lines[-1][:200]})" if lines else ""


def minutes(text: str) -> int:
    """Minutes of a time as sbatch takes it: M, M:S, H:M:S, D-H, D-H:M or D-H:M:S.

    Raises:
        UsageError: none of them.
    """
    found = re.fullmatch(r"(?:(\d{1,4})-)?(\d{1,6})(?::(\d{1,2}))?(?::(\d{1,2}))?", text)
    if found is None:
        raise UsageError(f"--slurm time={text} is no time; give minutes, H:M:S or D-H:M:S")
    days, *parts = (int(part) if part else None for part in found.groups())
    first, second, third = parts[0] or 0, parts[1], parts[2]
    if days is not None:
        return max(1, days * DAY_MIN + first * 60 + (second or 0))
    return max(1, first if third is None else first * 60 + (second or 0))
