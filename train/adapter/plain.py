"""The baseline without numeric tokens: plain instruction editing, numbers in the sentence only."""

from __future__ import annotations

from torch import Tensor

from train.adapter.interface import Adapter, presence
from train.bases.interface import Condition
from train.requests import Request


class PlainAdapter(Adapter):
    """No parameters: words alone."""

    def forward(self, request: Request, words: Tensor) -> Condition:
        """Tokens [B, T, D]."""
        return Condition(tokens=words, pooled=request.pooled, present=presence(request, 0), numeric=0)
