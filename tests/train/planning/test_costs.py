from __future__ import annotations

import pytest
import torch
from diffusers import FluxTransformer2DModel
from torch.utils.flop_counter import FlopCounterMode

from train.bases.kontext import KontextBase
from train.bench.random_folder import SMALL_TRANSFORMER
from train.planning.costs import StepShape, transformer_costs
from train.planning.known import KONTEXT_TRANSFORMER

TARGETS = KontextBase.targets(38)


def test_the_12b_transformer_costs_what_was_counted_before() -> None:
    """shared facts: 11.9 billion parameters, 209.2 million of LoRA, 272 TFLOP, 42 GiB at batch 4, 512², 129 text tokens."""
    costs = transformer_costs(FluxTransformer2DModel, KONTEXT_TRANSFORMER, StepShape(batch=4, text=129, picture=2048), TARGETS, 128)
    assert costs.parameters == 11_901_408_320
    assert costs.lora == 209_190_912
    assert costs.step_flops / 1e12 == pytest.approx(272.06, abs=0.01)
    assert costs.activations / 2**30 == pytest.approx(42.2, abs=0.1)
    assert costs.block_inputs + costs.one_block < 0.1 * costs.activations


def test_flops_are_those_of_a_real_forward_pass() -> None:
    config = {**SMALL_TRANSFORMER, "num_layers": 3, "num_single_layers": 4}
    shape = StepShape(batch=1, text=5, picture=8, dtype=torch.float32)
    costs = transformer_costs(FluxTransformer2DModel, config, shape, TARGETS, 0)
    model = FluxTransformer2DModel(**config)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(
            hidden_states=torch.zeros(1, 8, 64), encoder_hidden_states=torch.zeros(1, 5, 256), pooled_projections=torch.zeros(1, 64),
            timestep=torch.ones(1), guidance=torch.ones(1), img_ids=torch.zeros(8, 3), txt_ids=torch.zeros(5, 3),
        )  # fmt: skip
    attention = 4 * (8 + 5) ** 2 * 256 * (3 + 4)  # the counter knows no attention kernel of the CPU
    assert costs.forward_flops == counter.get_total_flops() + attention
    assert costs.parameters == sum(p.numel() for p in model.parameters())
