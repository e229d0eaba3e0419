"""The two loops on the same model, pictures, batch and LoRA, timed, and their table."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cat_dataset.frames import FrameReader
from cat_dataset.images import decode_rgb
from cat_dataset.manifests import Dataset
from cat_dataset.pairs import PairIndex
from train.adapter.lora import add_lora
from train.bases.folder import BaseFolder, find_folder
from train.bases.frozen import TEXT_TOKENS
from train.bench.data import write_dataset
from train.bench.random_folder import FULL, SMALL, RandomFolder, write_folder
from train.bench.reference import PROMPT_TOKENS, ReferenceLoop
from train.cache import open_for_training
from train.config import TrainConfig
from train.planning.costs import StepShape, transformer_costs
from train.planning.settle import settle
from train.running.distributed import Team
from train.running.loop import Trainer

_MANY = 1_000_000
_BATCHES = 4
"""Batches that the plain loop goes round in."""
_PEAK_TFLOPS = 800
"""TFLOP/s of one H100 that shares are given of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What is timed: see ``python -m train.bench --help``."""

    work: Path
    size: int
    batch: int
    rank: int
    turns: int
    steps: int
    gpu: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A loop ready to run: ``step`` makes one optimiser step, ``waited`` says the seconds that it has waited for data so far."""

    step: Callable[[], object]
    waited: Callable[[], float] | None = None


@dataclass(kw_only=True, slots=True)
class Loop:
    """What was measured of a loop: seconds per step of each turn, share of the time spent waiting for data, GiB at its peak."""

    name: str
    seconds: list[float]
    wait: float | None = None
    peak: float = 0.0

    @property
    def median(self) -> float:
        """Seconds per step."""
        return statistics.median(self.seconds)


Maker = tuple[str, Callable[[], Made]]
"""A loop's name, and how it is made."""


def compare(setting: Setting) -> tuple[list[Loop], str]:
    """Time all loops, ours with caches last; with their table, in Markdown."""
    dataset = write_dataset(setting.work / "data", setting.size)
    folder = _folder(setting)
    makers: list[Maker] = [
        ("plain loop, as the script's defaults", lambda: _reference(setting, folder, dataset, cached=False)),
        ("plain loop, its --cache_latents", lambda: _reference(setting, folder, dataset, cached=True)),
        ("ours, caches", lambda: _ours(setting, folder, dataset, "auto")),
    ]
    if not setting.gpu:
        makers.insert(2, ("ours, encoding in every step", lambda: _ours(setting, folder, dataset, "off")))
    done = _alone(setting, makers) if setting.gpu else _in_turns(setting, makers)
    return done, _table(setting, folder, done)


def _folder(setting: Setting) -> BaseFolder:
    place = setting.work / "kontext"
    if not setting.gpu:
        return find_folder(str(write_folder(place, SMALL)))
    write_folder(place, FULL, transformer=False)
    return RandomFolder(source=place, kind="kontext", asked="random weights", transformer=FULL.transformer)


def _in_turns(setting: Setting, makers: Sequence[Maker]) -> list[Loop]:
    made = [make() for _, make in makers]
    for one in made:
        one.step()
    before = [one.waited() if one.waited else 0.0 for one in made]
    loops = [Loop(name=name, seconds=[]) for name, _ in makers]
    for _ in range(setting.turns):
        for loop, one in zip(loops, made, strict=True):
            loop.seconds.append(_timed(one.step, setting.steps))
    for loop, one, start in zip(loops, made, before, strict=True):
        loop.wait = _share(setting, loop, one, start)
    return loops


def _alone(setting: Setting, makers: Sequence[Maker]) -> list[Loop]:
    """One after the other: two 12-billion-parameter models do not fit beside each other."""
    loops = []
    for name, make in makers:
        torch.cuda.reset_peak_memory_stats()
        one, loop = make(), Loop(name=name, seconds=[])
        one.step()
        before = one.waited() if one.waited else 0.0
        loop.seconds += [_timed(one.step, setting.steps) for _ in range(setting.turns)]
        loop.wait, loop.peak = _share(setting, loop, one, before), torch.cuda.max_memory_allocated() / 2**30
        loops.append(loop)
        del one
        gc.collect()
        torch.cuda.empty_cache()
    return loops


