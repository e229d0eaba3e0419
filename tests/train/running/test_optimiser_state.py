"""Every optimiser's state comes back from JSON and tensors to the bit."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from train.config import TrainConfig
from train.optimising.optimisers import make_optimiser
from train.running.optimiser_state import pack, unpack


class Odd(torch.optim.Optimizer):
    """Keeps everything that an optimiser may keep: nested, infinite, shared between parameters, and tensors in its groups."""

    def __init__(self, parameters: Any) -> None:
        super().__init__(parameters, {"lr": 0.1, "growth": math.inf, "betas": (0.9, 0.95), "scale": torch.ones(2)})
        self.table = torch.arange(4, dtype=torch.uint8)

    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                state = self.state[parameter]
                state["count"] = state.get("count", 0) + 1
                state["wrapped"] = {"table": self.table, "best": -math.inf, "name": "x", "none": None, "places": [1, (2, True)]}
                parameter.data.add_(parameter.grad, alpha=-0.1 / state["count"])


def from_options(**values: Any) -> Callable[[nn.Module], torch.optim.Optimizer]:
    return lambda model: make_optimiser(TrainConfig.of(learning_rate=0.1, **values).optimising, model)


MAKERS: dict[str, Callable[[nn.Module], torch.optim.Optimizer]] = {
    "adamw": from_options(),
    "prodigy": from_options(optimiser="prodigy"),
    "momentum": lambda model: torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
    "odd": lambda model: Odd(model.parameters()),
}


def begin(name: str, dtype: torch.dtype = torch.float32) -> tuple[nn.Module, torch.optim.Optimizer, dict[str, nn.Parameter]]:
    if name == "prodigy":
        pytest.importorskip("prodigyopt")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)).to(dtype)
    return model, MAKERS[name](model), dict(model.named_parameters())


def step(model: nn.Module, optimiser: torch.optim.Optimizer, number: int) -> None:
    optimiser.zero_grad()
    own = next(model.parameters())
    model(torch.full((1, 3), 1.0 + number).to(own)).square().sum().backward()
    optimiser.step()


def copies(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in tensors.items()}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", MAKERS)
def test_a_restored_optimiser_goes_on_to_the_bit(name: str, dtype: torch.dtype) -> None:
    if dtype is torch.bfloat16 and name in ("momentum", "odd"):
        pytest.skip("they have no masters")
    model, optimiser, parameters = begin(name, dtype)
    for number in range(3):
        step(model, optimiser, number)
    spelt, tensors = pack(optimiser, parameters, lambda tensor: tensor.detach())
    spelt, tensors, weights = json.loads(json.dumps(spelt, allow_nan=False)), copies(tensors), copies(model.state_dict())
    again, fresh, its = begin(name, dtype)
    again.load_state_dict(weights)
    unpack(fresh, its, spelt, tensors)
    for number in range(3, 5):
        step(model, optimiser, number)
        step(again, fresh, number)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))
    after, now = (
        pack(found, dict(of.named_parameters()), lambda tensor: tensor.detach()) for found, of in ((optimiser, model), (fresh, again))
    )
    assert after[0] == now[0]
    assert all(torch.equal(after[1][key], now[1][key]) for key in after[1])
    pointers = [tensor.untyped_storage().data_ptr() for tensor in after[1].values()]
    assert len(set(pointers)) == len(pointers), "safetensors writes no tensor that shares its memory"


def test_what_is_of_another_optimiser_is_named() -> None:
    model, optimiser, parameters = begin("adamw")
    step(model, optimiser, 0)
    spelt, tensors = pack(optimiser, parameters, lambda tensor: tensor.detach())
    *_, some = tensors
    _, fresh, its = begin("adamw")
    wrong = [
        (spelt, {name: tensor for name, tensor in tensors.items() if name != some}, "KeyError"),
        (spelt, {**tensors, some: tensors[some][None]}, f"{some} is of shape"),
        (spelt, {**tensors, "more": tensors[some]}, "more belongs to nothing"),
        ({**spelt, "parameters": {"2.bias": {}}}, tensors, "other parameters"),
        ({**spelt, "groups": spelt["groups"][:1]}, tensors, "other groups"),
        ({**spelt, "groups": [{"lr": {"set": []}}] * 2}, tensors, "KeyError"),
        ({"groups": []}, tensors, "KeyError"),
    ]
    for found, files, message in wrong:
        with pytest.raises(ValueError, match=message):
            unpack(fresh, its, found, files)


def test_what_cannot_be_written_is_said() -> None:
    model, optimiser, parameters = begin("momentum")
    step(model, optimiser, 0)
    optimiser.state[next(model.parameters())]["strange"] = object()
    with pytest.raises(TypeError, match=r"an optimiser keeps a object in 0\.weight\.strange"):
        pack(optimiser, parameters, lambda tensor: tensor.detach())
