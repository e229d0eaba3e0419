"""Runs jobs on workers of this machine, and goes on whatever becomes of a worker."""

from __future__ import annotations

import queue
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cat_dataset.errors import CatError, InputError, RunFailed, UsageError
from cat_dataset.interrupt import GentleInterrupt
from cat_dataset.progress import Progress
from render.farm import machine
from render.farm.confirmed import Confirmed
from render.farm.dealing import Deck
from render.farm.jobs import Job
from render.farm.options import Options
from render.farm.others import Others
from render.farm.patience import Patience
from render.farm.process import Worker
from render.farm.report import failure_of
from render.farm.slot import Slot
from render.farm.verdicts import Verdict, judge, worst
from render.outcome import Report, say

TICK_S = 0.5
AT_A_TIME = 100
"""Finished series that are settled before workers are listened to again."""
FAILED_STARTS, KILLED_STARTS = 3, 20
"""Workers that may end in a row before any is ready: by themselves, or because somebody (short of memory?) kills them."""


class Supervisor:
    """Owns the workers of one machine. ``run`` may be called once."""

    def __init__(self, jobs: Sequence[Job], options: Options, interrupt: GentleInterrupt | None = None) -> None:
        self.report = Report(total=len(jobs))
        self._options, self._interrupt = options, interrupt
        self._command = machine.blender_command(options.blender)
        self._pins = [machine.pinned(slot, options.workers, options.gpus_per_worker) for slot in range(options.workers)]
        self._threads = options.threads or (None if options.gpus_per_worker else machine.threads_each(options.workers))
        self._memory = machine.memory_each(options.workers) if options.recycle_bytes is None else options.recycle_bytes
        self._deck, self._others, self._confirmed = Deck(jobs), Others(), Confirmed()
        self._numbers = {job.series: number for number, job in enumerate(jobs)}
        self._slots = [Slot(number) for number in range(options.workers)]
        self._events: queue.SimpleQueue[tuple[Worker, dict[str, Any] | None]] = queue.SimpleQueue()
        self._patience = Patience(options.hang_timeout)
        self._tries: Counter[str] = Counter()
        self._rendered: Counter[str] = Counter()
        self._refused: dict[tuple[str, str], str] = {}
        self._warned: set[str] = set()
        self._failed_starts = 0
        self._fatal: CatError | None = None
        self._stopping = self._hurry = False
        self._progress = Progress("rendering", sum(job.frames for job in jobs))

    def run(self) -> Report:
        """Render every job that can be rendered.

        Raises:
            CatError: nothing can go on (disk full, no worker starts). KeyboardInterrupt: Ctrl-C; frames begun were finished.
            `report` stands in either case.
        """
        with tempfile.TemporaryDirectory(prefix="cat-render-", ignore_cleanup_errors=True) as scratch:
            try:
                while self._work_remains():
                    self._deal(Path(scratch))
                    self._hear()
                    if self._events.empty():
                        self._watch()
            finally:
                for slot in self._slots:
                    slot.leave()
                for slot in self._slots:
                    if slot.worker is not None:
                        slot.worker.bury()
        self._progress.close(self._standing())
        if self._fatal is not None:
            raise self._fatal
        if self._stopping:
            raise KeyboardInterrupt
        return self.report

    def _work_remains(self) -> bool:
        if not self._stopping and (self._fatal is not None or (self._interrupt is not None and self._interrupt.wanted)):
            self._stopping = True
            for slot in self._slots:
                if slot.worker is not None and slot.job is not None:
                    slot.worker.stop_after_frame()
                else:
                    slot.leave()
        busy = any(slot.worker is not None and (slot.job is not None or self._stopping) for slot in self._slots)
        return busy or (not self._stopping and bool(len(self._deck) or len(self._others)))

    # Dealing

    def _deal(self, scratch: Path) -> None:
        """Give every idle slot a job, starting workers where there are none."""
        if self._stopping:
            return
        for job in self._others.due():
            self._deck.add(job)
        for slot in self._slots:
            if slot.idle:
                self._occupy(slot, scratch)

    def _occupy(self, slot: Slot, scratch: Path) -> None:
        job = self._next_job(slot)
        if job is None:
            return
        if slot.worker is None:
            self._deck.give_back(slot.number, job)
            environment = {"PYTHONPATH": machine.python_path()} if self._command[1] == "-m" else {}
            environment |= self._pins[slot.number]
            slot.seat(Worker(self._command, environment, scratch / f"worker{slot.number}", self._events))
        else:
            slot.begin(self._numbers[job.series], job, self._threads)

    def _next_job(self, slot: Slot) -> Job | None:
        """The next job that needs a worker; those that do not are settled on the way."""
        for _ in range(AT_A_TIME):
            job = self._deck.take(slot.number)
            if job is None:
                break
            reason = self._refused.get((job.sweep.key, job.asset.argument)) or self._refused.get((job.sweep.key, job.sky.argument))
            reason = reason or self._refused.get((job.sweep.key, ""))
            if reason is not None:
                self._give_up(job, reason, refused=True)
            elif job.is_there() and self._confirmed.knows(job):
                self._settle(job, already=True)
            else:
                return job
        self._hurry = len(self._deck) > 0
        return None

    # Listening

    def _hear(self) -> None:
        """Take in what workers say, waiting a moment for it."""
        try:
            worker, message = self._events.get(timeout=0.001 if self._hurry else TICK_S)
        except queue.Empty:
            return
        slot = next((slot for slot in self._slots if slot.worker is worker), None)
        if slot is None:
            return
        if message is None:
            self._ended(slot)
        elif "warning" in message:
            if message["warning"] not in self._warned:
                self._warned.add(message["warning"])
                say(message["warning"])
        elif "ready" in message:
            self._began(slot, message)
        elif slot.job is not None and message.get("job") == self._numbers[slot.job.series]:
            self._frame(slot, slot.job) if "frame" in message else self._done(slot, slot.job, message)

    def _began(self, slot: Slot, message: dict[str, Any]) -> None:
        slot.ready, slot.heard, self._failed_starts = True, time.monotonic(), 0
        if self._options.gpus_per_worker and message.get("device") == "cpu":
            self._fatal = UsageError(
                f"Blender finds no GPU in worker {slot.number} ({', '.join(f'{k}={v}' for k, v in self._pins[slot.number].items())}); "
                "check the driver, or leave out --gpus-per-worker to render on the CPU"
            )

    def _frame(self, slot: Slot, job: Job) -> None:
        if slot.frames:
            self._patience.saw_frame(slot.silent_s)
        slot.frames += 1
        slot.heard = time.monotonic()
        self._rendered[job.series] += 1
        self._progress.advance(note=self._standing())

    def _done(self, slot: Slot, job: Job, message: dict[str, Any]) -> None:
        frames, slot.job, slot.heard = slot.frames, None, time.monotonic()
        if self._stopping:
            slot.leave()  # it was told to stop after a frame that was the series' last
        slot.series += 1
        failures = message.get("failures") or []
        if failures:
            self._carry_out(slot, job, worst([judge(job, failure) for failure in failures]), frames)
        elif job.is_there():
            self._confirmed.learn(job)
            self._settle(job, already=not message.get("finished"))
        else:
            self._give_up(job, "its asset or sky has changed since the plan was expanded; run the same command again", refused=True)
        self._recycle(slot, int(message.get("memory") or 0), tainted=any(one.get("exit_code") != 2 for one in failures))

    def _ended(self, slot: Slot) -> None:
        """A worker is gone, by itself or by us."""
        assert slot.worker is not None
        how = slot.worker.bury()
        reason, job, frames = slot.fault or how, slot.job, slot.frames
        failed_to_start = not slot.ready and not slot.leaving
        slot.worker, slot.job, slot.ready = None, None, False
        if self._stopping:
            return
        if job is not None:
            self._carry_out(slot, job, Verdict("retry", reason), frames)
        elif failed_to_start:
            self._failed_to_start(slot, reason, bad_input="status 2" in how, killed="SIGKILL" in how and slot.fault is None)

    def _failed_to_start(self, slot: Slot, reason: str, *, bad_input: bool, killed: bool) -> None:
        """Try again a little later, but not for ever."""
        self._failed_starts += 1
        if bad_input or self._failed_starts >= (KILLED_STARTS if killed else FAILED_STARTS):
            self._fatal = (UsageError if bad_input else RunFailed)(f"no worker can be started: {reason}")
        slot.rest_until = time.monotonic() + min(0.1 * 2**self._failed_starts, 30.0)

    # Judging

    def _carry_out(self, slot: Slot, job: Job, verdict: Verdict, frames: int) -> None:
        if verdict.action == "stop":
            self._fatal = InputError(verdict.reason)
        elif verdict.action == "refuse":
            if verdict.scope != "series":
                of = {"asset": job.asset.argument, "hdri": job.sky.argument, "sweep": ""}[verdict.scope]
                self._refused[job.sweep.key, of] = verdict.reason
            self._give_up(job, verdict.reason, refused=True)
        elif verdict.action == "postpone":
            limit = self._patience.limit(0)
            if self._others.add(job) > limit:
                self._others.forget(job)
                self._give_up(job, f"{verdict.reason}, and has got no further for {limit:.0f} s", refused=False)
        else:
            self._retry(slot, job, verdict.reason, frames)

    def _retry(self, slot: Slot, job: Job, reason: str, frames: int) -> None:
        """Try again, unless that has brought no frame more too often."""
        self._tries[job.series] = 1 if frames else self._tries[job.series] + 1
        if self._tries[job.series] > self._options.retries:
            self._give_up(job, reason, refused=False)
        else:
            say(f"warning: {job.series}: {reason}; trying it again in a fresh worker")
            self._deck.give_back(slot.number, job)

    def _give_up(self, job: Job, reason: str, *, refused: bool) -> None:
        self.report.failures.append(failure_of(job, reason, refused, max(1, self._tries[job.series])))
        self._progress.total -= job.frames - self._rendered[job.series]

    def _settle(self, job: Job, *, already: bool) -> None:
        self.report.already += already
        self.report.finished += not already
        self._progress.skip(job.frames - self._rendered[job.series])

    # Ending workers

    def _recycle(self, slot: Slot, memory: int, tainted: bool) -> None:
        """Replace a worker after enough series, with too much memory, or after a failure that may have left traces."""
        enough = self._options.recycle_series and slot.series >= self._options.recycle_series
        if slot.worker is not None and (enough or tainted or (self._memory and memory > self._memory)):
            slot.leave()

    def _watch(self) -> None:
        """End workers of which nothing was heard for too long."""
        for slot in self._slots:
            if slot.worker is None or slot.fault is not None or slot.idle:
                continue
            limit = self._patience.limit(slot.frames if slot.job else 0)
            if slot.silent_s > limit:
                slot.fault = f"Blender hung: no frame for {limit:.0f} s"
                slot.worker.kill()

    def _standing(self) -> str:
        failed = f", {len(self.report.failures)} not possible" if self.report.failures else ""
        return f"{self.report.finished + self.report.already}/{self.report.total} series{failed}"
