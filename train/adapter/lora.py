"""LoRA on a base's attention (peft)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict, set_peft_model_state_dict
from torch import Tensor, nn

from train.adapter.matching import check_same
from train.adapter.options import AdapterOptions

FEED_FORWARD = (
    "ff.net.0.proj", "ff.net.2", "ff_context.net.0.proj", "ff_context.net.2",
    "ff.linear_in", "ff.linear_out", "ff_context.linear_in", "ff_context.linear_out",
)  # fmt: skip
"""Ends of the names of the double blocks' feed-forward linears, in FLUX.1 and in FLUX.2."""


def lora_places(attention: Sequence[str], options: AdapterOptions) -> tuple[str, ...]:
    """Ends of the names of all linears that get LoRA, ``attention`` being a base's own."""
    return (*attention, *(FEED_FORWARD if options.lora_feed_forward else ()))


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


def save_lora(folder: Path, transformer: Any, pipeline: Any) -> None:
    """Write LoRA's weights as the base's own ``pipeline`` does, so that ``load_lora_weights`` takes them."""
    from diffusers.training_utils import _collate_lora_metadata

    metadata = _collate_lora_metadata({"transformer": transformer})
    for config in metadata.values():
        config["target_modules"] = sorted(config["target_modules"])  # peft's set has another order in every process
    pipeline.save_lora_weights(str(folder), transformer_lora_layers=get_peft_model_state_dict(transformer), **metadata)


def load_lora(transformer: Any, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Put the weights that `save_lora` wrote into a transformer that has LoRA.

    Raises:
        AdapterError: of another rank or base: ``path``, which they are from, is named. peft itself would leave out in silence
            what does not fit by name.
    """
    state = {name.removeprefix("transformer."): tensor for name, tensor in tensors.items()}
    check_same(get_peft_model_state_dict(transformer), state, path)
    set_peft_model_state_dict(transformer, state)
