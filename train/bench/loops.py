"""The two loops on the same model, pictures, batch and LoRA, timed, and their table."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator
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


@dataclass(kw_only=True, slots=True)
class Loop:
    """A loop under measurement: ``step`` makes one optimiser step; seconds per step of each turn; GiB at its peak."""

    name: str
    step: Callable[[], object]
    seconds: list[float]
    peak: float = 0.0

    @property
    def median(self) -> float:
        """Seconds per step."""
        return statistics.median(self.seconds)


def compare(setting: Setting) -> str:
    """Time all loops; the table, in Markdown."""
    dataset = write_dataset(setting.work / "data", setting.size)
    folder = _folder(setting)
    makers = [
        ("plain loop, as the script's defaults", lambda: _reference(setting, folder, dataset, cached=False)),
        ("plain loop, its --cache_latents", lambda: _reference(setting, folder, dataset, cached=True)),
        ("ours, caches", lambda: _ours(setting, folder, dataset, "auto")),
    ]
    if not setting.gpu:
        makers.insert(2, ("ours, encoding in every step", lambda: _ours(setting, folder, dataset, "off")))
    done = _alone(setting, makers) if setting.gpu else _in_turns(setting, makers)
    return _table(setting, folder, done)


def _folder(setting: Setting) -> BaseFolder:
    place = setting.work / "kontext"
    if not setting.gpu:
        return find_folder(str(write_folder(place, SMALL)))
    write_folder(place, FULL, transformer=False)
    return RandomFolder(source=place, kind="kontext", asked="random weights", transformer=FULL.transformer)


def _in_turns(setting: Setting, makers: list[tuple[str, Callable[[], Callable[[], object]]]]) -> list[Loop]:
    loops = [Loop(name=name, step=make(), seconds=[]) for name, make in makers]
    for loop in loops:
        loop.step()
    for _ in range(setting.turns):
        for loop in loops:
            loop.seconds.append(_timed(loop.step, setting.steps))
    return loops


def _alone(setting: Setting, makers: list[tuple[str, Callable[[], Callable[[], object]]]]) -> list[Loop]:
    """One after the other: two 12-billion-parameter models do not fit beside each other."""
    loops = []
    for name, make in makers:
        torch.cuda.reset_peak_memory_stats()
        loop = Loop(name=name, step=make(), seconds=[])
        loop.step()
        loop.seconds += [_timed(loop.step, setting.steps) for _ in range(setting.turns)]
        loop.peak = torch.cuda.max_memory_allocated() / 2**30
        loop.step = lambda: None
        loops.append(loop)
        gc.collect()
        torch.cuda.empty_cache()
    return loops


def _timed(step: Callable[[], object], steps: int) -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return (time.perf_counter() - start) / steps


def _ours(setting: Setting, folder: BaseFolder, dataset: Dataset, cache: str) -> Callable[[], object]:
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
    return lambda: next(steps)


def _reference(setting: Setting, folder: BaseFolder, dataset: Dataset, *, cached: bool) -> Callable[[], object]:
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
    return lambda: loop.step(next(count))


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
    columns = ["loop", "s/step", "ours / this"] + (["peak GiB", f"share of {_PEAK_TFLOPS} TFLOP/s"] if setting.gpu else [])
    rows = []
    for loop in loops:
        row = [loop.name, f"{loop.median:.3f}", f"{ours.median / loop.median:.2f}"]
        if setting.gpu:
            # Of the plain loop's longer text the FLOPs are others; its share would compare nothing.
            share = f"{costs.step_flops / loop.median / 1e12 / _PEAK_TFLOPS:.0%}" if loop is ours else "–"
            row += [f"{loop.peak:.1f}", share]
        rows.append(row)
    lines = [columns, ["---"] * len(columns), *rows]
    return head + "\n".join("| " + " | ".join(line) + " |" for line in lines)
