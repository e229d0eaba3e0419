"""Who sees whom, as dense masks for study; training and editing use `train.attention.two_calls`, which needs none."""

from __future__ import annotations

import torch
from torch import Tensor


def dense_mask(kind: str, numeric: int, keys: Tensor) -> Tensor:
    """[B, 1, S, S] bool, true where a query (row) sees a key (column).

    Args:
        kind: ``blind``: numeric tokens do not see each other, everything else sees everything (NumeriKontrol, section 3.3,
            prose). ``none``: everything sees everything. ``eq6``: Eq. 6 to the letter, where numeric tokens see and are
            seen by themselves alone, so that they have no effect at all. ``easycontrol``: numeric tokens see
            themselves alone, and are seen by all (EasyControl's causal mutual mask).
        numeric: leading numeric tokens.
        keys: [B, S] bool, true where a key is no padding.
    """
    size = keys.shape[1]
    number = torch.arange(size, device=keys.device) < numeric
    row, column = number[:, None], number[None, :]
    own = torch.eye(size, dtype=torch.bool, device=keys.device)
    sees = {
        "blind": ~(row & column),
        "none": torch.ones_like(own),
        "eq6": ~row & ~column,
        "easycontrol": ~row.expand(-1, size),
    }[kind]
    # A query that sees nothing would be NaN in softmax: everyone sees itself, padding included.
    return ((sees[None] & keys[:, None, :]) | own).unsqueeze(1)
