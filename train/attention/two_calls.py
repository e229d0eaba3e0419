"""Joint attention in which numeric tokens do not see each other, exact and at the speed of unmasked attention.

A dense mask excludes the fast kernels. But only the m numeric queries are restricted: text and image queries see every
key and go through one unmasked call, the numeric ones through a second of m × S. Keys that are padding (batches that mix
instructions of different lengths) are masked for all, which the fast kernels allow.
"""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.attention_dispatch import AttentionBackendName, dispatch_attention_fn
from torch import Tensor


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    numeric: int = 0,
    keys: Tensor | None = None,
    dense: Tensor | None = None,
    backend: Any = None,
) -> Tensor:
    """Attention [B, S, H, D] → [B, S, H, D].

    Args:
        numeric: leading tokens that do not see each other (each sees itself and all the rest).
        keys: [B, S] bool, true where a key is no padding; None where none is.
        dense: a mask [.., S, S] that replaces both (for study).
        backend: diffusers' attention backend for calls without a mask; None is the one that is set.
    """
    if dense is not None:
        return _call(query, key, value, dense, backend)
    everyone = None if keys is None else keys[:, None, None, :]
    if numeric < 2:
        return _call(query, key, value, everyone, backend)
    blind = torch.arange(key.shape[1], device=key.device) >= numeric
    own = torch.eye(numeric, key.shape[1], dtype=torch.bool, device=key.device)
    few = (blind if everyone is None else blind & everyone) | own
    first = _call(query[:, :numeric], key, value, few.expand(1 if keys is None else len(keys), 1, -1, -1), backend)
    return torch.cat([first, _call(query[:, numeric:], key, value, everyone, backend)], dim=1)


def _call(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, backend: Any) -> Tensor:
    if mask is not None:
        # Flash backends refuse a mask, or drop it in silence.
        backend = AttentionBackendName.NATIVE
    result: Tensor = dispatch_attention_fn(query, key, value, attn_mask=mask, backend=backend)
    return result
