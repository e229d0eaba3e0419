"""The running average of the trained weights (EMA): what is saved for editing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """``decay`` 0 follows the weights themselves. ``weights`` are tensors by the parameters' names, float32 or wider.

    Args:
        parameters: of the model, by name.
        sources: what is averaged, where it is not the parameters themselves: the masters of those of 16 bits
            (`train.optimising.masters.full_precision`).
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], decay: float, sources: Mapping[str, Tensor] | None = None) -> None:
        self._parameters, self._sources, self._decay = parameters, sources or parameters, decay
        wide = {name: torch.promote_types(p.dtype, torch.float32) for name, p in self._sources.items()}
        self.weights: dict[str, Tensor] = {name: p.detach().to(wide[name], copy=True) for name, p in self._sources.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """After ``step``; the first steps count more, so that the start is soon forgotten."""
        keep = min(self._decay, (1 + step) / (10 + step)) if self._decay else 0.0
        for name, source in self._sources.items():
            self.weights[name].lerp_(source.to(self.weights[name].dtype), 1 - keep)

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
