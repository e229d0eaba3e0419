"""The training loop: flow matching on online pairs, resumable to the bit.

Noise, times, crops and pairs are functions of (seed, pair number), so a resumed run repeats what the undisturbed one would
have done: on one machine with one thread count it ends with the same bytes. Step s is always the same pairs, whatever the
number of processes, so a run may go on with another number of them.
"""

from __future__ import annotations

import platform
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import diffusers
import torch

from cat_dataset.attributes import attribute
from cat_dataset.errors import AdapterError, Preempted, RunFailed, Stopped
from cat_dataset.files import folder_lock
from cat_dataset.images import Rgb
from cat_dataset.interrupt import GentleInterrupt
from cat_dataset.manifests import Dataset
from cat_dataset.progress import Progress
from cat_dataset.sheets import save_png
from train.bases.interface import Base
from train.config import TrainConfig
from train.data.feed import Feed
from train.data.loader import Batch
from train.model import EditModel
from train.model_files import save_adapter
from train.objective.consistency import is_second
from train.objective.step import Objective
from train.optimising.average import Average
from train.optimising.masters import full_precision
from train.optimising.memory import save_memory
from train.optimising.optimisers import make_optimiser
from train.optimising.schedules import rate
from train.running.checkpoint import Checkpoint, checkpoint_folder, checkpoints, read_checkpoint, save_checkpoint
from train.running.distributed import Team
from train.running.exchange import Told, exchange
from train.running.log import RunLog
from train.running.settings import keep_settings
from train.running.speed import Speed
from train.running.state import TrainingState, holding
from train.running.step import Stepper, clip, diverged
from train.running.validation import Validation


