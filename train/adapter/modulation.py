"""Shifting the modulation of the text stream's feed-forward layers (`c_scale_mlp`, `c_shift_mlp`) by a vector of one's own.

The vector travels with every call of the transformer, in ``joint_attention_kwargs``: gradient checkpointing hands those to
each block, in the forward pass and again when it recomputes, so that neither the value nor its gradient is lost. (Kontinuous
Kontext's published code passes it beside them and drops it there: its projector then learns nothing.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, cat, nn

from cat_dataset.errors import UsageError

KEY = "modulation"
"""In ``joint_attention_kwargs``: [B, 2 D], scale then shift, D being the transformer's inner width."""


def install_modulation(transformer: Any) -> None:
    """Make the double-stream blocks of a FLUX.1 or FLUX.2 transformer heed `KEY`; without it they do what they did.

    Raises:
        UsageError: a transformer of another kind.
    """
    if hasattr(transformer, "double_stream_modulation_txt"):
        # FLUX.2's blocks share one modulation, which is made outside of them.
        _connect(transformer, transformer.double_stream_modulation_txt, _shift_flux2)
        return
    blocks = getattr(transformer, "transformer_blocks", ())
    if not len(blocks) or not all(hasattr(block, "norm1_context") for block in blocks):
        raise UsageError("conditioning kontinuous needs a base with FLUX's double-stream blocks; take conditioning numeric")
    for block in blocks:
        _connect(block, block.norm1_context, _shift_flux1)


def _connect(caller: nn.Module, maker: nn.Module, shift: Callable[[Any, Tensor], Any]) -> None:
    """Let ``maker``'s output be shifted by what the call of ``caller`` around it was given."""
    given: dict[str, Tensor] = {}

    def take(value: Any) -> Any:
        if not isinstance(value, dict) or KEY not in value:
            return value
        given[KEY] = value[KEY]
        return {name: item for name, item in value.items() if name != KEY}  # a copy: recomputing needs the original

    def enter(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        given.clear()
        return tuple(take(value) for value in args), {name: take(value) for name, value in kwargs.items()}

    def made(_: nn.Module, __: Any, output: Any) -> Any:
        return shift(output, given.pop(KEY)) if given else output

    caller.register_forward_pre_hook(enter, with_kwargs=True)
    maker.register_forward_hook(made)


def _shift_flux1(output: tuple[Tensor, ...], vector: Tensor) -> tuple[Tensor, ...]:
    """Of `AdaLayerNormZero`: (normed, gate_msa, shift_mlp, scale_mlp, gate_mlp)."""
    normed, gate_msa, shift_mlp, scale_mlp, gate_mlp = output
    scale, shift = vector.to(scale_mlp.dtype).chunk(2, dim=-1)
    return normed, gate_msa, shift_mlp + shift, scale_mlp + scale, gate_mlp


def _shift_flux2(output: Tensor, vector: Tensor) -> Tensor:
    """Of `Flux2Modulation`: [B, 6 D], shift, scale and gate of attention, then of the feed-forward layer."""
    scale, shift = vector.to(output.dtype).chunk(2, dim=-1)
    parts = list(output.chunk(6, dim=-1))
    parts[3], parts[4] = parts[3] + shift, parts[4] + scale
    return cat(parts, dim=-1)
