"""One neutral frame of a character, rendered twice in one job: something to look at, and the noise between equal states."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path

from cat_dataset.interrupt import GentleInterrupt
from render.unreal.driver.draws import Named
from render.unreal.driver.expansion import OURS, expand
from render.unreal.driver.frames import read_frame, staged_frame
from render.unreal.driver.plan_file import Plan
from render.unreal.driver.repeat import compare
from render.unreal.driver.series_run import BUSY_S, POLL_S
from render.unreal.driver.session import Session
from render.unreal.driver.watch import Watch
from render.unreal.job import write_job
from render.unreal.status import read_status

FOLDER = "calibration"
PICTURE = "calibration.png"


def calibrate(plan: Plan, whose: Named, session: Session, interrupt: GentleInterrupt | None) -> str:
    """Render ``whose`` at 0 twice; what came of it, in a line.

    Raises:
        EditorFailure: it cannot be rendered.
    """
    name = next(iter(plan.states))
    neutral = replace(plan, characters=(whose.path,), states={name: (0.0, plan.states[name][-1] or 1.0)}, views=1)
    folder = plan.out / OURS / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "frames").mkdir(parents=True)
    # An attempt of its own time: the status file of an earlier calibration is never this one's.
    job = next(expand(neutral)).for_run((0,), folder.resolve(), int(time.time()) % (1 << 30))
    write_job(folder / "job.json", job)
    while not session.begin(folder / "job.json", job):
        _pause(BUSY_S, interrupt)
    watch = Watch(job.sha256, session.deadlines)
    while True:
        condition = session.condition()
        status = watch.own(read_status(folder / "status.json"))
        if watch.see(status, condition, 0):
            break
        _pause(POLL_S, interrupt)
    first, again = (read_frame(Path(job.staging) / staged_frame(frame), plan.render.size) for frame in (0, 1))
    (folder / PICTURE).write_bytes(first.png)
    difference = compare(first.rgb, again.rgb)
    verdict = "LEAKS: the two should not differ like that" if difference.leaks else "alike, as they should be"
    return f"calibration frame: {folder / PICTURE}; look at it. Rendered twice: {difference}; {verdict}"


def _pause(seconds: float, interrupt: GentleInterrupt | None) -> None:
    if interrupt is not None:
        interrupt.check()
    time.sleep(seconds)
