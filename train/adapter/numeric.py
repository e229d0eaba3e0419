"""The numeric adapter: tokens of numbers in front of the tokens of words."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from train.adapter.interface import Adapter, presence
from train.adapter.options import AdapterOptions
from train.adapter.projector import NumericProjector
from train.bases.interface import Condition
from train.requests import Request


class NumericAdapter(Adapter):
    """A token per edit, and where asked a second one of the attribute's value in the source picture.

    The tokens are a set: nothing but its task id tells an edit's token from another's.

    Args:
        width: of the text tokens.
        token_rms: root mean square of the text tokens.
    """

    def __init__(self, options: AdapterOptions, *, width: int, token_rms: float) -> None:
        super().__init__()
        rms = token_rms if options.match_rms else None
        fourier = options.scalar == "fourier"
        self.projector = NumericProjector(width, fourier=fourier, task_id=options.task_id, token_rms=rms)
        self.source: NumericProjector | None = None
        if options.source_token:
            self.source = NumericProjector(width, fourier=fourier, task_id=options.task_id, token_rms=rms)
            self.unknown = nn.Parameter(torch.zeros(width))

    def forward(self, request: Request, words: Tensor) -> Condition:
        """Tokens [B, m + T, D] (m doubled by source tokens)."""
        numeric = [self.projector(request.numbers, request.tasks)]
        if self.source is not None:
            known = request.sources.isfinite()
            values = self.source(torch.where(known, request.sources, 0.0), request.tasks)
            numeric.append(torch.where(known[..., None], values, self.unknown))
        tokens = torch.cat([*[part.to(words.dtype) for part in numeric], words], dim=1)
        return Condition(
            tokens=tokens, pooled=request.pooled, present=presence(request, len(numeric)), numeric=len(numeric) * request.tasks.shape[1]
        )
