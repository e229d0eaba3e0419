"""The running average of the trained weights (EMA): what is saved for editing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """``decay`` 0 follows the weights themselves. ``weights`` are tensors by the parameters' names."""

    def __init__(self, parameters: Mapping[str, nn.Parameter], decay: float) -> None:
        self._parameters, self._decay = parameters, decay
        self.weights: dict[str, Tensor] = {name: p.detach().clone() for name, p in parameters.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """After ``step``; the first steps count more, so that the start is soon forgotten."""
        keep = min(self._decay, (1 + step) / (10 + step)) if self._decay else 0.0
        for name, parameter in self._parameters.items():
            self.weights[name].lerp_(parameter, 1 - keep)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Inside, the parameters hold the average."""
        with torch.no_grad():
            kept = {name: p.detach().clone() for name, p in self._parameters.items()}
            try:
                for name, parameter in self._parameters.items():
                    parameter.copy_(self.weights[name])
                yield
            finally:
                for name, parameter in self._parameters.items():
                    parameter.copy_(kept[name])
