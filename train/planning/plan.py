"""``--plan``: what a run will do and cost, and what it lacks, before anything heavy is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from cat_dataset.errors import CatError
from cat_dataset.files import read_json
from cat_dataset.manifests import Dataset, open_dataset
from cat_dataset.pairs import PairIndex
from train.adapter.lora import lora_places
from train.adapter.options import AdapterOptions
from train.bases.choose import open_base, resolve
from train.bases.folder import BaseFolder, missing
from train.bases.frozen import TEXT_TOKENS, FrozenBase
from train.cache import needs
from train.config import TrainConfig
from train.data.encoded import Caches, cache_place
from train.data.feed import training_pairs
from train.model import EditModel
from train.planning.costs import Costs, StepShape, transformer_costs
from train.planning.known import KONTEXT_TRANSFORMER, KONTEXT_VAE_SCALE
from train.planning.settle import check_team, settle

_GIB, _TERA = 2**30, 1e12
_OPTIMISER_BYTES = {"adamw": 8, "adamw8bit": 2, "prodigy": 16}
"""State of each optimiser per trained parameter: moments, and Prodigy's two more of the same size."""
_H100 = 800
"""TFLOP/s that one H100 reaches in dense bf16 products (facts of its data sheet less a fifth)."""


@dataclass(kw_only=True, slots=True)
class Plan:
    """Lines to print, and what is missing: empty where the run can start."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def add(self, name: str, text: str) -> None:
        """One more line."""
        self.lines.append((name, text))

    def __str__(self) -> str:
        lines = [f"{name:<11} {text}" for name, text in self.lines]
        return "\n".join([*lines, *(f"{'missing':<11} {text}" for text in self.missing)])


def make_plan(config: TrainConfig, world: int) -> Plan:
    """The plan of ``config`` for ``world`` processes. Loads no weights and reads no picture."""
    plan = Plan()
    folder: BaseFolder | None = None
    try:
        folder, why = resolve(config.base, download=False)
        plan.add("base", why)
        plan.missing += missing(folder) if folder else []
        config = settle(config, folder.kind if folder else "nano")
        check_team(config, world)
    except CatError as error:
        plan.missing.append(str(error))
    index: PairIndex | None = None
    try:
        dataset = open_dataset(config.shards)
        index = training_pairs(dataset, config.adapter, config.data, config.seed)
        _describe_data(plan, config, dataset, index)
    except CatError as error:
        plan.missing.append(str(error))
    edits = index.most_edits if index else 1
    frozen = _frozen(config, folder)
    if frozen is not None:
        _describe_frozen(plan, config, frozen, edits, world)
    elif folder is None and not plan.missing:
        _describe_nano(plan, config)
    if folder is not None and index is not None and not plan.missing:
        _describe_cache(plan, config, folder, dataset)
    return plan


@dataclass(frozen=True, kw_only=True, slots=True)
class _Frozen:
    """The shape of a base that is not nano."""

    transformer: Mapping[str, Any]
    cls: type[FrozenBase]
    vae_scale: int
    dtype: torch.dtype


def _frozen(config: TrainConfig, folder: BaseFolder | None) -> _Frozen | None:
    """Of a folder that has its configuration, else of what its name says that it is; None where nothing is known."""
    if folder is None:
        if "kontext" not in config.base.lower():
            return None
        from train.bases.kontext import KontextBase

        return _Frozen(transformer=KONTEXT_TRANSFORMER, cls=KontextBase, vae_scale=KONTEXT_VAE_SCALE, dtype=torch.bfloat16)
    try:
        transformer = read_json(folder.source / "transformer" / "config.json")
        return _Frozen(transformer=transformer, cls=folder.base_class(), vae_scale=folder.vae_scale, dtype=folder.dtype(config.bases))
    except (CatError, OSError):
        return None  # it stands among what is missing


def _describe_data(plan: Plan, config: TrainConfig, dataset: Dataset, index: PairIndex) -> None:
    used = np.flatnonzero(index.usable)
    count = int(np.diff(dataset.starts)[used].sum())
    plan.add("dataset", f"{len(used)} series, {count} frames of the train split; {', '.join(index.attributes)}")
    held_out = {split: int((dataset.series["split"] == split).sum()) for split in ("validation", "test")}
    plan.add("held out", ", ".join(f"{number} series for {split}" for split, number in held_out.items()))
    pairs = config.max_steps * config.batch
    if not pairs:
        return  # the base is unknown, and with it its defaults
    plan.add("pairs", f"{config.max_steps} steps of {config.batch}: {pairs}, {pairs / count:.1f} for each training frame (epochs)")


def _describe_nano(plan: Plan, config: TrainConfig) -> None:
    base = open_base(None, size=config.size, options=config.bases)
    trained = EditModel(base, config.adapter).trained()
    rows, columns = base.grid(base.size, base.size)
    plan.add("parameters", f"{sum(p.numel() for p in trained.values()) / 1e6:.2f} million, all trained, float32")
    plan.add("tokens", f"{rows * columns} of source and noisy picture at {base.size} pixels")


def _describe_frozen(plan: Plan, config: TrainConfig, frozen: _Frozen, edits: int, world: int) -> None:
    import diffusers

    transformer = frozen.transformer
    config = settle(config, frozen.cls.name)
    cls = getattr(diffusers, "Flux2Transformer2DModel" if frozen.cls.name == "klein" else "FluxTransformer2DModel")
    numeric = _numeric_tokens(config.adapter, edits)
    size = config.size or frozen.cls.SIZE
    side = size // (2 * frozen.vae_scale)
    dtype = frozen.dtype
    share = config.batch // world // config.accumulate
    shape = StepShape(batch=share, text=numeric + TEXT_TOKENS * edits, picture=2 * side**2, dtype=dtype)
    places = lora_places(frozen.cls.targets(int(transformer["num_single_layers"])), config.adapter)
    costs = transformer_costs(cls, transformer, shape, places, config.adapter.rank)
    plan.add(
        "parameters", f"{costs.parameters / 1e6:,.1f} million frozen; LoRA of rank {config.adapter.rank}: {costs.lora / 1e6:,.1f} million"
    )
    plan.add(
        "tokens",
        f"{numeric} numeric + {TEXT_TOKENS * edits} text + {side**2} picture + {side**2} source = {shape.text + shape.picture}"
        f" at {size} pixels{f', for up to {edits} edits' if edits > 1 else ''}",
    )
    whole, again = (flops / _TERA * config.accumulate for flops in (costs.step_flops, costs.recomputed_flops()))
    plan.add(
        "step",
        f"{whole:.3g} TFLOP on each of {world} processes; at least {whole / _H100:.2g} s on an H100 ({_H100} TFLOP/s); "
        f"with all blocks recomputed {again:.3g} TFLOP",
    )
    _describe_memory(plan, config, costs, dtype)


def _describe_memory(plan: Plan, config: TrainConfig, costs: Costs, dtype: torch.dtype) -> None:
    stored = {"same": float(dtype.itemsize), "fp8": 1.0, "nf4": 0.53}[config.bases.base_weights]
    narrow = dtype == torch.bfloat16 and config.memory.lora_dtype != "fp32"
    per_weight = (2 + 2 + 4 if narrow else 4 + 4) + _OPTIMISER_BYTES[config.optimising.optimiser] + (4 if config.optimising.ema else 0)
    weights, trained = costs.parameters * stored / _GIB, costs.lora * per_weight / _GIB
    full, least = costs.activations / _GIB, (costs.block_inputs + costs.one_block) / _GIB
    plan.add(
        "memory",
        f"about {weights:.1f} GiB weights + {trained:.1f} LoRA, gradients and optimiser + {full:.1f} activations = "
        f"{weights + trained + full:.1f} GiB; {weights + trained + least:.1f} GiB with all blocks recomputed",
    )
    if torch.cuda.is_available():
        plan.add("device", f"{torch.cuda.get_device_name()}, {torch.cuda.mem_get_info()[1] / _GIB:.0f} GiB")


def _describe_cache(plan: Plan, config: TrainConfig, folder: BaseFolder, dataset: Dataset) -> None:
    """What train.run would encode before its first step."""
    place = cache_place(config.data, folder.kind, dataset)
    if place is None:
        return plan.add("cache", "off: pictures and sentences are encoded in every step")
    caches = Caches(place, folder, folder.dtype(config.bases), config.size or folder.base_class().SIZE)
    shown, said = needs(config, dataset, folder.kind)
    new = len(caches.latents.missing(shown)), len(caches.texts.missing(said))
    plan.add("cache", f"{place}: {new[0]} of {len(shown)} pictures and {new[1]} of {len(said)} sentences are still to be encoded")


def _numeric_tokens(options: AdapterOptions, edits: int) -> int:
    if options.conditioning != "numeric":
        return 0
    return edits * (2 if options.source_token else 1)