class Trainer:
    """One run: ``Trainer(...).run()``. ``config`` must have its open choices filled in (see `train.planning.settle`)."""

    def __init__(
        self, config: TrainConfig, dataset: Dataset, base: Base, run: Path, team: Team, interrupt: GentleInterrupt | None = None
    ) -> None:
        self.config, self.options, self.folder, self.team, self.interrupt = config, config.running, run, team, interrupt
        self.feed, self.model, objective = team.together(lambda: self._make(dataset, base))
        self.index = self.feed.index
        wrapped = team.wrap(self.model, self.model.transformer)
        self.stepper = Stepper(base, self.feed, objective, wrapped, team, config.accumulate)
        self.parameters = self.model.trained()
        self.optimiser = make_optimiser(config.optimising, self.model)
        self.average = Average(self.parameters, config.optimising.ema, full_precision(self.optimiser, self.parameters))
        self.state = TrainingState(team, self.parameters, self.average.weights, self.optimiser)
        self.validation = team.together(
            lambda: Validation(dataset, self.feed, self.model, self.index.attributes, self.options.validate_pairs, team)
        )
        self.log: RunLog | None = None
        """In the leading process alone."""
        self._saved = 0.0

    def _make(self, dataset: Dataset, base: Base) -> tuple[Feed, EditModel, Objective]:
        config = self.config
        feed = Feed(
            dataset, base, config.adapter, config.data, seed=config.seed, batch=config.batch, rank=self.team.rank,
            world=self.team.world, second=partial(is_second, config.objective, config.seed),
        )  # fmt: skip
        model = EditModel(base, config.adapter, seed=config.seed)
        save_memory(config.memory, model.transformer)
        return feed, model, Objective(config.objective, base, config.seed, feed.encode)

    def run(self) -> Path:
        """Train up to ``max_steps``; returns the last checkpoint folder.

        Raises:
            Stopped: a signal was noted; its step is kept.
            RunFailed: a loss is not finite, or another process failed.
        """
        with ExitStack() as stack:
            self.team.alone(lambda: stack.enter_context(folder_lock(self.folder)))
            first = self._resume() if self.config.resume else 0
            self.log = self.team.alone(lambda: self._begin(first))
            if self.log:
                stack.callback(self.log.close)
            return self._run(first)

    def _run(self, first: int) -> Path:
        progress = Progress("train", self.config.max_steps, "steps") if self.team.leads else None
        if progress:
            progress.skip(first)
        speed, done = Speed(self.feed, self.model.base.device), first
        told: Told | None = None
        for done, told in self.steps(first):
            speed.step()
            if progress:
                progress.advance(note=f"loss {told.loss:.4f}")
            began = time.monotonic()
            self._report(done, told, speed)
            if done < self.config.max_steps and (told.due or done % self.options.checkpoint_every == 0):
                self._save(done)
            if progress:
                progress.pause(time.monotonic() - began)
            if told.signal:
                self._stop(done, told.signal)
        if progress:
            progress.close(f"loss {told.loss:.4f}" if told else "")
        return self._save(done)

    def steps(self, first: int) -> Iterator[tuple[int, Told]]:
        """Train from step ``first`` on: after each step how many are done, and what the processes told each other."""
        self.model.train()
        self._saved = time.monotonic()
        batches = self.feed.steps(first, self.config.max_steps)
        batch, error = _next(batches)
        self.team.settle(error)
        while batch is not None:
            step = batch.step
            losses = self.stepper.backward(batch)
            norm = clip(list(self.parameters.values()), self.config.optimising.clip)
            # The next batch is fetched while the device works, and before the row is sent that says whether that went well.
            batch, error = _next(batches)
            told = exchange(
                self.team, losses, norm, heard=self.interrupt.signal if self.interrupt else 0, failed=error is not None,
                due=self.team.leads and time.monotonic() - self._saved > 60 * self.options.checkpoint_minutes,
            )  # fmt: skip
            self._update(step, told, error)
            yield step + 1, told

    def _update(self, step: int, told: Told, error: Exception | None) -> None:
        """Step the optimiser, unless some process cannot go on."""
        if not told.finite:
            raise RunFailed(diverged(self.index, step, self.config.batch, told.losses))
        if error is not None:
            raise error
        if told.failed:
            raise RunFailed(f"process {told.failed[0]} failed, and says why")
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate(step)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.average.update(step)

    def _rate(self, step: int) -> float:
        return rate(self.config.optimising, step, self.config.max_steps)

    def _report(self, done: int, told: Told, speed: Speed) -> None:
        """Log and validate, where this step is due for it."""
        last = done == self.config.max_steps
        if self.log and (last or done % self.options.log_every == 0):
            self.log.write("log", done, {"loss": told.loss, "gradient_norm": told.norm, "learning_rate": self._rate(done - 1)})
            self.log.write("speed", done, speed.take())
        if self.feed.sees and (last or done % self.options.validate_every == 0):
            with self.average.applied():
                found = self.validation.run(lambda strip: self._show(done, strip))
                self.team.reshard(self.model)
            if self.log and found:
                self.log.write("validation", done, {"attributes": found})

    def _show(self, step: int, strip: Rgb) -> None:
        save_png(self.folder / "pictures" / f"step_{step:06d}.png", strip)
        if self.log:
            self.log.picture(step, "edits", strip)

    def _stop(self, done: int, number: int) -> None:
        self._save(done)
        kind = Preempted if number == signal.SIGTERM else Stopped
        raise kind(f"stopped at step {done}, which is kept; go on with the same flags and --out {self.folder} --resume")

    def _begin(self, first: int) -> RunLog:
        keep_settings(self.folder, self.config)
        return RunLog(self.folder, self.options.log_to, first, self.config.as_dict())

    def _save(self, step: int) -> Path:
        final = checkpoint_folder(self.folder, step)
        about = {
            "step": step,
            "tasks": {name: attribute(name).task for name in self.index.attributes},
            "versions": {"torch": torch.__version__, "diffusers": diffusers.__version__, "python": platform.python_version()},
        }
        content = self.state.gather({"step": step, "pairs": self.index.fingerprint(), "base": self.model.base.name})

        def adapter(folder: Path) -> None:
            with holding(self.model, content.average):
                save_adapter(folder, self.model, about)

        self.team.alone(lambda: save_checkpoint(final, content, adapter, keep=self.options.keep))
        self._saved = time.monotonic()
        return final

    def _resume(self) -> int:
        saved, where = self.team.together(self._last)
        self.state.restore(saved, where)
        return int(saved.state["step"])

    def _last(self) -> tuple[Checkpoint, str]:
        """The newest checkpoint and its name."""
        found = checkpoints(self.folder)
        if not found:
            raise AdapterError(f"{self.folder} has no checkpoint to resume from; run without --resume")
        saved = read_checkpoint(found[-1])
        for what, now in (("pairs", self.index.fingerprint()), ("base", self.model.base.name)):
            if saved.state.get(what) != now:
                raise AdapterError(
                    f"{found[-1]} was trained on other {what}; give the same --shards and --base, or start a new run with another --out"
                )
        return saved, str(found[-1])


def _next(batches: Iterator[Batch]) -> tuple[Batch | None, Exception | None]:
    """The next batch (None at the end), or why there is none."""
    try:
        return next(batches, None), None
    except Exception as error:
        return None, error
