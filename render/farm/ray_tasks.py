"""The executor ``ray``: chunks of a plan as Ray tasks."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from cat_dataset.errors import RunFailed, UsageError
from render.farm import machine
from render.farm.chunks import Done, Lost, run_chunk
from render.farm.jobs import Job
from render.farm.options import Options

NO_CLUSTER = "no Ray cluster can be reached"


class Ray:
    """Connects to the cluster at ``address``, or to the one that RAY_ADDRESS names, or starts one on this machine."""

    def __init__(self, options: Options, address: str | None) -> None:
        try:
            import ray
        except ImportError:
            raise UsageError("--executor ray needs Ray; pip install 'cat-dataset[cluster]'") from None
        self.at_once = options.workers
        self._ray, self._options = ray, options
        _knock(address)
        environment = {"env_vars": {"PYTHONPATH": machine.python_path()}}
        try:
            ray.init(address=address, runtime_env=environment, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise UsageError(f"{NO_CLUSTER}: {' '.join(str(error).split())[:300]}; check --ray-address") from None
        # A task that dies with its node is submitted again by us: Ray would not count how far it came.
        self._task = ray.remote(run_chunk).options(num_cpus=options.threads or 1, num_gpus=options.gpus_per_worker, max_retries=0)

    def submit(self, chunks: Sequence[Sequence[Job]]) -> list[Any]:
        """One task for each chunk."""
        return [self._task.remote(list(chunk), self._options, str(Path.cwd()), signals=False) for chunk in chunks]

    def result(self, handle: Any) -> Done | None:
        """What the task returned."""
        ready, _ = self._ray.wait([handle], timeout=0)
        if not ready:
            return None
        try:
            done: Done = self._ray.get(handle)
        except self._ray.exceptions.RayTaskError as error:
            raise RunFailed(
                f"a Ray task failed: {' '.join(str(error.cause).split())[:300]}; is cat-dataset installed on all nodes?"
            ) from None
        except self._ray.exceptions.RayError as error:
            raise Lost(f"its Ray task was lost ({type(error).__name__})") from None
        return done

    def cancel(self, handles: Sequence[Any]) -> None:
        """Kill the tasks; their Blenders end with them."""
        for handle in handles:
            with suppress(Exception):
                self._ray.cancel(handle, force=True)

    def close(self) -> None:
        """Leave the cluster."""
        self._ray.shutdown()


def _knock(address: str | None) -> None:
    """See that somebody listens at HOST:PORT: Ray itself would try for a minute and then end the process.

    Raises:
        UsageError: nobody does.
    """
    found = re.fullmatch(r"([^/:]+):(\d{1,5})", address or "")
    if found is None:
        return
    try:
        socket.create_connection((found[1], int(found[2])), timeout=10).close()
    except (OSError, OverflowError) as error:
        raise UsageError(f"{NO_CLUSTER} at {address} ({error}); check --ray-address") from None
