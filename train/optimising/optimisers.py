"""The optimiser that some options name."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import torch
from torch import nn

from cat_dataset.errors import UsageError
from train.optimising.masters import MasterWeights, master_of
from train.optimising.options import OptimisingOptions

_PRODIGY_RATE = 1.0


def make_optimiser(options: OptimisingOptions, model: nn.Module) -> torch.optim.Optimizer:
    """A fresh optimiser of what ``model`` trains; its rate is set before every step.

    Parameters of 16 bits get float32 masters (`train.optimising.masters`).

    Raises:
        UsageError: its library is not installed.
    """
    groups = _groups(model, options.weight_decay)
    masters = {p: master_of(p) for group in groups for p in group["params"]}
    groups = [{**group, "params": [masters[p] for p in group["params"]]} for group in groups]
    inner = _make(options, groups)
    return inner if all(p is master for p, master in masters.items()) else MasterWeights(inner, masters)


def default_rate(options: OptimisingOptions, base_rate: float) -> float:
    """The peak rate: the one asked for, else the optimiser's own, else the base's."""
    return options.learning_rate or (_PRODIGY_RATE if options.optimiser == "prodigy" else base_rate)


def _make(options: OptimisingOptions, groups: Sequence[dict[str, Any]]) -> torch.optim.Optimizer:
    betas, eps = (options.beta1, options.beta2), options.eps
    rate = default_rate(options, 1e-4)
    if options.optimiser == "adamw":
        fused = all(p.is_cuda for group in groups for p in group["params"])
        return torch.optim.AdamW(groups, lr=rate, betas=betas, eps=eps, fused=fused or None)
    made: torch.optim.Optimizer
    if options.optimiser == "adamw8bit":
        made = _library("bitsandbytes", options.optimiser).optim.AdamW8bit(groups, lr=rate, betas=betas, eps=eps)
        return made
    # Prodigy's own default of unlimited growth is infinity, which JSON cannot hold.
    prodigy = _library("prodigyopt", options.optimiser).Prodigy
    made = prodigy(groups, lr=rate, betas=betas, eps=eps, use_bias_correction=True, safeguard_warmup=True, growth_rate=1e9)
    return made


def _library(package: str, optimiser: str) -> Any:
    try:
        return import_module(package)
    except ImportError:
        raise UsageError(f'optimiser {optimiser} needs {package}: pip install "cat-dataset[optimisers]"') from None


def _groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Matrices, which decay, and all the rest: gains, biases, embeddings (looked up, so that most rows get no gradient)."""
    looked_up = {id(p) for module in model.modules() if isinstance(module, nn.Embedding) for p in module.parameters(recurse=False)}
    trained = [p for p in model.parameters() if p.requires_grad]
    matrices = [p for p in trained if p.ndim > 1 and id(p) not in looked_up]
    others = [p for p in trained if p.ndim <= 1 or id(p) in looked_up]
    found = [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
    return [group for group in found if group["params"]]
