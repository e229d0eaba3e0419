from __future__ import annotations

import copy
import math
import sys
from itertools import pairwise

import pytest
import torch
from torch import nn

from cat_dataset.errors import UsageError
from train.adapter.options import AdapterOptions
from train.bases.nano import NanoBase, NanoShape
from train.model import EditModel
from train.optimising.masters import MasterWeights, full_precision
from train.optimising.optimisers import default_rate, make_optimiser
from train.optimising.options import OPTIMISERS, OptimisingOptions
from train.optimising.schedules import rate

LIBRARIES = {"adamw": "torch", "adamw8bit": "bitsandbytes", "prodigy": "prodigyopt"}


class Small(nn.Module):
    """Enough weights for 8-bit blocks (4096 and more are quantised); ``dtype`` of the linear's, as LoRA's in a large base."""

    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.task, self.linear, self.gain = nn.Embedding(8, 64), nn.Linear(64, 80), nn.Parameter(torch.ones(64))
        self.linear.to(dtype)

    def loss(self, step: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(step)
        x = self.task(torch.randint(0, 8, (16,), generator=generator)) * self.gain
        wanted = torch.randn(16, 80, generator=generator) / 4 + 1
        return (self.linear(x.to(self.linear.weight.dtype)).float() - wanted).square().mean()


def train(model: Small, optimiser: torch.optim.Optimizer, first: int, last: int) -> list[float]:
    found = []
    for step in range(first, last):
        optimiser.zero_grad()
        loss = model.loss(step)
        loss.backward()
        optimiser.step()
        found.append(float(loss.detach()))
    return found


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", OPTIMISERS)
def test_every_optimiser_learns_and_goes_on_to_the_bit(name: str, dtype: torch.dtype) -> None:
    pytest.importorskip(LIBRARIES[name])
    options = OptimisingOptions(optimiser=name, learning_rate=0.0 if name == "prodigy" else 0.02)
    model = Small(dtype)
    optimiser = make_optimiser(options, model)
    steps = 100 if name == "prodigy" else 24  # Prodigy first finds its rate, from a millionth up
    losses = train(model, optimiser, 0, steps)
    assert isinstance(optimiser, MasterWeights) == (dtype == torch.bfloat16)
    assert sum(losses[-4:]) < 0.6 * sum(losses[:4])
    again = copy.deepcopy(model)
    resumed = make_optimiser(options, again)
    resumed.load_state_dict(copy.deepcopy(optimiser.state_dict()))
    assert train(model, optimiser, steps, steps + 4) == train(again, resumed, steps, steps + 4)
    for one, other in ((model.state_dict(), again.state_dict()), (_full(optimiser, model), _full(resumed, again))):
        assert all(torch.equal(one[key], other[key]) for key in one)


def _full(optimiser: torch.optim.Optimizer, model: nn.Module) -> dict[str, torch.Tensor]:
    return full_precision(optimiser, dict(model.named_parameters()))


def test_masters_keep_steps_that_bfloat16_rounds_away() -> None:
    """100 steps of 1e-5 on a weight of 1: half of bfloat16's spacing there is 2e-3."""
    model = nn.Linear(1, 1, bias=False).to(torch.bfloat16)
    nn.init.ones_(model.weight)
    optimiser = make_optimiser(OptimisingOptions(learning_rate=1e-5, weight_decay=0.0), model)
    for _ in range(100):
        model.weight.grad = torch.ones_like(model.weight)
        optimiser.step()
    master = full_precision(optimiser, {"weight": model.weight})["weight"]
    assert master.dtype == torch.float32 and float(master) == pytest.approx(1 - 1e-3, rel=1e-5)
    assert float(model.weight) == 1.0
    optimiser.zero_grad()
    assert model.weight.grad is None
    for group in optimiser.param_groups:
        group["lr"] = 0.5
    model.weight.grad = torch.ones_like(model.weight)
    optimiser.step()
    assert float(model.weight) == pytest.approx(0.5, abs=0.01), "the rate set from outside is the one that steps"


def test_masters_survive_a_checkpoint_before_the_first_step_and_are_missed_in_others() -> None:
    options, model = OptimisingOptions(), Small(torch.bfloat16)
    optimiser = make_optimiser(options, model)
    state = optimiser.state_dict()
    assert sum("master" in kept for kept in state["state"].values()) == 2
    other = Small(torch.bfloat16)
    nn.init.zeros_(other.linear.weight)
    make_optimiser(options, other).load_state_dict(state)
    assert torch.equal(other.linear.weight, model.linear.weight)
    with pytest.raises(Exception, match="--lora-dtype"):
        make_optimiser(options, other).load_state_dict(make_optimiser(options, Small()).state_dict())


def test_only_matrices_decay() -> None:
    model = EditModel(NanoBase(NanoShape(size=16)), AdapterOptions(source_token=True))
    optimiser = make_optimiser(OptimisingOptions(weight_decay=0.1), model)
    decayed = {id(p) for group in optimiser.param_groups if group["weight_decay"] for p in group["params"]}
    kept = {id(p) for group in optimiser.param_groups if not group["weight_decay"] for p in group["params"]}
    names = {name: id(p) in decayed for name, p in model.trained().items()}
    assert not decayed & kept and len(decayed) + len(kept) == len(names)
    assert names["adapter.projector.decode.1.weight"] and names["transformer.proj_out.weight"]
    for name in ("adapter.projector.task.weight", "adapter.projector.gain", "adapter.unknown", "words.word.weight"):
        assert not names[name]
    assert not any(yes for name, yes in names.items() if name.endswith("bias") or ".norm_q" in name)


@pytest.mark.parametrize("name", ["adamw8bit", "prodigy"])
def test_a_missing_library_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, LIBRARIES[name], None)
    with pytest.raises(UsageError, match=rf"{LIBRARIES[name]}: pip install"):
        make_optimiser(OptimisingOptions(optimiser=name), Small())


def test_rates_rise_then_fall_to_the_last_share() -> None:
    for schedule in ("cosine", "linear", "constant"):
        options = OptimisingOptions(schedule=schedule, learning_rate=2.0, warmup=10, last_rate=0.1)
        rates = [rate(options, step, 100) for step in range(100)]
        assert rates[:3] == pytest.approx([0.2, 0.4, 0.6]) and max(rates) == pytest.approx(2.0)
        assert rates[-1] == pytest.approx(2.0 if schedule == "constant" else 0.2)
        assert all(a >= b for a, b in pairwise(rates[10:]))
        middle = {"cosine": 0.5 * (1 - math.cos(math.pi * 40 / 89)), "linear": 40 / 89, "constant": 0.0}[schedule]
        assert rates[50] == pytest.approx(2 * (1 - 0.9 * middle))


def test_prodigys_rate_is_a_factor() -> None:
    assert default_rate(OptimisingOptions(optimiser="prodigy"), 1e-4) == 1.0
    assert default_rate(OptimisingOptions(), 1e-4) == 1e-4
    assert default_rate(OptimisingOptions(optimiser="prodigy", learning_rate=0.5), 1e-4) == 0.5
