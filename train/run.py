"""``python -m train.run --shards manifests/``: train a base to edit by numbers."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import cv2
import torch

from cat_dataset.attributes import attribute
from cat_dataset.command import note, reported
from cat_dataset.errors import InputError, Preempted, UsageError
from cat_dataset.instructions import build, example
from cat_dataset.interrupt import GentleInterrupt
from cat_dataset.manifests import open_dataset
from train.bases.choose import resolve
from train.cache import open_for_training
from train.config import TrainConfig, parse_config
from train.data.loader import default_threads
from train.planning.plan import make_plan
from train.planning.settle import check_team, settle
from train.running.checkpoint import checkpoints
from train.running.distributed import Team, world_size
from train.running.log import check_loggers
from train.running.loop import Trainer
from train.running.settings import check_settings

_ECHO_S = 5.0
"""Torchrun passes on within this time what a terminal or a scheduler has sent to all its processes already."""


def main(arguments: list[str] | None = None) -> None:
    """Command line entry; see ``--help``."""
    with reported("--debug" in (sys.argv if arguments is None else arguments)):
        config, plan = parse_config(arguments)
        if plan:
            return print_plan(config)
        try:
            train(config, GentleInterrupt("step", echo_s=_ECHO_S if world_size() > 1 else 0.0))
        except Preempted as stop:
            note(str(stop))


def train(config: TrainConfig, interrupt: GentleInterrupt | None = None) -> Path:
    """Run a training from its configuration; returns the run folder.

    Under torchrun (or ``accelerate launch``) every process calls it.
    """
    torch.set_num_threads(config.threads or default_threads())
    cv2.setNumThreads(1)
    check_loggers(config.running.log_to)
    team = Team(cpu=config.base in ("auto", "nano") or not torch.cuda.is_available(), sharding=config.running.sharding)
    dataset = team.together(lambda: open_dataset(config.shards))
    team.alone(lambda: resolve(config.base))  # a hub id is fetched once
    folder, why = resolve(config.base)
    kind = folder.kind if folder else "nano"
    config = settle(config, kind)
    check_team(config, team.world)
    run = Path(team.told(lambda: str(run_folder(config, kind))))
    if config.resume:
        team.together(lambda: check_settings(run, config))
    base = team.together(lambda: open_for_training(config, dataset, folder, rank=team.rank, world=team.world, interrupt=interrupt))
    if team.leads:
        print(f"{why}; {config.max_steps} steps of {config.batch} pairs{_spread(config, team)}; writing to {run}", flush=True)
    trainer = Trainer(config, dataset, base, run, team, interrupt)
    last = trainer.run()
    if team.leads:
        instruction = build(example(attribute(trainer.index.attributes[0])))
        print(f"done: {last}\nedit with: cat-edit PICTURE '{instruction}' --adapter {run}", flush=True)
    return run


def print_plan(config: TrainConfig) -> None:
    """Print what ``config`` would do, cost and lack.

    Raises:
        InputError: something is missing; the plan is printed all the same.
    """
    plan = make_plan(config, world_size())
    print(plan, flush=True)
    if plan.missing:
        raise InputError("the run cannot start yet: see what is missing above")


def _spread(config: TrainConfig, team: Team) -> str:
    if team.world == 1:
        return ""
    return f", on {team.world} processes ({'DDP' if config.running.sharding == 'none' else 'FSDP2'})"


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
