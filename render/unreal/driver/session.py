"""An editor that takes one job after the other: one that runs already (attach), or one of our own (launch)."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from render.unreal.driver.plan_file import Deadlines
from render.unreal.driver.watch import Condition
from render.unreal.job import Job, Rigs


class Session(Protocol):
    """What the driver needs of an editor."""

    deadlines: Deadlines
    own: bool
    """Whether it may be ended and started again: it is ours."""

    def begin(self, manifest: Path, job: Job) -> bool:
        """Have it start ``job``, whose manifest lies in the file ``manifest``; False where it is still at work on another one.

        Raises:
            EditorFailure: it could not be told.
        """

    def inspect(self, report: Path, character: str, rigs: Rigs) -> None:
        """Have what it has written into the JSON file ``report``: engine, plugins, rigs' controls with their limits."""

    def condition(self) -> Condition:
        """What is known of it now."""

    def hurry(self) -> None:
        """Say that it is hung or gone, so that closing need not be kind."""

    def close(self) -> None:
        """Let it go: end our own, leave another's alone. Raises nothing."""
