"""FLUX.2's blocks with our attention: as diffusers' own without numbers, and as a dense mask with them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusers import Flux2Transformer2DModel

from train.attention.flux2 import install_flux2
from train.attention.masks import dense_mask

NUMERIC, TEXT, PICTURE = 3, 5, 8


@pytest.fixture
def transformer() -> Flux2Transformer2DModel:
    torch.manual_seed(0)
    return Flux2Transformer2DModel(
        in_channels=8, num_layers=2, num_single_layers=2, attention_head_dim=16, num_attention_heads=2, joint_attention_dim=12,
        timestep_guidance_channels=16, axes_dims_rope=(4, 4, 4, 4), guidance_embeds=False,
    )  # fmt: skip


def run(transformer: Flux2Transformer2DModel, **given: Any) -> torch.Tensor:
    draw = torch.Generator().manual_seed(1)
    output: torch.Tensor = transformer(
        hidden_states=torch.randn(2, PICTURE, 8, generator=draw),
        encoder_hidden_states=torch.randn(2, NUMERIC + TEXT, 12, generator=draw),
        timestep=torch.tensor([0.3, 0.7]),
        img_ids=torch.randint(0, 4, (PICTURE, 4), generator=draw),
        txt_ids=torch.randint(0, 4, (NUMERIC + TEXT, 4), generator=draw),
        joint_attention_kwargs=given or None,
        return_dict=False,
    )[0]
    return output


@torch.no_grad()
def test_without_numbers_it_is_diffusers_own(transformer: Flux2Transformer2DModel) -> None:
    before = run(transformer)
    install_flux2(transformer)
    assert torch.equal(run(transformer), before)


def test_two_calls_are_the_dense_mask_also_where_blocks_are_recomputed(transformer: Flux2Transformer2DModel) -> None:
    install_flux2(transformer)
    keys = torch.ones(2, NUMERIC + TEXT + PICTURE, dtype=torch.bool)
    keys[1, NUMERIC - 1] = keys[1, NUMERIC + TEXT - 1] = False
    weight, gradients = transformer.transformer_blocks[0].attn.add_k_proj.weight, []
    outputs = []
    for given in ({"attention_mask": dense_mask("blind", NUMERIC, keys)}, {"numeric": NUMERIC, "keys": keys}):
        outputs.append(run(transformer, **given))
        gradients += torch.autograd.grad(outputs[-1].square().sum(), weight)
        transformer.enable_gradient_checkpointing()
    torch.testing.assert_close(*outputs, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(*gradients, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(outputs[1], run(transformer, keys=keys), atol=1e-6), "unmasked differs"
