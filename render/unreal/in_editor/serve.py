"""Takes orders from a folder, one job after the other, in an editor that was started for that.

`start` keeps the editor open after the script that called it (``-ExecutePythonScript`` closes it otherwise). It closes
when whoever has started it beats no more.
"""

from __future__ import annotations

import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

import unreal

from cat_dataset.errors import CatError
from render.unreal.in_editor import inspection, run_job
from render.unreal.orders import DRIVER, SILENT_S, read_order, refuse_order

LOOK_SECONDS = 0.5


class Server:
    """Watches the folder of orders between the editor's ticks."""

    def __init__(self, folder: Path, silent_seconds: float) -> None:
        self._folder, self._silent = folder, silent_seconds
        self._next, self._looked = 1, float("-inf")
        self._beat, self._heard = "", time.monotonic()
        self._callback: Any = unreal.register_slate_post_tick_callback(self._tick)

    def _tick(self, seconds: float) -> None:
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        if self._alone(now):
            unreal.log_warning("whoever started this editor is gone; closing")
            unreal.unregister_slate_post_tick_callback(self._callback)
            unreal.EditorPythonScripting.set_keep_python_script_alive(False)
        elif not run_job.is_busy():
            self._take()

    def _take(self) -> None:
        """Begin the next order, if it is there. One that cannot be begun is left, and the driver is told."""
        number = self._next
        try:
            order = read_order(self._folder, number)
            if order is None:
                return
            self._next += 1
            if "manifest" in order:
                run_job.start(order["manifest"])
            else:
                inspection.write(order["report"], order["character"], order["face"], order["body"])
        except Exception as error:
            unreal.log_error("".join(traceback.format_exception(error)))
            if self._next > number:
                with suppress(OSError, ValueError):
                    refuse_order(self._folder, number, str(error) if isinstance(error, CatError) else f"{type(error).__name__}: {error}")

    def _alone(self, now: float) -> bool:
        try:
            beat = (self._folder / DRIVER).read_text(encoding="utf-8")
        except OSError:  # Windows, while it is being written; or the folder is gone
            beat = self._beat
        if beat != self._beat:
            self._beat, self._heard = beat, now
        return now - self._heard > self._silent


_server: Server | None = None


def start(folder: str, silent_seconds: float = SILENT_S) -> None:
    """Watch ``folder`` (absolute) for orders from now on."""
    global _server  # noqa: PLW0603
    unreal.EditorPythonScripting.set_keep_python_script_alive(True)
    _server = Server(Path(folder), silent_seconds)
