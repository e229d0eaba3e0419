"""What FLUX.1-shaped bases (nano, Kontext) share: position ids and how a condition reaches the attention."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from train.attention.masks import dense_mask
from train.bases.interface import Condition


def position_ids(grid: tuple[int, int], device: torch.device) -> Tensor:
    """Ids [2 N, 3] of picture, then reference; the reference differs in the first coordinate, as in FLUX.1 Kontext."""
    rows, columns = grid
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    place = torch.stack([torch.zeros_like(y), y, x], dim=-1).reshape(-1, 3).float()
    return torch.cat([place, place + torch.tensor([1.0, 0.0, 0.0])]).to(device)


def attention_arguments(condition: Condition, image_tokens: int, mask: str) -> dict[str, Any] | None:
    """The ``joint_attention_kwargs`` that make ``condition`` seen as ``mask`` says; None where all see all.

    Args:
        image_tokens: of picture and reference together.
    """
    given: dict[str, Any] = {} if condition.modulation is None else {"modulation": condition.modulation}
    keys = None
    if condition.present is not None:
        keys = torch.cat([condition.present, condition.present.new_ones(len(condition.present), image_tokens)], dim=1)
    if mask in ("eq6", "easycontrol") and condition.numeric:
        batch, places = condition.tokens.shape[:2]
        keys = torch.ones(batch, places + image_tokens, dtype=torch.bool, device=condition.tokens.device) if keys is None else keys
        return {"attention_mask": dense_mask(mask, condition.numeric, keys), **given}
    numeric = condition.numeric if mask == "blind" and condition.numeric > 1 else 0
    if numeric or keys is not None:
        given |= {"numeric": numeric, "keys": keys}
    return given or None


def flux_shift(image_tokens: int) -> float:
    """FLUX.1's factor exp(μ); μ runs linearly from 0.5 at 256 to 1.15 at 4096 image tokens."""
    return math.exp(0.5 + (1.15 - 0.5) * (image_tokens - 256) / (4096 - 256))
