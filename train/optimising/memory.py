"""A model made ready for steps that fit the card and keep it busy."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch
from diffusers.models.attention_dispatch import attention_backend
from torch import nn

from cat_dataset.errors import UsageError
from train.adapter.lora import lora_parameters
from train.optimising.checkpointing import set_checkpointing
from train.optimising.memory_options import MemoryOptions

_FLASH = (("flash_attn_interface", "_flash_3"), ("flash_attn", "flash"))
"""Packages of FlashAttention, the faster one first, and what diffusers calls them."""
_GRAPHS = 64
"""Graphs that a kind of block may have; torch's own limit of 8 is met with four kinds of batches."""


def save_memory(options: MemoryOptions, transformer: nn.Module) -> None:
    """Apply all options to a transformer that has its LoRA; before any optimiser is made of its parameters.

    Raises:
        UsageError: something asked for is not at hand on this machine.
    """
    set_lora_dtype(options, transformer)
    set_attention(options, transformer)
    set_checkpointing(options, transformer)
    if options.compile == "blocks":
        compile_blocks(transformer)


def set_lora_dtype(options: MemoryOptions, transformer: nn.Module) -> None:
    """Turn LoRA's weights, in place, to the type that ``options`` name."""
    parameters = lora_parameters(transformer)
    narrow = options.lora_dtype == "bf16" or (options.lora_dtype == "auto" and any(p.is_cuda for p in parameters))
    for parameter in parameters:
        parameter.data = parameter.data.to(torch.bfloat16 if narrow else torch.float32)


def set_attention(options: MemoryOptions, transformer: Any) -> None:
    """Choose the attention kernels of a diffusers transformer, and of no other in the process.

    Raises:
        UsageError: they are not installed, or there is no GPU to run them.
    """
    if options.attention in ("auto", "native"):
        name = "native"
    elif not next(transformer.parameters()).is_cuda:
        raise UsageError(f"attention {options.attention} needs an NVIDIA GPU; leave it auto")
    elif options.attention == "cudnn":
        name = "_native_cudnn"
    else:
        found = [name for package, name in _FLASH if find_spec(package) is not None]
        if not found:
            raise UsageError("attention flash needs FlashAttention: pip install flash-attn --no-build-isolation (or leave it auto)")
        name = found[0]
    if name != "native":
        # set_attention_backend changes the default of the whole process as well; leaving the context puts that back.
        with attention_backend("native"):
            transformer.set_attention_backend(name)


def compile_blocks(transformer: Any, *, backend: str = "inductor") -> None:
    """Compile the transformer's repeated blocks, one graph for all of a kind.

    A block that cannot be one graph is an error instead of slow in silence. Batches with and without padding, and with other
    counts of numeric tokens, have graphs of their own, each compiled when it is first met.
    """
    dynamo: Any = import_module("torch._dynamo")
    dynamo.config.recompile_limit = max(dynamo.config.recompile_limit, _GRAPHS)
    transformer.compile_repeated_blocks(fullgraph=True, backend=backend)
