"""One long-lived Blender that renders series after series, as `render.farm` tells it: orders on stdin, news on stdout.

    blender -b -P render/blender/worker.py
    python -m render.blender.worker

An order is a JSON line ``{"job": 7, "script": "rotate", "argv": ["--asset", ...]}``. News are JSON lines behind `MARK`
(Blender prints of its own): ``{"ready": "5.0.1", "device": "cpu"}`` once, ``{"job": 7, "frame": 3}`` after each committed
frame, ``{"job": 7, "finished": 1, "already": 0, "failures": [...], "memory": bytes}`` at the end of a job. When stdin ends,
nobody waits for the frames any more: the process leaves at once, whatever it is doing.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from pathlib import Path
from typing import Any

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cat_dataset.command import INTERRUPTED, reported
from cat_dataset.errors import CatError
from cat_dataset.interrupt import GentleInterrupt
from render.blender import quiet
from render.blender.arguments import require_blender
from render.blender.program import run

MARK = b"@cat-render "
SCRIPTS = ("rotate", "translate", "light", "camera", "environment", "material", "deform", "people")
"""The sweeps, by the names of their modules: an order can name no other."""


def main() -> None:
    """Render what is ordered until stdin ends."""
    channel = os.dup(1)
    quiet.silence_blender()
    sys.stdout = sys.stderr  # what our code prints goes to the log
    with reported():
        _die_with_parent()
        interrupt = GentleInterrupt()
        orders = _Orders()
        require_blender()
        worker = _Worker(channel, interrupt)
        while (order := orders.next()) is not None:
            worker.perform(order)
            orders.busy.clear()


class _Orders:
    """Reads stdin on a thread, so that its end is noticed while Blender renders."""

    def __init__(self) -> None:
        self.busy, self._ended = threading.Event(), threading.Event()
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def next(self) -> dict[str, Any] | None:
        """The next order; None at the end of stdin. The caller clears ``busy`` when it is done with it."""
        line = self._waiting.get()
        self.busy.set()
        return None if line is None or self._ended.is_set() else json.loads(line)

    def _read(self) -> None:
        for line in sys.stdin.buffer:
            self._waiting.put(line)
        self._ended.set()
        self._waiting.put(None)
        if self.busy.is_set():
            os._exit(INTERRUPTED)


class _Worker:
    """Performs orders in one Blender."""

    def __init__(self, channel: int, interrupt: GentleInterrupt) -> None:
        import bpy

        from render.blender.picture import engine
        from render.blender.sweeping.session import Session

        self._channel, self._job = channel, -1
        self._session = Session(interrupt, self._on_frame)
        self._tell(ready=bpy.app.version_string, device=engine.choose_device("auto"))

    def perform(self, order: dict[str, Any]) -> None:
        """Render one job, and say what came of it."""
        self._job = int(order["job"])
        finished = already = 0
        failures: list[BaseException]
        try:
            script = sweep_module(str(order["script"]))
            flags = script.parser().parse_args([str(argument) for argument in order["argv"]])
            outcome = self._session.render(script.sweep_of(flags), flags)
            finished, already, failures = outcome.finished, outcome.already, list(outcome.failures)
        except (CatError, OSError, MemoryError) as error:
            failures = [error]
        except Exception as error:
            failures = [error]
            print(f"internal error: {type(error).__name__}: {error}", file=sys.stderr)
        self._tell(
            job=self._job, finished=finished, already=already, failures=[failure_json(error) for error in failures], memory=resident_bytes()
        )

    def _on_frame(self, _series: str, frame: int, _frames: int) -> None:
        self._tell(job=self._job, frame=frame)

    def _tell(self, **news: Any) -> None:
        line = MARK + json.dumps(news).encode() + b"\n"
        while line:
            line = line[os.write(self._channel, line) :]


def sweep_module(name: str) -> Any:
    """The module of the sweep called ``name``, one of `SCRIPTS`."""
    import importlib

    if name not in SCRIPTS:
        raise ValueError(f"no sweep is called {name!r}")
    return importlib.import_module(f"render.blender.{name}")


def failure_json(error: BaseException) -> dict[str, Any]:
    """What the other side needs to know of an error. ``kinds`` are the names of its class and of those it derives from."""
    return {
        "kinds": [kind.__name__ for kind in type(error).__mro__[:-2]],
        "message": " ".join(str(error).split())[:2000] or type(error).__name__,
        "exit_code": error.exit_code if isinstance(error, CatError) else 1,
        "errno": error.errno if isinstance(error, OSError) else None,
    }


def resident_bytes() -> int:
    """Memory of this process; its peak where the present amount cannot be had; 0 where neither can."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        pass
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _die_with_parent() -> None:
    """Have Linux kill this process with its parent: a Blender hung in C code cannot notice the end of stdin."""
    if sys.platform != "linux":
        return
    import ctypes
    import signal

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


if __name__ == "__main__":
    run(main)
