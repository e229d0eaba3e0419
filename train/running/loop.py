"""The training loop: flow matching on online pairs, resumable to the bit.

Noise, times, crops and pairs are functions of (seed, pair number), so a resumed run repeats what the undisturbed one would
have done: on one machine with one thread count it ends with the same bytes. Step s is always the same pairs, whatever the
number of processes, so a run may go on with another number of them.
"""

from __future__ import annotations

import json
import math
import platform
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import diffusers
import torch
import yaml
from accelerate import Accelerator
from torch import Tensor, nn

from cat_dataset.attributes import attribute
from cat_dataset.command import warn
from cat_dataset.errors import AdapterError, RunFailed, Stopped, UsageError
from cat_dataset.files import folder_lock, write_bytes
from cat_dataset.interrupt import GentleInterrupt
from cat_dataset.manifests import Dataset
from cat_dataset.pairs import Pair, PairIndex
from cat_dataset.progress import Progress
from cat_dataset.sheets import save_png, sheet
from train.adapter.files import save_adapter
from train.bases.interface import Base
from train.config import TrainConfig
from train.data.loader import Batch, BatchLoader
from train.data.texts import TextMemory
from train.model import EditModel
from train.objective.flow import add_noise, draw_noise, losses, times
from train.optimising.average import Average
from train.optimising.optimisers import make_optimiser
from train.optimising.schedules import rate
from train.requests import collate
from train.running.checkpoint import checkpoints, load_checkpoint, save_checkpoint
from train.sampler import edit_pictures

_SHOWN = 8


