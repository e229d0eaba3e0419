"""What to do about a failure: try again, give the series up, refuse an input, wait for somebody else, or stop altogether."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from render.farm.inputs import Given
from render.farm.jobs import Job

Action = Literal["retry", "refuse", "postpone", "stop"]
Scope = Literal["series", "asset", "hdri", "sweep"]


@dataclass(frozen=True)
class Verdict:
    """What to do about a job. ``scope`` is what a refusal covers: this series, or all of the sweep with that input."""

    action: Action
    reason: str
    scope: Scope = "series"


def judge(job: Job, failure: Mapping[str, Any]) -> Verdict:
    """The verdict on ``failure``, as `render.blender.worker.failure_json` makes it.

    Bad input (exit status 2) stays bad however often it is tried. A failed run may do better in a fresh process.
    """
    message, kinds = str(failure.get("message")), failure.get("kinds", ())
    if "NoRoom" in kinds:
        return Verdict("stop", message)
    if failure.get("errno") in (errno.ENOSPC, errno.EDQUOT):
        return Verdict("stop", f"disk full while writing {job.folder}: free some space and run again; finished work is kept")
    if "SeriesConflict" in kinds:
        return Verdict("postpone" if "SeriesBusy" in kinds else "refuse", message)
    if failure.get("exit_code") != 2:
        return Verdict("retry", message)
    scopes: tuple[tuple[Scope, Given], ...] = (("asset", job.asset), ("hdri", job.sky))
    for scope, given in scopes:
        if given.argument in message or str(given.source) in message:
            return Verdict("refuse", message, scope)
    return Verdict("refuse", message, "sweep" if "UsageError" in kinds else "series")


def worst(verdicts: list[Verdict]) -> Verdict:
    """The verdict that decides where there are several."""
    order: dict[Action, int] = {"stop": 0, "refuse": 1, "postpone": 2, "retry": 3}
    return min(verdicts, key=lambda verdict: order[verdict.action])
