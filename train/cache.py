"""``python -m train.cache --shards manifests/ --base DIR``: encode beforehand what a run will need, so that training loads no encoder.

It takes the flags of train.run, which does the same at its start for what is missing. Processes that torchrun starts, and
any others that fill the same folder at the same time, share the work.
"""

from __future__ import annotations

import gc
import signal
import sys
from functools import partial

import torch

from cat_dataset.command import note, reported
from cat_dataset.errors import Preempted, Stopped, UsageError
from cat_dataset.interrupt import GentleInterrupt
from cat_dataset.manifests import Dataset, open_dataset
from train.bases.choose import DEFAULTS, open_base, resolve
from train.bases.folder import BaseFolder
from train.bases.frozen import FrozenBase
from train.bases.interface import Base
from train.config import TrainConfig, parse_config
from train.data.encoded import Caches, cache_place, lend_vae
from train.data.feed import held_out_pairs, training_pairs
from train.data.loader import default_threads
from train.data.needs import FrameKeys, Shown, frames, sentences
from train.data.prepass import fill_caches
from train.launched import launched
from train.measure import HeldOut
from train.objective.consistency import is_second

_SHOWN = 64
"""Held-out pairs whose sentences are kept beside those that validation measures."""


def main(arguments: list[str] | None = None) -> None:
    """Command line entry; see ``--help``."""
    with reported("--debug" in (sys.argv if arguments is None else arguments)):
        config, _ = parse_config(arguments, prog="train.cache", does="Encode the pictures and sentences of a run beforehand.")
        here = launched(meet=False)
        rank, world = here.rank, here.world
        torch.set_num_threads(config.threads or default_threads())
        if torch.cuda.is_available():
            torch.cuda.set_device(here.local)
        folder, _ = resolve(config.base)
        dataset = open_dataset(config.shards)
        try:
            caches = prepare(config, dataset, folder, rank=rank, world=world, interrupt=GentleInterrupt("chunk")) if folder else None
        except Preempted as stop:
            return note(str(stop))
        if caches is None:
            raise UsageError(f"--base {config.base} --cache {config.data.cache} keeps nothing; name a base's folder, and no --cache off")
        if rank == 0:
            print(f"{caches.cache} holds {len(caches.latents)} frames and {len(caches.texts)} sentences")


def open_for_training(
    config: TrainConfig,
    dataset: Dataset,
    folder: BaseFolder | None,
    *,
    rank: int = 0,
    world: int = 1,
    interrupt: GentleInterrupt | None = None,
) -> Base:
    """The base that a run trains, its caches filled before. With caches it has no text encoders; its VAE is for validation alone."""
    caches = None
    if folder is None:
        cache_place(config.data, "nano", dataset)
    else:
        caches = prepare(config, dataset, folder, rank=rank, world=world, interrupt=interrupt)
    base = open_base(folder, size=config.size, seed=config.seed, encoders=caches is None, options=config.bases)
    if caches:
        assert isinstance(base, FrozenBase)
        base.token_rms = caches.token_rms
        if not lend_vae(base) and rank == 0:
            note("the VAE's files are gone: there will be no validation")
    return base


def prepare(
    config: TrainConfig,
    dataset: Dataset,
    folder: BaseFolder,
    *,
    rank: int = 0,
    world: int = 1,
    interrupt: GentleInterrupt | None = None,
) -> Caches | None:
    """The caches of a run with all that it will need; None where it encodes as it goes.

    What is missing is encoded by a base that is let go of again.

    Raises:
        Stopped: a signal was noted; finished chunks are kept.
    """
    place = cache_place(config.data, folder.kind, dataset)
    if place is None:
        return None
    caches = Caches(place, folder, folder.dtype(config.bases), config.size or FrozenBase.SIZE)
    shown, said = needs(config, dataset, folder.kind)
    missing = len(caches.latents.missing(shown)), len(caches.texts.missing(said))
    if any(missing) or not caches.described:
        base = open_base(folder, size=config.size, transformer=False, options=config.bases)
        fill_caches(caches, base, dataset, shown, said, rank=rank, world=world, check=partial(_check, interrupt))
        del base
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
    return caches


def _check(interrupt: GentleInterrupt | None) -> None:
    if interrupt and interrupt.wanted:
        kind = Preempted if interrupt.signal == signal.SIGTERM else Stopped
        raise kind("stopped while filling the caches; what is finished is kept: give the same command again to go on")


def needs(config: TrainConfig, dataset: Dataset, base: str) -> tuple[dict[str, Shown], list[str]]:
    """The frames that a run's training pairs can show, by key, and the sentences that it will ask for, validation's too."""
    options = config.adapter
    index = training_pairs(dataset, options, config.data, config.seed)
    held_out = held_out_pairs(dataset, options, config.seed)
    batch, steps = config.batch or DEFAULTS[base].batch, config.max_steps or DEFAULTS[base].max_steps
    said = {""} | sentences(index, options, map(index.pair, range(steps * batch)))
    said |= sentences(held_out, options, map(held_out.pair, range(_SHOWN)))
    if options.says_numbers:
        seconds = (step for step in range(steps) if is_second(config.objective, config.seed, step))
        onward = (index.onward(index.pair(i)) for step in seconds for i in range(step * batch, (step + 1) * batch))
        said |= sentences(index, options, onward)
        measured = HeldOut(dataset, held_out.split, FrozenBase.SIZE)
        for name in set(index.attributes) & set(measured.series.values()):
            trials = measured.trials(name, config.running.validate_pairs, options)
            said |= {part for trial in trials for part in trial.instruction.parts}
    return frames(dataset, index, FrameKeys(dataset)), sorted(said)


if __name__ == "__main__":
    main()