def _share(setting: Setting, loop: Loop, made: Made, before: float) -> float | None:
    """Of the measured time, the share spent waiting for data since ``before``."""
    return (made.waited() - before) / (sum(loop.seconds) * setting.steps) if made.waited else None


def _timed(step: Callable[[], object], steps: int) -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return (time.perf_counter() - start) / steps


def _ours(setting: Setting, folder: BaseFolder, dataset: Dataset, cache: str) -> Made:
    config = settle(
        TrainConfig.of(
            shards=str(dataset.manifests), base="random", size=setting.size, batch=setting.batch, rank=setting.rank, max_steps=_MANY,
            cache=cache, crop=1.0, mirror=0.0, log_every=_MANY, checkpoint_every=_MANY, checkpoint_minutes=1e6, validate_every=_MANY,
        ),
        "kontext",
    )  # fmt: skip
    base = open_for_training(config, dataset, folder)
    trainer = Trainer(config, dataset, base, setting.work / f"run-{cache}", Team(cpu=not setting.gpu))
    steps: Iterator[Any] = trainer.steps(0)
    return Made(step=lambda: next(steps), waited=lambda: trainer.feed.waited_s)


def _reference(setting: Setting, folder: BaseFolder, dataset: Dataset, *, cached: bool) -> Made:
    pipeline = folder.load(encoders=True)
    kind = folder.base_class()
    add_lora(pipeline.transformer, kind.targets(len(pipeline.transformer.single_transformer_blocks)), setting.rank, 0)
    index = PairIndex(dataset)
    reader = FrameReader(dataset)

    def pixels(rows: list[int]) -> Tensor:
        pictures = np.stack([decode_rgb(reader.read(row)) for row in rows])
        return (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1.0).to(folder.device)

    batches = [[index.pair(number * setting.batch + i) for i in range(setting.batch)] for number in range(_BATCHES)]
    with torch.no_grad():
        prompts = [
            pipeline.encode_prompt([pair.instruction for pair in pairs], None, device=folder.device, max_sequence_length=PROMPT_TOKENS)[:2]
            for pairs in batches
        ]
    pairs = [(pixels([pair.source for pair in batch]), pixels([pair.target for pair in batch])) for batch in batches]
    if setting.gpu:
        pipeline.transformer.enable_gradient_checkpointing()  # it does not fit into 80 GB otherwise
    loop = ReferenceLoop(pipeline=pipeline, pixels=pairs, prompts=prompts, cache_latents=cached)
    count = iter(range(_MANY))
    return Made(step=lambda: loop.step(next(count)))


def _table(setting: Setting, folder: BaseFolder, loops: list[Loop]) -> str:
    from diffusers import FluxTransformer2DModel

    config = (FULL if setting.gpu else SMALL).transformer
    side = setting.size // (2 * folder.vae_scale)
    shape = StepShape(batch=setting.batch, text=TEXT_TOKENS + 1, picture=2 * side**2)
    targets = folder.base_class().targets(int(config["num_single_layers"]))
    costs = transformer_costs(FluxTransformer2DModel, config, shape, targets, setting.rank)
    where = torch.cuda.get_device_name() if setting.gpu else f"CPU, {torch.get_num_threads()} torch thread(s)"
    head = (
        f"{costs.parameters / 1e6:,.0f} million parameters with random weights, {setting.size}², batch {setting.batch}, LoRA rank "
        f"{setting.rank}, {where}; median of {setting.turns} turns of {setting.steps} steps.\n\n"
    )
    ours = loops[-1]
    columns = ["loop", "s/step", "ours / this", "waits for data"] + (
        ["peak GiB", f"share of {_PEAK_TFLOPS} TFLOP/s"] if setting.gpu else []
    )
    rows = []
    for loop in loops:
        row = [loop.name, f"{loop.median:.3f}", f"{ours.median / loop.median:.2f}", "–" if loop.wait is None else f"{loop.wait:.1%}"]
        if setting.gpu:
            # Of the plain loop's longer text the FLOPs are others; its share would compare nothing.
            share = f"{costs.step_flops / loop.median / 1e12 / _PEAK_TFLOPS:.0%}" if loop is ours else "–"
            row += [f"{loop.peak:.1f}", share]
        rows.append(row)
    lines = [columns, ["---"] * len(columns), *rows]
    return head + "\n".join("| " + " | ".join(line) + " |" for line in lines)
