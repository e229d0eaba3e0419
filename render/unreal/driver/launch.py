"""An editor of our own: started without a window, given orders by files, ended and started again at will."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cat_dataset.errors import UsageError
from cat_dataset.files import write_bytes
from render.unreal import orders
from render.unreal.driver.plan_file import Deadlines
from render.unreal.driver.watch import Condition
from render.unreal.errors import EditorFailure, EditorGone
from render.unreal.in_editor import serve_code
from render.unreal.job import Job, Rigs
from render.unreal.remote.launch import GRACE, EditorProcess

ROOT = Path(__file__).resolve().parents[3]
BEAT_EVERY_S = 2.0
START = "start.py"


class LaunchSession:
    """An UnrealEditor-Cmd whose files lie in ``folder``: its log, the script that it runs at its start, our orders.

    It needs neither remote execution nor a network. Where we are killed it ends by itself, since we beat no more.
    """

    own = True

    def __init__(self, program: Path, project: Path, folder: Path, deadlines: Deadlines) -> None:
        self.deadlines, self.folder = deadlines, folder
        script = folder.resolve() / START
        if any(letter.isspace() for letter in str(script)):
            raise UsageError(f"{script} has a blank in its path, and the editor's -ExecutePythonScript stops there; use an out without one")
        write_bytes(script, serve_code(ROOT, folder.resolve()).encode())
        self._number, self._beats, self._beaten = 0, 0, float("-inf")
        self._hurry = False
        self._beat()
        self._process = EditorProcess(program, project, folder / "editor.log", [f"-ExecutePythonScript={script}"])

    def begin(self, manifest: Path, job: Job) -> bool:
        """Order ``job``; an editor that still starts takes it later."""
        self._order(orders.render(manifest.resolve()))
        return True

    def inspect(self, report: Path, character: str, rigs: Rigs) -> None:
        """Order that what the editor has be written into the file ``report``."""
        self._order(orders.inspect(report.resolve(), character, rigs.face, rigs.body))

    def condition(self) -> Condition:
        """Whether its process lives and has taken its order."""
        self._beat()
        try:
            self._process.check()
        except EditorGone as error:
            return Condition(ended=error)
        if self._process.status is not None:
            return Condition(ended=EditorGone(f"the editor closed by itself; its log: {self._process.log}"))
        refused = orders.refusal(self.folder, self._number)
        if refused:
            return Condition(ended=EditorGone(f"the editor could not begin what it was told: {refused}; its log: {self._process.log}"))
        return Condition()

    def hurry(self) -> None:
        """It does not answer: it need not be asked to close."""
        self._hurry = True

    def close(self) -> None:
        """End it and all that it has started."""
        with suppress(EditorFailure):
            self._process.stop(0.0 if self._hurry else GRACE)

    def _order(self, order: Mapping[str, Any]) -> None:
        self._number += 1
        orders.give_order(self.folder, self._number, order)

    def _beat(self) -> None:
        if time.monotonic() - self._beaten > BEAT_EVERY_S:
            self._beats, self._beaten = self._beats + 1, time.monotonic()
            with suppress(PermissionError):  # Windows, while the editor reads it
                (self.folder / orders.DRIVER).write_text(str(self._beats), encoding="utf-8")
