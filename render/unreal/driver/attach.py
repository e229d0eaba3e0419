"""The editor that the user has open: told by the link what to do, never ended by us."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from cat_dataset.command import warn
from render.unreal.driver.plan_file import Deadlines
from render.unreal.driver.watch import Condition
from render.unreal.errors import CommandFailed, EditorFailure, NoMulticast
from render.unreal.in_editor import inspect_code, start_code
from render.unreal.job import AT_WORK, Job, Rigs
from render.unreal.remote.connection import EditorLink, Mode
from render.unreal.remote.discovery import the_editor
from render.unreal.remote.network import Network

ROOT = Path(__file__).resolve().parents[3]
LISTEN_S = 2.0
"""Seconds in which every editor that runs has to answer: all of them, since only one may be the one that is meant."""
RECONNECT_EVERY_S = 5.0
SHORT_S = 1.0
"""Seconds that one attempt to find a lost editor takes: the frames are looked after meanwhile, so it must not last."""


class AttachSession:
    """A link to the one running editor that has the project open. The link is for starting jobs; files tell how they go."""

    own = False

    def __init__(self, project: str | Path, version: str, deadlines: Deadlines, network: Network | None = None) -> None:
        self.deadlines = deadlines
        self._project, self._version, self._network = project, version, network or Network()
        self.editor = the_editor(project, version, min(deadlines.connect, LISTEN_S), self._network)
        self._link = EditorLink.connect(self.editor, deadlines.connect)
        self._tried = 0.0
        self._lost = False

    def begin(self, manifest: Path, job: Job) -> bool:
        """Start ``job``; a link that was lost since the last one is made anew. False while the editor does what another driver,
        or a killed run of this one, has told it.

        Raises:
            EditorFailure: it could not be told.
        """
        if not self._linked:
            self._link.reconnect(self.deadlines.connect)
        self._lost = False
        try:
            self._link.run(start_code(ROOT, manifest.resolve()), Mode.FILE, self.deadlines.start)
        except CommandFailed as error:
            if AT_WORK in str(error):
                return False
            raise
        return True

    def inspect(self, report: Path, character: str, rigs: Rigs) -> None:
        """Have what the editor has written into the file ``report``."""
        self._link.run(inspect_code(ROOT, report.resolve(), character, rigs.face, rigs.body), Mode.FILE, self.deadlines.start)

    def condition(self) -> Condition:
        """Whether the link is there; where it is not, try now and then to have it again."""
        if self._linked:
            return Condition()
        if not self._lost:
            warn(f"the link to {self.editor} is lost; going by its files while its heart beats")
            self._lost = True
        if time.monotonic() - self._tried > RECONNECT_EVERY_S:
            self._tried = time.monotonic()
            with suppress(EditorFailure, NoMulticast):
                self._link.reconnect(SHORT_S)
                warn(f"connected to {self.editor} again")
                self._lost = False
        return Condition(linked=self._linked)

    def hurry(self) -> None:
        """Nothing: it is not ours to end."""

    def close(self) -> None:
        """Let the editor go; it stays open."""
        self._link.close()

    @property
    def _linked(self) -> bool:
        return not self._link.closed
