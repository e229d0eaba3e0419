"""Who sees whom in joint attention.

Numeric tokens do not see each other; everything else sees everything (the prose of NumeriKontrol, section 3.3. Its Eq. 6
read literally cuts numbers off from the image altogether, and then they have no effect at all).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def joint_mask(numeric: Sequence[int], text: Sequence[int], image_tokens: int, device: torch.device | None = None) -> Tensor | None:
    """Boolean mask [B, 1, S, S], true where a query (row) sees a key (column); None where every entry would be true.

    Args:
        numeric: numeric tokens of each sample; the sequence holds ``max(numeric)`` places for them, first.
        text: text tokens of each sample; ``max(text)`` places follow.
        image_tokens: tokens of picture and reference, the rest of the sequence.
    """
    places, words = max(numeric), max(text)
    total = places + words + image_tokens
    if places <= 1 and min(numeric) == places and min(text) == words:
        return None
    index = torch.arange(total, device=device)
    is_number = index < places
    mask = ~(is_number[:, None] & is_number[None, :])
    counts = torch.tensor(list(numeric), device=device)[:, None]
    lengths = torch.tensor(list(text), device=device)[:, None]
    present = torch.where(is_number, index < counts, (index < places + lengths) | (index >= places + words))
    batch = mask[None] & present[:, None, :]
    # A query that sees nothing would be NaN in softmax: everyone sees itself, padding included.
    return (batch | torch.eye(total, dtype=torch.bool, device=device)).unsqueeze(1)
