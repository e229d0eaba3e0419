"""LoRA on a base's attention (peft)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from peft import LoraConfig
from torch import nn


def add_lora(transformer: Any, targets: Sequence[str], rank: int, seed: int) -> None:
    """Put LoRA of ``rank`` (alpha = rank, B zero) on the linears whose names end so; its weights are a function of ``seed``."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        transformer.add_adapter(LoraConfig(r=rank, lora_alpha=rank, init_lora_weights="gaussian", target_modules=list(targets)))
    for parameter in lora_parameters(transformer):
        parameter.requires_grad_(True)
        parameter.data = parameter.data.float()


def lora_parameters(transformer: nn.Module) -> list[nn.Parameter]:
    """All parameters of LoRA."""
    return [parameter for name, parameter in transformer.named_parameters() if ".lora_" in name]
