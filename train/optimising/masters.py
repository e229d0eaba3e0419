"""16-bit weights in the model, float32 masters that step.

In 16 bits a small step is rounded away; yet LoRA in float32 makes peft convert every activation that enters it, 18 GiB of a
12B model's step. So the model holds bfloat16, the optimiser steps float32 copies, and the copies are rounded back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from cat_dataset.errors import AdapterError

_KEY = "master"


def master_of(parameter: nn.Parameter) -> nn.Parameter:
    """A float32 copy of a parameter of 16 bits; any other parameter itself."""
    if parameter.dtype not in (torch.bfloat16, torch.float16):
        return parameter
    return nn.Parameter(parameter.detach().float().clone())


def full_precision(optimiser: torch.optim.Optimizer, parameters: Mapping[str, nn.Parameter]) -> dict[str, Tensor]:
    """The weights that ``optimiser`` steps, by the names of the model's ``parameters``: their masters where they have one."""
    masters = optimiser.masters if isinstance(optimiser, MasterWeights) else {}
    return {name: masters.get(parameter, parameter).detach() for name, parameter in parameters.items()}


class MasterWeights(torch.optim.Optimizer):
    """Any optimiser ``inner`` of masters, as an optimiser of the parameters that they are masters of.

    Its parameter groups are the inner one's. Its ``state_dict`` is the inner one's as well, with each master beside the
    moments of its parameter, so whoever saves and loads that saves and loads all there is.
    """

    def __init__(self, inner: torch.optim.Optimizer, masters: Mapping[nn.Parameter, nn.Parameter]) -> None:
        # Not Optimizer's own __init__: groups and state are the inner optimiser's, not copies.
        self.inner = inner
        self.masters = dict(masters)
        self.defaults = inner.defaults
        self._parameters = {id(master): parameter for parameter, master in masters.items()}
        super().__setstate__({"param_groups": inner.param_groups, "state": inner.state})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Step the masters by the parameters' gradients, and round them back into the parameters."""
        assert closure is None, "masters take no closure"
        pairs = self._pairs()
        for master, parameter in pairs:
            master.grad = None if parameter.grad is None else parameter.grad.float()
        self.inner.step()
        for master, parameter in pairs:
            parameter.copy_(master)
            master.grad = None

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear the gradients of all parameters."""
        self.inner.zero_grad(set_to_none)
        for _, parameter in self._pairs():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad.zero_()

    def state_dict(self) -> dict[str, Any]:
        """The inner optimiser's, and ``master`` for every parameter that has one; it has one before the first step, too."""
        found = self.inner.state_dict()
        states = {number: dict(state) for number, state in found["state"].items()}
        for number, master in self._numbered().items():
            states.setdefault(number, {})[_KEY] = master.detach()
        return {**found, "state": states}

    @torch.no_grad()
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Inverse of `state_dict`; the parameters become their masters, rounded.

        Raises:
            AdapterError: there are no masters in it.
        """
        states = {number: dict(state) for number, state in state_dict["state"].items()}
        for number, master in self._numbered().items():
            if _KEY not in states.get(number, {}):
                raise AdapterError("the checkpoint holds no float32 masters of its LoRA; give the --lora-dtype it was begun with")
            master.copy_(states[number].pop(_KEY))
            self._parameters[id(master)].copy_(master)
        self.inner.load_state_dict({**state_dict, "state": {number: state for number, state in states.items() if state}})
        self.param_groups, self.state = self.inner.param_groups, self.inner.state

    def _pairs(self) -> list[tuple[nn.Parameter, nn.Parameter]]:
        """Masters and the parameters of 16 bits that are theirs."""
        return [(master, self._parameters[id(master)]) for master in self._numbered().values()]

    def _numbered(self) -> dict[int, nn.Parameter]:
        """Masters that are copies, by their number in the groups."""
        every = [p for group in self.inner.param_groups for p in group["params"]]
        return {number: p for number, p in enumerate(every) if self._parameters[id(p)] is not p}
