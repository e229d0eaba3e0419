"""Makes the series of a plan one after the other, and goes on whatever becomes of an editor, if it may start another one."""

from __future__ import annotations

import errno
from collections import Counter, deque
from collections.abc import Callable

from cat_dataset.errors import CatError, NoRoom, RunFailed, SeriesBusy
from cat_dataset.interrupt import GentleInterrupt
from cat_dataset.progress import Progress
from render.outcome import Report, say
from render.unreal.driver.collector import Leaking
from render.unreal.driver.expansion import Task
from render.unreal.driver.resume import Standing, failure_of, journaled
from render.unreal.driver.series_run import POLL_S, Watcher, make_series
from render.unreal.driver.session import Session
from render.unreal.errors import EditorFailure, EditorGone, EditorSilent

FAILED_STARTS = 3
"""Editors that may end in a row without a sign of any job: whatever the plan asks for, they will not do it."""

Open = Callable[[Task], Session]
"""Attaches to an editor, or starts one, for the character of a task."""


class Supervisor:
    """Sees the open series of a plan through. ``batch`` characters are made in one editor of our own; 0: all in one."""

    def __init__(
        self, standing: Standing, open_session: Open, interrupt: GentleInterrupt | None, *, tries: int, batch: int, poll: float = POLL_S
    ) -> None:
        self.report = Report(total=len(standing.finished) + len(standing.open) + len(standing.refused))
        self.report.already, self.report.failures = len(standing.finished), list(standing.refused)
        self._open, self._interrupt, self._most, self._batch, self._poll = open_session, interrupt, tries, batch, poll
        self._waiting = deque(standing.open)
        self._session: Session | None = None
        self._characters: set[str] = set()
        self._tries: Counter[str] = Counter()
        self._told: set[str] = set()
        self._failed_starts = 0
        self._progress = Progress("rendering", sum(len(task.values) for task in standing.open))
        self._progress.skip(standing.states)

    def run(self) -> Report:
        """Every series made, or set aside.

        Raises:
            CatError: nothing can go on: the disk is full, no editor starts, or the one that we do not own is lost.
            KeyboardInterrupt: Ctrl-C. `report` stands in either case.
        """
        try:
            while self._waiting:
                self._check()
                self._make(self._waiting.popleft())
        finally:
            self._leave()
        self._progress.close(self._standing())
        return self.report

    def _make(self, task: Task) -> None:
        session = self._session_for(task)
        if session is None:
            return
        committed = 0

        def note(states: int) -> None:
            nonlocal committed
            committed += states
            if states:
                self._progress.advance(states, note=self._standing())

        watcher = Watcher(note, self._check, self._poll, self._told)
        try:
            make_series(task, session, watcher)
        except (EditorFailure, Leaking) as error:
            self._failed(task, session, error, committed)
            self._count_starts(watcher.began, error)
        except SeriesBusy as error:
            self._set_aside(task, f"{error}", refused=False)
        except NoRoom:
            raise
        except CatError as error:
            self._set_aside(task, str(error), refused=error.exit_code == 2)
            if session.own and watcher.busy:  # the next job shall not wait for the rest of this one
                session.hurry()
                self._leave()
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise NoRoom(f"disk full while writing {task.folder}: free some space and run again; finished work is kept") from None
            raise
        else:
            self.report.finished += 1
            self._count_starts(True)

    def _session_for(self, task: Task) -> Session | None:
        """The editor for ``task``: a fresh one where the last has had its batch of characters."""
        full = self._batch and task.whose.path not in self._characters and len(self._characters) >= self._batch
        if self._session is not None and self._session.own and full:
            self._leave()
        if self._session is None:
            try:
                self._session = self._open(task)
            except EditorFailure as error:
                say(f"warning: {error}; trying another time")
                self._waiting.appendleft(task)
                self._count_starts(False, error)
                return None
        self._characters.add(task.whose.path)
        return self._session

    def _failed(self, task: Task, session: Session, error: EditorFailure | Leaking, committed: int) -> None:
        """A try came to a bad end. Who brought a state further may try again as often as before."""
        self._tries[task.series] = 1 if committed else self._tries[task.series] + 1
        tries, lost = self._tries[task.series], isinstance(error, EditorGone | EditorSilent)
        if lost:
            session.hurry()
            self._leave()
        if isinstance(error, Leaking) or tries >= self._most:
            self._set_aside(task, str(error), refused=False)
        else:
            there = journaled(task)
            say(f"warning: {task.series}: {error}; {f'going on after its {there} states' if there else 'trying again'}")
            self._waiting.appendleft(task)
        if lost and not session.own:
            self._waiting.clear()
            raise type(error)(f"{task.series}: {error}. Finished states are kept: see to the editor and run the same command again")
        if not lost and session.own:
            self._leave()  # whatever was wrong in there, the next job finds a fresh one

    def _count_starts(self, began: bool, error: Exception | None = None) -> None:
        """Stop where one editor after the other ends before it has begun anything.

        Raises:
            RunFailed: `FAILED_STARTS` of them did.
        """
        self._failed_starts = 0 if began else self._failed_starts + 1
        if self._failed_starts >= FAILED_STARTS:
            raise RunFailed(f"{self._failed_starts} editors in a row ended before they began anything; the last one: {error}")

    def _set_aside(self, task: Task, reason: str, refused: bool) -> None:
        self.report.failures.append(failure_of(task, reason, refused, max(1, self._tries[task.series])))
        say(f"warning: {task.series} is set aside: {reason}")

    def _leave(self) -> None:
        if self._session is not None:
            self._session.close()
        self._session = None
        self._characters = set()

    def _check(self) -> None:
        if self._interrupt is not None:
            self._interrupt.check()

    def _standing(self) -> str:
        aside = f", {len(self.report.failures)} set aside" if self.report.failures else ""
        return f"{self.report.finished + self.report.already}/{self.report.total} series{aside}"
