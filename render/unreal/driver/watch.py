"""Tells apart what may become of a job in an editor: it goes on, has finished, failed, hung, crashed, or only the link is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from cat_dataset.errors import InputError
from render.unreal.driver.plan_file import Deadlines
from render.unreal.errors import EditorGone, EditorHung, EditorSilent, RenderFailed
from render.unreal.status import FINISHED, RENDERING, Status


@dataclass(frozen=True)
class Condition:
    """What is known of an editor apart from the status file. ``linked`` means nothing for one that has no link."""

    linked: bool = True
    ended: EditorGone | None = None
    """Why it is gone for certain; None while its process lives or nobody can tell."""


class Watch:
    """Looks at one job, again and again. ``clock`` gives seconds.

    ``found`` says in which editor, for messages; ``stale`` is set where a status file of another try lies in the job's place.
    """

    def __init__(self, job: str, deadlines: Deadlines, clock: Callable[[], float] = time.monotonic) -> None:
        self.job, self.deadlines, self.stale = job, deadlines, False
        self._clock = clock
        self._begun = self._beaten = self._moved = clock()
        self._beat, self._frames = -1, -1
        self._renders = False

    def own(self, status: Status | None) -> Status | None:
        """``status`` if it is this job's."""
        if status is None or status.job == self.job:
            return status
        self.stale = True
        return None

    def see(self, status: Status | None, condition: Condition, frames: int) -> bool:
        """Whether the job has finished well; ``status`` is its own, ``frames`` how many were taken in so far.

        Raises:
            InputError: it cannot be set up in this project. RenderFailed: the render queue failed. EditorGone: the editor is no
            more. EditorHung: it lives and does nothing. EditorSilent: it never began.
        """
        now = self._clock()
        if status is not None:
            if status.state == FINISHED and status.success:
                return True
            if status.ended and not status.controls:  # it never came to rendering: something in the project is not as the plan says
                raise InputError(status.error or "the editor could not set the job up and does not say why; its log may")
            if status.ended:
                raise RenderFailed(status.error or "the render queue reported failure and said nothing more; the editor's log may")
            if status.beat != self._beat:
                self._beat, self._beaten = status.beat, now
            progress = max(frames, status.frames_done)
            if progress > self._frames or (status.state == RENDERING) != self._renders:
                self._frames, self._moved, self._renders = progress, now, status.state == RENDERING
        if condition.ended is not None:
            raise condition.ended
        self._be_patient(status, condition, now)
        return False

    def _be_patient(self, status: Status | None, condition: Condition, now: float) -> None:
        limits = self.deadlines
        if status is None:
            if now - self._begun > limits.start:
                other = "; the status file there is another try's" if self.stale else ""
                raise EditorSilent(
                    f"the editor did not begin the job within {limits.start:g} s{other}; look at its log, or raise deadlines.start"
                )
            if not condition.linked and now - self._begun > limits.connect:
                raise EditorGone("the link to the editor closed before the job began: it crashed or was closed; start it again")
            return
        silent = now - self._beaten
        if not condition.linked and silent > min(limits.heartbeat, max(limits.connect, 1.0) * 2):
            raise EditorGone(f"the link to the editor is lost and it has not beaten for {silent:.0f} s: it crashed or was closed")
        if silent > limits.heartbeat:
            raise EditorHung(
                f"the editor hung: no beat for {silent:.0f} s while {status.state}; end it if it is yours, or raise deadlines.heartbeat"
            )
        if now - self._moved > limits.frame:
            raise EditorHung(
                f"the editor beats and brought no frame for {now - self._moved:.0f} s while {status.state}; raise deadlines.frame if "
                "frames take that long"
            )
