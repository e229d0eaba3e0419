"""Selective activation checkpointing: some transformer blocks are computed again in the backward pass instead of remembered.

Gradients are those of a plain backward pass. Recomputing all blocks costs a third of the step's time, so no more are
recomputed than memory asks for.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from train.optimising.memory_options import MemoryOptions

KEPT_VECTORS = 15
"""Activations that one block keeps per token, in vectors of the model's width: 14.9 measured over FLUX.1's 57 blocks with LoRA
of the base's type, attention without a stored matrix."""
WIDE_VECTORS = 21
"""The same where LoRA is float32 in a bfloat16 base: peft then keeps converted copies of what enters it."""
_RESERVE = 0.1
"""Share of the card's memory that stays free, for workspaces and fragments."""


def set_checkpointing(options: MemoryOptions, transformer: Any) -> None:
    """Let a diffusers transformer recompute the blocks that ``options`` name."""
    automatic = options.checkpointing == "auto" and next(transformer.parameters()).is_cuda
    every = 1 if options.checkpointing == "all" else options.every
    if automatic or every:
        transformer.enable_gradient_checkpointing(Recompute(transformer, every))
    else:
        transformer.disable_gradient_checkpointing()


class Recompute:
    """How a transformer calls its blocks: recomputed ones by `torch.utils.checkpoint`.

    Args:
        every: every N-th block is recomputed; 0: as few as fit into the GPU's free memory, decided at the first step and
            again when a step has more tokens than any before.
    """

    def __init__(self, transformer: nn.Module, every: int) -> None:
        self._transformer, self._every = transformer, every
        self._blocks = {id(block): number for number, block in enumerate(repeated_blocks(transformer))}
        self._tokens = 0
        self.chosen = set(range(0, len(self._blocks), every)) if every else set()

    def __call__(self, block: nn.Module, *arguments: Any) -> Any:
        """What the block returns."""
        number = self._blocks[id(block)]
        if not self._every and number == 0:
            self._choose([one for one in arguments if isinstance(one, Tensor) and one.ndim == 3])
        if number not in self.chosen:
            return block(*arguments)
        # Nothing in a block is random, so the generator's state need not be kept for the second time.
        return checkpoint(block, *arguments, use_reentrant=False, preserve_rng_state=False)

    def _choose(self, streams: list[Tensor]) -> None:
        tokens = sum(stream.shape[0] * stream.shape[1] for stream in streams[:2])
        if tokens <= self._tokens:
            return
        self._tokens = tokens
        one = block_bytes(tokens, streams[0].shape[2], streams[0].element_size(), wide_lora=self._has_wide_lora(streams[0].dtype))
        self.chosen = spread(recomputed(len(self._blocks), one, self._free()), len(self._blocks))

    def _has_wide_lora(self, dtype: torch.dtype) -> bool:
        return any(p.requires_grad and p.element_size() > dtype.itemsize for p in self._transformer.parameters())

    def _free(self) -> float:
        """Bytes for activations on the current GPU: what is free, less gradients and moments still to come, and a reserve."""
        free, total = torch.cuda.mem_get_info()
        cached = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
        fresh = [p for p in self._transformer.parameters() if p.requires_grad and p.grad is None]
        return free + cached - sum(12 * p.numel() for p in fresh) - _RESERVE * total


def repeated_blocks(transformer: nn.Module) -> list[nn.Module]:
    """The transformer's blocks, first to last."""
    names = getattr(transformer, "_repeated_blocks", None) or ()
    return [module for module in transformer.modules() if type(module).__name__ in names]


def block_bytes(tokens: int, width: int, itemsize: int, *, wide_lora: bool) -> float:
    """Estimated bytes that a block keeps for the backward pass, of all ``tokens`` of the batch together."""
    return float(tokens * width * itemsize * (WIDE_VECTORS if wide_lora else KEPT_VECTORS))


def recomputed(blocks: int, one: float, free: float) -> int:
    """How few of the ``blocks``, which keep ``one`` byte count each, must be recomputed to fit into ``free`` bytes.

    A recomputed block keeps its input alone, and one block at a time is whole again in the backward pass.
    """
    spared = one * (1 - 1 / KEPT_VECTORS)
    if blocks * one <= free:
        return 0
    return min(blocks, math.ceil(((blocks + 1) * one - free) / spared))


def spread(count: int, blocks: int) -> set[int]:
    """``count`` of the numbers 0 … blocks - 1, evenly spread."""
    return {number * blocks // count for number in range(count)}
