"""Kontinuous Kontext (arXiv 2510.08532): an edit's strength shifts the text stream's modulation. Two forms of it.

The strength is the size of the encoded change, 0 where nothing is to change and 1 at the attribute's span; which way to go
is left to the sentence, from which the number is removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from train.adapter.interface import Adapter, presence
from train.adapter.modulation import install_modulation
from train.bases.interface import Condition
from train.requests import Request

PAPER_WIDTHS = (256, 128)
"""Between pooled text with strength and modulation, as NumeriKontrol re-implements it: 1536 → 256 → 128 → 6144 on FLUX.1."""


class KontinuousAdapter(Adapter):
    """[sin π s, cos π s] → P, joined to the pooled text [P], → layers with ReLU between → scale and shift [2 D].

    All double-stream blocks share the one vector. Of several edits it is the mean: this baseline cannot tell which number
    belongs to which edit. A base without pooled text gives the mean of its text tokens instead.

    Args:
        pooled: width P of the pooled text.
        inner: width D of the transformer.
        widths: of the layers between; None is the authors' own, 2 D three times.
    """

    def __init__(self, *, pooled: int, inner: int, widths: Sequence[int] | None = None) -> None:
        super().__init__()
        sizes = [2 * pooled, *((2 * inner,) * 3 if widths is None else widths), 2 * inner]
        self.strength = nn.Linear(2, pooled)
        layers = [nn.Linear(size, after) for size, after in pairwise(sizes)]
        self.project = nn.Sequential(*[part for layer in layers[:-1] for part in (layer, nn.ReLU())], layers[-1])

    def forward(self, request: Request, words: Tensor) -> Condition:
        """Tokens are the words'; modulation [B, 2 D]."""
        pooled = _mean(words, request.words) if request.pooled is None else request.pooled
        angle = torch.pi * request.numbers.abs()
        strength = self.strength(torch.stack([angle.sin(), angle.cos()], dim=-1))
        text = pooled.to(strength.dtype)[:, None].expand(-1, strength.shape[1], -1)
        each = self.project(torch.cat([strength, text], dim=-1))
        return Condition(
            tokens=words, pooled=request.pooled, present=presence(request, 0), numeric=0, modulation=_mean(each, request.edits)
        )

    def attach(self, transformer: nn.Module) -> None:
        """Makes the double-stream blocks heed the modulation."""
        install_modulation(transformer)


def _mean(values: Tensor, counts: Tensor) -> Tensor:
    """[B, D]: of values [B, n, D], the mean of the first ``counts`` [B]; 0 where there are none."""
    there = torch.arange(values.shape[1], device=values.device)[None] < counts[:, None]
    total = (values * there[..., None].to(values.dtype)).sum(1)
    return total / counts.clamp_min(1)[:, None].to(values.dtype)
