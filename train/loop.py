"""The training loop: flow matching on online pairs, resumable to the bit.

Noise, times, crops and pairs are functions of (seed, step), so a resumed run repeats what the undisturbed one would have
done: on one machine with one thread count it ends with the same bytes.
"""

from __future__ import annotations

import json
import math
import platform
import time
from pathlib import Path
from typing import Any

import diffusers
import torch
import yaml
from torch import Tensor, nn

from cat_dataset.attributes import TASKS, attribute
from cat_dataset.command import warn
from cat_dataset.errors import AdapterError, RunFailed, Stopped
from cat_dataset.files import folder_lock, write_bytes
from cat_dataset.interrupt import GentleInterrupt
from cat_dataset.manifests import Dataset
from cat_dataset.pairs import PairIndex
from cat_dataset.progress import Progress
from cat_dataset.sheets import save_png, sheet
from train.base import Base
from train.bases import ADAPTER_SCHEMA
from train.checkpoint import averaged, checkpoints, load_checkpoint, save_checkpoint
from train.config import TrainConfig
from train.data import Batch, BatchLoader
from train.sampler import DEFAULT_STEPS, edit_pictures

_SHOWN = 8


class Trainer:
    """One run: ``Trainer(...).run()``. ``config`` must have its open choices filled in (see `settle`)."""

    def __init__(self, config: TrainConfig, dataset: Dataset, base: Base, run: Path, interrupt: GentleInterrupt | None = None) -> None:
        self.config, self.base, self.folder, self.interrupt = config, base, run, interrupt
        self.index = PairIndex(
            dataset,
            split="train",
            seed=config.seed,
            attributes=config.attributes or None,
            zero_share=config.zero_share,
            plain=config.plain,
            mirror=config.mirror,
        )
        self.fingerprint = self.index.fingerprint()
        self.loader = BatchLoader(dataset, self.index, size=base.size, batch=config.batch, crop=config.crop, cache_mb=config.cache_mb)
        self.parameters: dict[str, nn.Parameter] = {
            f"{module}.{name}": p for module, m in base.modules().items() for name, p in m.named_parameters() if p.requires_grad
        }
        self.average: dict[str, Tensor] = {name: p.detach().clone() for name, p in self.parameters.items()}
        self.optimizer = torch.optim.AdamW(
            self.parameters.values(), lr=config.learning_rate, betas=(0.9, 0.95), weight_decay=config.weight_decay
        )
        self.shown = self._held_out(dataset)

    def run(self) -> Path:
        """Train up to ``max_steps``; returns the last checkpoint folder."""
        with folder_lock(self.folder):
            return self._run()

    def _run(self) -> Path:
        first = self._resume() if self.config.resume else 0
        write_bytes(self.folder / "config.yaml", yaml.safe_dump(self.config.as_dict(), sort_keys=True).encode())
        self._trim_log(first)
        self._saved = time.monotonic()
        progress = Progress("train", self.config.max_steps, "steps")
        progress.skip(first)
        loss, done = 0.0, first
        for batch in self.loader.steps(first, self.config.max_steps):
            loss = self._step(batch)
            done = batch.step + 1
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
        source = self.base.to_latents(batch.sources)
        target = self.base.to_latents(batch.targets)
        generator = torch.Generator().manual_seed(_mix(self.config.seed, batch.step))
        noise = torch.randn(target.shape, generator=generator).to(target)
        t = self.base.timesteps(torch.randn(len(target), generator=generator), target.shape[1]).to(target)
        wide = t[:, None, None]
        noisy = (1 - wide) * target + wide * noise
        condition = self.base.condition(batch.instructions, 2 * target.shape[1])
        predicted = self.base.velocity(noisy, source, t, condition, self.base.grid(self.base.size, self.base.size))
        # The factor t turns the velocity's error into the clean picture's: (v - v̂) t = x̂0 - x0.
        loss = (((predicted - (noise - target)) * wide) ** 2).mean()
        if not torch.isfinite(loss):
            raise RunFailed(f"the loss became {loss.item()} at step {batch.step}; resume with a smaller --learning-rate")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.parameters.values(), self.config.clip)
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate(batch.step)
        self.optimizer.step()
        self._update_average(batch.step)
        return float(loss.detach())

    def _rate(self, step: int) -> float:
        """Linear warm-up, then a cosine from the peak to a twentieth of it."""
        if step < self.config.warmup:
            return self.config.learning_rate * (step + 1) / self.config.warmup
        share = (step - self.config.warmup) / max(1, self.config.max_steps - self.config.warmup)
        return self.config.learning_rate * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, share))))

    @torch.no_grad()
    def _update_average(self, step: int) -> None:
        keep = min(self.config.ema, (1 + step) / (10 + step)) if self.config.ema else 0.0
        for name, parameter in self.parameters.items():
            self.average[name].lerp_(parameter, 1 - keep)

    def _held_out(self, dataset: Dataset) -> Batch:
        """The pairs whose edits are logged: from the validation split, else test, else train."""
        filled = set(dataset.series["split"])
        split = next(name for name in ("validation", "test", "train") if name in filled)
        if split == "train":
            warn("the dataset has no held-out split: the logged pictures are of training pairs, and train.evaluate has nothing to measure")
        index = PairIndex(dataset, split=split, seed=self.config.seed, zero_share=0.0, plain=self.config.plain)
        return BatchLoader(dataset, index, size=self.base.size, batch=_SHOWN, crop=1.0, cache_mb=64).make(0)

    def _pictures(self, step: int) -> None:
        with averaged(self.parameters, self.average):
            edits = edit_pictures(self.base, self.shown.sources, self.shown.instructions, steps=DEFAULT_STEPS)
        captions = [", ".join(attribute(e.attribute).spell_delta(e.delta) for e in pair.edits) for pair in self.shown.pairs]
        picture = sheet(
            [self.shown.sources, self.shown.targets, edits], row_names=("source", "ground truth", "edit"), captions=captions, side=128
        )
        save_png(self.folder / "pictures" / f"step_{step:06d}.png", picture)

    def _save(self, step: int) -> Path:
        adapter = {
            "schema": ADAPTER_SCHEMA,
            "base": self.base.name,
            "base_folder": self.config.base if self.base.name == "kontext" else None,
            "plain": self.config.plain,
            "rank": self.config.rank,
            "size": self.base.size,
            "step": step,
            "tasks": {name: attribute(name).task for name in self.index.attributes},
            "versions": {"torch": torch.__version__, "diffusers": diffusers.__version__, "python": platform.python_version()},
        }
        tasks = {a.name: {"task": task, "unit": a.unit, "scale": a.scale.name, "span": a.span} for task, a in TASKS.items()}
        return save_checkpoint(
            self.folder,
            step,
            about={"adapter.json": adapter, "tasks.json": tasks},
            base=self.base,
            parameters=self.parameters,
            average=self.average,
            optimizer=self.optimizer,
            state={"pairs": self.fingerprint, "batch": self.config.batch},
        )

    def _resume(self) -> int:
        found = checkpoints(self.folder)
        if not found:
            raise AdapterError(f"{self.folder} has no checkpoint to resume from; run without --resume")
        state = load_checkpoint(found[-1], self.parameters, self.average, self.optimizer)
        if state.get("pairs") != self.fingerprint or state.get("batch") != self.config.batch:
            raise AdapterError(
                f"{found[-1]} was trained on other pairs (dataset, --seed, --batch, --attributes, --zero-share, --mirror, --plain); "
                "give the same ones, or start a new run with another --out"
            )
        return int(state["step"])

    def _log(self, entry: dict[str, Any]) -> None:
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


def _mix(seed: int, step: int) -> int:
    """A 63-bit seed for one step: SplitMix64's finaliser over both numbers."""
    z = (seed * 0x9E3779B97F4A7C15 + step + 1) * 0x9E3779B97F4A7C15 & (1 << 64) - 1
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
    z = (z ^ z >> 27) * 0x94D049BB133111EB & (1 << 64) - 1
    return (z ^ z >> 31) >> 1