class Trainer:
    """One run: ``Trainer(...).run()``. ``config`` must have its open choices filled in (see `train.run.settle`).

    Raises:
        UsageError: the batch cannot be shared equally by the processes and their parts.
    """

    def __init__(self, config: TrainConfig, dataset: Dataset, base: Base, run: Path, interrupt: GentleInterrupt | None = None) -> None:
        self.config, self.base, self.folder, self.interrupt = config, base, run, interrupt
        self.accelerator = Accelerator(cpu=base.device.type == "cpu")
        world = self.accelerator.num_processes
        if config.batch % (world * config.accumulate):
            raise UsageError(
                f"a batch of {config.batch} cannot be shared equally by {world} processes in {config.accumulate} parts each; "
                f"make it a multiple of {world * config.accumulate}"
            )
        self.index = PairIndex(
            dataset,
            split="train",
            seed=config.seed,
            attributes=config.data.attributes or None,
            zero_share=config.data.zero_share,
            plain=config.adapter.plain,
            mirror=config.data.mirror,
        )
        self.fingerprint = self.index.fingerprint()
        self.loader = BatchLoader(
            dataset, self.index, config.adapter, size=base.size, batch=config.batch, crop=config.data.crop, cache_mb=config.data.cache_mb,
            rank=self.accelerator.process_index, world=world,
        )  # fmt: skip
        self.texts = TextMemory(base.encode_text)
        self.model = EditModel(base, config.adapter, seed=config.seed)
        self.parameters = self.model.trained()
        self.average = Average(self.parameters, config.optimising.ema)
        self.optimiser = make_optimiser(config.optimising, list(self.parameters.values()))
        self.wrapped: nn.Module = self.accelerator.prepare(self.model) if world > 1 else self.model
        self.shown = self._held_out(dataset)

    @property
    def leads(self) -> bool:
        """Whether this process writes the files."""
        return bool(self.accelerator.is_main_process)

    def run(self) -> Path:
        """Train up to ``max_steps``; returns the last checkpoint folder."""
        with folder_lock(self.folder) if self.leads else nullcontext():
            return self._run()

    def _run(self) -> Path:
        first = self._resume() if self.config.resume else 0
        if self.leads:
            write_bytes(self.folder / "config.yaml", yaml.safe_dump(self.config.as_dict(), sort_keys=True).encode())
            self._trim_log(first)
        self._saved = time.monotonic()
        progress = Progress("train", self.config.max_steps, "steps")
        progress.skip(first)
        loss, done = 0.0, first
        self.model.train()
        for batch in self.loader.steps(first, self.config.max_steps):
            loss = self._step(batch)
            done = batch.step + 1
            if self.leads:
                progress.advance(note=f"loss {loss:.4f}")
            if done % self.config.log_every == 0 or done == self.config.max_steps:
                self._log({"step": done, "loss": loss, "learning_rate": self._rate(batch.step)})
            if done % self.config.pictures_every == 0 or done == self.config.max_steps:
                self._pictures(done)
            if done < self.config.max_steps and self._is_due(done):
                self._save(done)
                self._saved = time.monotonic()
            if self.interrupt and self.interrupt.wanted:
                self._save(done)
                raise Stopped(f"stopped at step {done}, which is kept; go on with the same flags and --out {self.folder} --resume")
        progress.close(f"loss {loss:.4f}" if done > first else "")
        return self._save(done)

    def _is_due(self, done: int) -> bool:
        """Whether to keep a checkpoint now: by count of steps, or because the last one is old."""
        return done % self.config.checkpoint_every == 0 or time.monotonic() - self._saved > 60 * self.config.checkpoint_minutes

    def _step(self, batch: Batch) -> float:
        self.optimiser.zero_grad(set_to_none=True)
        share = len(batch.pairs) // self.config.accumulate
        total = torch.zeros(())
        for start in range(0, len(batch.pairs), share):
            last = start + share >= len(batch.pairs)
            with nullcontext() if last else self.accelerator.no_sync(self.wrapped):
                each = self._losses(batch, slice(start, start + share))
                (each.mean() / self.config.accumulate).backward()  # type: ignore[no-untyped-call]
            total += each.detach().mean().cpu() / self.config.accumulate
        nn.utils.clip_grad_norm_(self.parameters.values(), self.config.optimising.clip)
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate(batch.step)
        self.optimiser.step()
        self.average.update(batch.step)
        return float(self.accelerator.reduce(total, "mean")) if self.accelerator.num_processes > 1 else float(total)

    def _losses(self, batch: Batch, part: slice) -> Tensor:
        """[b]: the loss of each pair of a part of the batch.

        Raises:
            RunFailed: one is not finite; names the pairs.
        """
        source, target = self.base.to_latents(batch.sources[part]), self.base.to_latents(batch.targets[part])
        pairs = batch.pairs[part]
        noise, normal = draw_noise(self.config.seed, [pair.index for pair in pairs], target.shape[1:])
        t = times(self.config.objective, self.base, normal, target.shape[1]).to(target)
        noisy = add_noise(target, t, noise.to(target))
        request = collate(batch.instructions[part], self.texts).to(self.base.device)
        grid = self.base.grid(self.base.size, self.base.size)
        predicted = self.wrapped(noisy.x, source, t, request, grid, self.base.training_guidance)
        found = losses(self.config.objective, self.base, predicted, noisy)
        if not torch.isfinite(found).all():
            raise RunFailed(_diverged(batch.step, pairs, found))
        return found

    def _rate(self, step: int) -> float:
        return rate(self.config.optimising, step, self.config.max_steps)

    def _held_out(self, dataset: Dataset) -> Batch:
        """The pairs whose edits are logged: from the validation split, else test, else train."""
        filled = set(dataset.series["split"])
        split = next(name for name in ("validation", "test", "train") if name in filled)
        if split == "train":
            warn("the dataset has no held-out split: the logged pictures are of training pairs, and train.evaluate has nothing to measure")
        index = PairIndex(dataset, split=split, seed=self.config.seed, zero_share=0.0, plain=self.config.adapter.plain)
        return BatchLoader(dataset, index, self.config.adapter, size=self.base.size, batch=_SHOWN, crop=1.0, cache_mb=64).make(0)

    def _pictures(self, step: int) -> None:
        if not self.leads:
            return
        with self.average.applied():
            edits = edit_pictures(self.model, self.shown.sources, self.shown.instructions, encode=self.texts)
        captions = [", ".join(attribute(e.attribute).spell_delta(e.delta) for e in pair.edits) for pair in self.shown.pairs]
        picture = sheet(
            [self.shown.sources, self.shown.targets, edits], row_names=("source", "ground truth", "edit"), captions=captions, side=128
        )
        save_png(self.folder / "pictures" / f"step_{step:06d}.png", picture)

    def _save(self, step: int) -> Path:
        about = {
            "step": step,
            "tasks": {name: attribute(name).task for name in self.index.attributes},
            "versions": {"torch": torch.__version__, "diffusers": diffusers.__version__, "python": platform.python_version()},
        }

        def adapter(folder: Path) -> None:
            with self.average.applied():
                save_adapter(folder, self.model, about)

        final = self.folder / "checkpoints" / f"step-{step:06d}"
        if self.leads:
            state = {"pairs": self.fingerprint, "batch": self.config.batch}
            save_checkpoint(final, step, adapter, self.parameters, self.average.weights, self.optimiser, state, keep=self.config.keep)
        self.accelerator.wait_for_everyone()
        return final

    def _resume(self) -> int:
        found = checkpoints(self.folder)
        if not found:
            raise AdapterError(f"{self.folder} has no checkpoint to resume from; run without --resume")
        state = load_checkpoint(found[-1], self.parameters, self.average.weights, self.optimiser)
        if state.get("pairs") != self.fingerprint or state.get("batch") != self.config.batch:
            raise AdapterError(
                f"{found[-1]} was trained on other pairs (dataset, --seed, --batch, --attributes, --zero-share, --mirror, --plain); "
                "give the same ones, or start a new run with another --out"
            )
        return int(state["step"])

    def _log(self, entry: dict[str, Any]) -> None:
        if not self.leads:
            return
        with open(self.folder / "log.jsonl", "a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry, sort_keys=True) + "\n")

    def _trim_log(self, first: int) -> None:
        """Drop lines beyond the checkpoint: their steps are run again."""
        path = self.folder / "log.jsonl"
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
        kept = [line for line in lines if 0 < _logged_step(line) <= first]
        write_bytes(path, "".join(line + "\n" for line in kept).encode())


def _logged_step(line: str) -> int:
    """The step of a line of log.jsonl; 0 for a torn one."""
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return 0


def _diverged(step: int, pairs: Sequence[Pair], found: Tensor) -> str:
    """The message of a loss that is not finite."""
    bad = [f"pair {pair.index} of {pair.series}" for pair, loss in zip(pairs, found.tolist(), strict=True) if not math.isfinite(loss)]
    return f"the loss is not finite at step {step} ({', '.join(bad)}); resume with a smaller --learning-rate"
