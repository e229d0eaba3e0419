"""What FLUX-shaped bases share: position ids, LoRA's places, and how a condition reaches the attention."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from train.attention.masks import dense_mask
from train.bases.interface import Condition

ATTENTION = (
    "attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out.0",
    "attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj", "attn.to_add_out",
)  # fmt: skip
"""Ends of the names of attention's linears, text stream included: the numeric token lives there."""


def position_ids(grid: tuple[int, int], device: torch.device, *, reference: int = 1, coordinates: int = 3) -> Tensor:
    """Ids [2 N, coordinates] (0, row, column, ...) of picture, then reference, whose first coordinate is ``reference``.

    FLUX.1 Kontext has three coordinates and tells the reference by 1, FLUX.2 has four and tells it by 10.
    """
    rows, columns = grid
    y, x = torch.meshgrid(torch.arange(rows, device=device), torch.arange(columns, device=device), indexing="ij")
    none = torch.zeros_like(y)
    place = torch.stack([none, y, x, *[none] * (coordinates - 3)], dim=-1).reshape(-1, coordinates).float()
    ids = place.repeat(2, 1)
    ids[len(place) :, 0] = reference
    return ids


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
