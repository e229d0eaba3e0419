"""What every adapter is: a module that turns a batch of requests into what the transformer sees beside the pictures."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from train.bases.interface import Condition
from train.requests import Request


class Adapter(nn.Module, ABC):
    """Trained beside the base's LoRA. Parameters are float32; tokens are of the text's type."""

    @abstractmethod
    def forward(self, request: Request, words: Tensor) -> Condition:
        """The condition of a batch; ``words`` [B, T, D] are the request's texts as the base's tokens."""

    def attach(self, transformer: nn.Module) -> None:
        """Whatever the adapter changes inside the transformer. Called once, before training or editing."""


def presence(request: Request, per_edit: int) -> Tensor | None:
    """[B, per_edit * m + T]: which places are no padding; None where all are."""
    if not request.padded:
        return None
    device, most, longest = request.tasks.device, request.tasks.shape[1], request.texts.shape[1]
    numeric = torch.arange(most, device=device)[None] < request.edits[:, None]
    text = torch.arange(longest, device=device)[None] < request.words[:, None]
    return torch.cat([*[numeric] * per_edit, text], dim=1)
