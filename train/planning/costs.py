"""Parameters, FLOPs and memory of a training step, counted on a transformer without weights (torch's meta device).

Nothing is typed by hand: FLOPs are those of the operators that a forward and a backward pass call (matrix products and
attention; `torch.utils.flop_counter`), activations the tensors that autograd keeps. Both are linear in the number of
blocks, so three small models of the same widths give the figures of the large one exactly.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from train.adapter.lora import add_lora, lora_parameters
from train.tensors import default_dtype

_LAYERS = ("num_layers", "num_single_layers")
_SMALL = ((2, 2), (3, 2), (2, 3))
"""Blocks of the small models. The first block of a kind may be cheaper than the others, so one is not enough."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """Of one step on one device. FLOPs count a multiplication and an addition as two, without what checkpointing computes again."""

    parameters: int
    """Of the frozen transformer."""
    lora: int
    """Parameters of LoRA."""
    forward_flops: float
    step_flops: float
    """Forward and backward."""
    activations: float
    """Bytes kept for the backward pass, without checkpointing."""
    block_inputs: float
    """Bytes of the blocks' inputs: what full checkpointing keeps instead, beside one block's activations."""
    one_block: float
    """Bytes that the largest block keeps."""

    def recomputed_flops(self) -> float:
        """Forward and backward with full checkpointing: about one more forward pass."""
        return self.step_flops + self.forward_flops


@dataclass(frozen=True, kw_only=True, slots=True)
class StepShape:
    """Tokens and type of a step's activations."""

    batch: int
    text: int
    """Numeric and text tokens."""
    picture: int
    """Tokens of picture and reference together."""
    dtype: torch.dtype = torch.bfloat16


def transformer_costs(cls: Any, config: Mapping[str, Any], shape: StepShape, targets: Sequence[str], rank: int) -> Costs:
    """Of the diffusers transformer class ``cls`` with ``config``, LoRA of ``rank`` on ``targets``."""
    whole = [int(config[name]) for name in _LAYERS]
    small = [_measure(cls, {**config, **dict(zip(_LAYERS, layers, strict=True))}, shape, targets, rank) for layers in _SMALL]

    def total(name: str) -> float:
        base, *more = (float(measured[name]) for measured in small)
        return base + sum((one - base) * (count - 2) for one, count in zip(more, whole, strict=True))

    per_kind = [measured["activations"] - small[0]["activations"] for measured in small[1:]]
    return Costs(
        parameters=int(total("parameters")),
        lora=int(total("lora")),
        forward_flops=total("forward"),
        step_flops=total("step"),
        activations=total("activations"),
        block_inputs=small[0]["stream"] * sum(whole),
        one_block=max(per_kind),
    )


def _measure(cls: Any, config: Mapping[str, Any], shape: StepShape, targets: Sequence[str], rank: int) -> dict[str, float]:
    with torch.device("meta"), default_dtype(shape.dtype):
        plain = {name: value for name, value in config.items() if not name.startswith("_")}
        model: nn.Module = cls(**plain).requires_grad_(False)
        model.pos_embed = _Nowhere(int(config["attention_head_dim"]))
        if rank:
            add_lora(model, targets, rank, 0)
        for parameter in lora_parameters(model):
            parameter.data = parameter.data.to(shape.dtype)
        model.train()
        parameters = sum(p.numel() for p in model.parameters())
        lora = sum(p.numel() for p in lora_parameters(model))
        with FlopCounterMode(display=False) as counter:
            output = model(**_inputs(model, config, shape))[0]
            forward = counter.get_total_flops()
            output.sum().backward()
            step = counter.get_total_flops()
        with _FlashAttention(), _kept(model, shape) as kept:
            model(**_inputs(model, config, shape))
    width = int(config["num_attention_heads"]) * int(config["attention_head_dim"])
    stream = shape.batch * (shape.text + shape.picture) * width * shape.dtype.itemsize
    return {
        "parameters": parameters - lora,
        "lora": lora,
        "forward": forward,
        "step": step,
        "activations": sum(kept.values()),
        "stream": stream,
    }


def _inputs(model: nn.Module, config: Mapping[str, Any], shape: StepShape) -> dict[str, Any]:
    """Empty arguments of a forward pass. The tokens want a gradient, as those of a trained projector do."""
    axes = len(config["axes_dims_rope"])
    given = {
        "hidden_states": torch.empty(shape.batch, shape.picture, config["in_channels"], dtype=shape.dtype),
        "encoder_hidden_states": torch.empty(shape.batch, shape.text, config["joint_attention_dim"], dtype=shape.dtype, requires_grad=True),
        "timestep": torch.empty(shape.batch),
        "img_ids": torch.empty(shape.picture, axes),
        "txt_ids": torch.empty(shape.text, axes),
        "return_dict": False,
    }
    if "pooled_projections" in inspect.signature(model.forward).parameters:
        given["pooled_projections"] = torch.empty(shape.batch, config["pooled_projection_dim"], dtype=shape.dtype)
    if config.get("guidance_embeds"):
        given["guidance"] = torch.empty(shape.batch)
    return given


class _Nowhere(nn.Module):
    """Rotary embeddings of the right shape: the real ones are computed on a device with numbers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self._width = width

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """cos and sin [S, head width]."""
        return torch.empty(len(ids), self._width), torch.empty(len(ids), self._width)


class _Flash(torch.autograd.Function):
    """Attention that keeps what flash kernels keep: queries, keys, values and output, not the S × S weights."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        output = torch.empty_like(query)
        ctx.save_for_backward(query, key, value, output)
        return output

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
        return gradients[0], gradients[0], gradients[0]


class _FlashAttention(TorchFunctionMode):
    """Inside, scaled dot product attention is `_Flash`."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is nn.functional.scaled_dot_product_attention:
            given = [*args, *(kwargs[name] for name in ("query", "key", "value") if name in kwargs)]
            return _Flash.apply(*given[:3])  # type: ignore[no-untyped-call]
        return func(*args, **kwargs)


@contextmanager
def _kept(model: nn.Module, shape: StepShape) -> Iterator[dict[int, int]]:
    """Bytes of the tensors that autograd keeps, each storage once, weights left out."""
    weights = {p.untyped_storage()._cdata for p in model.parameters()}
    kept: dict[int, int] = {}
    alive = []

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in weights:
            kept[storage._cdata] = storage.nbytes()
            alive.append(storage)  # a freed one's address would be given to the next
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        yield kept
