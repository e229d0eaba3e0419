from __future__ import annotations

import inspect

import pytest
import torch
from diffusers import FluxTransformer2DModel

from tests.train.adapter.conftest import Make
from train.adapter.lora import FEED_FORWARD, add_lora, lora_parameters
from train.bases.kontext import KontextBase


def count(rank: int, targets: tuple[str, ...], **blocks: int) -> tuple[int, int]:
    """Linears with LoRA and its parameters, of a transformer as wide as FLUX.1's with these blocks."""
    with torch.device("meta"):
        transformer = FluxTransformer2DModel(**blocks)
        add_lora(transformer, targets, rank, 0)
    names = {name.split(".lora_")[0] for name, _ in transformer.named_parameters() if ".lora_" in name}
    return len(names), sum(parameter.numel() for parameter in lora_parameters(transformer))


def flux(rank: int, *more: str) -> tuple[int, int]:
    """The same of all of FLUX.1: every block is like its first one."""
    shape = inspect.signature(FluxTransformer2DModel.__init__).parameters
    double, single = shape["num_layers"].default, shape["num_single_layers"].default
    targets = (*KontextBase.targets(single), *more)
    both, one = (count(rank, targets, num_layers=n, num_single_layers=1) for n in (1, 0))
    linears, parameters = (double * (b - o) + single * o for b, o in zip(both, one, strict=True))
    return linears, parameters


@pytest.mark.parametrize(("rank", "parameters"), [(128, 209_190_912), (64, 104_595_456), (32, 52_297_728), (4, 6_537_216)])
def test_lora_is_on_266_linears_of_flux(rank: int, parameters: int) -> None:
    assert flux(rank) == (266, parameters)


def test_kontinuous_lora_is_on_the_feed_forward_layers_too() -> None:
    assert flux(4, *FEED_FORWARD)[0] == 266 + 19 * 4


def test_rank_0_trains_the_projector_alone(make: Make) -> None:
    model = make(rank=0)
    assert all(name.startswith("adapter.") for name in model.trained())


def test_lora_is_a_function_of_the_seed(make: Make) -> None:
    one, two = make().trained(), make().trained()
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert any(".lora_A" in name and parameter.abs().max() > 0 for name, parameter in one.items())
    assert not any(parameter.any() for name, parameter in one.items() if ".lora_B" in name)
