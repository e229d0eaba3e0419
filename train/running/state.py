"""What changes while a run trains: weights, their average, the optimiser's state; whole, in and out of a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from cat_dataset.errors import AdapterError
from train.running.checkpoint import Checkpoint
from train.running.distributed import Team, like
from train.running.optimiser_state import pack, unpack


class TrainingState:
    """``parameters`` and ``average`` are tensors by the parameters' names, sharded where the model is."""

    def __init__(
        self, team: Team, parameters: Mapping[str, nn.Parameter], average: Mapping[str, Tensor], optimiser: torch.optim.Optimizer
    ) -> None:
        self._team, self._parameters, self._average, self._optimiser = team, parameters, average, optimiser

    def gather(self, about: Mapping[str, Any]) -> Checkpoint:
        """The state as a checkpoint with ``about`` in its state.json. Everybody calls it; the leading process gets the tensors."""
        spelt, tensors = pack(self._optimiser, self._parameters, self._team.full)
        return Checkpoint(
            weights={name: self._team.full(parameter) for name, parameter in self._parameters.items()},
            average={name: self._team.full(tensor) for name, tensor in self._average.items()},
            optimizer=tensors,
            state={**about, "optimizer": spelt},
        )

    def restore(self, saved: Checkpoint, where: str) -> None:
        """Put a checkpoint's tensors back in place; ``where`` names it in errors.

        Raises:
            AdapterError: it is of another model or optimiser.
        """
        wanted = {name: tuple(parameter.shape) for name, parameter in self._parameters.items()}
        for found in (saved.weights, saved.average):
            if {name: tuple(tensor.shape) for name, tensor in found.items()} != wanted:
                raise AdapterError(f"{where} holds another model's weights; give the --base, --rank and --size it was begun with")
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                parameter.copy_(like(saved.weights[name], parameter))
                self._average[name].copy_(like(saved.average[name], self._average[name]))
        try:
            unpack(self._optimiser, self._parameters, saved.state["optimizer"], saved.optimizer)
        except ValueError as error:
            raise AdapterError(
                f"{where} holds another optimiser's state, or is damaged ({error}); delete it to resume from the one before"
            ) from None


@contextmanager
def holding(model: nn.Module, weights: Mapping[str, Tensor]) -> Iterator[None]:
    """Inside, the model's parameters of these names have these values, in the parameters' own types, and are not sharded."""
    places = [(model.get_submodule(name.rpartition(".")[0]), name.rpartition(".")[2], tensor) for name, tensor in weights.items()]
    kept: list[nn.Parameter] = [getattr(module, name) for module, name, _ in places]
    try:
        for (module, name, tensor), own in zip(places, kept, strict=True):
            setattr(module, name, nn.Parameter(tensor.to(own.dtype), requires_grad=False))
        yield
    finally:
        for (module, name, _), own in zip(places, kept, strict=True):
            setattr(module, name, own)
