"""Frozen linears whose weights rest in eight bits (float8 e4m3, one scale per row) and compute in the input's type.

diffusers' layerwise casting keeps the weights as small between steps, but within one autograd holds on to every cast copy
until the backward pass: in training the transformer is there in full once more. Here the backward pass casts anew, and
saves eight bits only.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

STORED = torch.float8_e4m3fn


class Float8Linear(nn.Linear):
    """What becomes of an `nn.Linear` in `store_float8`: weight [out, in] float8, scale [out] float32."""

    compute_dtype: torch.dtype
    """peft makes LoRA's weights of this type."""

    def forward(self, input: Tensor) -> Tensor:
        """As `nn.Linear`."""
        out: Tensor = _Product.apply(input, self.weight, self.scale)  # type: ignore[no-untyped-call]
        return out if self.bias is None else out + self.bias


def store_float8(module: nn.Module, dtype: torch.dtype) -> None:
    """Turn the frozen linears in ``module``'s blocks into `Float8Linear`; those of norms, embeddings and the output stay.

    Args:
        dtype: that inputs and LoRA will be of.
    """
    for name, linear in list(module.named_modules()):
        if type(linear) is not nn.Linear or "transformer_blocks." not in name or "norm" in name:
            continue
        weight = linear.weight.data.float()
        scale = weight.abs().amax(dim=1).clamp_min(1e-12) / torch.finfo(STORED).max
        linear.weight = nn.Parameter((weight / scale[:, None]).to(STORED), requires_grad=False)
        linear.register_buffer("scale", scale, persistent=False)
        linear.__class__ = Float8Linear
        linear.compute_dtype = dtype  # type: ignore[assignment]


class _Product(torch.autograd.Function):
    """x Wᵀ with W = scale · weight, differentiable in x alone."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, scale: Tensor) -> Tensor:
        ctx.save_for_backward(weight, scale)
        return functional.linear(x, weight.to(x.dtype)) * scale.to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        weight, scale = ctx.saved_tensors
        gradient = gradients[0] * scale.to(gradients[0].dtype)
        return gradient @ weight.to(gradient.dtype), None, None
