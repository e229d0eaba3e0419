"""``python -m train.run --shards manifests/``: train a base to edit by numbers."""

from __future__ import annotations

import dataclasses
import re
import sys
from pathlib import Path

import cv2
import torch

from cat_dataset.attributes import attribute
from cat_dataset.command import reported
from cat_dataset.errors import UsageError
from cat_dataset.instructions import build, example
from cat_dataset.interrupt import GentleInterrupt
from cat_dataset.manifests import open_dataset
from train.bases.choose import DEFAULTS, open_base, resolve
from train.config import TrainConfig, parse_config
from train.data.loader import default_threads
from train.running.checkpoint import checkpoints
from train.running.loop import Trainer


def main(arguments: list[str] | None = None) -> None:
    """Command line entry; see ``--help``."""
    with reported("--debug" in (sys.argv if arguments is None else arguments)):
        config, _ = parse_config(arguments)
        train(config, GentleInterrupt("step"))


def train(config: TrainConfig, interrupt: GentleInterrupt | None = None) -> Path:
    """Run a training from its configuration; returns the run folder."""
    torch.set_num_threads(config.threads or default_threads())
    cv2.setNumThreads(1)
    dataset = open_dataset(config.shards)
    folder, why = resolve(config.base)
    config = settle(config, folder.kind if folder else "nano")
    run = run_folder(config, folder.kind if folder else "nano")
    base = open_base(folder, size=config.size, seed=config.seed)
    print(f"{why}; {config.max_steps} steps of {config.batch} pairs; writing to {run}", flush=True)
    trainer = Trainer(config, dataset, base, run, interrupt)
    last = trainer.run()
    instruction = build(example(attribute(trainer.index.attributes[0])))
    print(f"done: {last}\nedit with: cat-edit PICTURE '{instruction}' --adapter {run}", flush=True)
    return run


def settle(config: TrainConfig, base: str) -> TrainConfig:
    """The configuration with the base's defaults in the places left open."""
    defaults = DEFAULTS[base]
    rate = config.optimising.learning_rate or defaults.learning_rate
    return dataclasses.replace(
        config,
        max_steps=config.max_steps or defaults.max_steps,
        batch=config.batch or defaults.batch,
        optimising=dataclasses.replace(config.optimising, learning_rate=rate),
    )


def run_folder(config: TrainConfig, base: str) -> Path:
    """Where the run writes.

    Raises:
        UsageError: the folder named holds a run already and ``resume`` is off.
    """
    if config.out:
        run = Path(config.out).expanduser()
        if not config.resume and checkpoints(run):
            raise UsageError(f"{run} holds a run already; add --resume to go on with it, or choose another --out")
        return run
    runs = [p for p in Path("runs").glob(f"{base}-*") if re.fullmatch(rf"{base}-\d+", p.name)] if Path("runs").is_dir() else []
    numbers = sorted(int(p.name.rsplit("-", 1)[1]) for p in runs)
    if config.resume:
        begun = [n for n in numbers if checkpoints(Path("runs") / f"{base}-{n:03d}")]
        if not begun:
            raise UsageError(f"no run of base {base} in runs/ has a checkpoint to resume from; run without --resume")
        return Path("runs") / f"{base}-{begun[-1]:03d}"
    return Path("runs") / f"{base}-{(numbers[-1] if numbers else 0) + 1:03d}"


if __name__ == "__main__":
    main()
