from __future__ import annotations

import pytest
import torch
from diffusers import Flux2Transformer2DModel

from tests.train.adapter.conftest import Make, enliven, gradients
from tests.train.requests import ISO, TURN, ask, velocity
from train.adapter.kontinuous import PAPER_WIDTHS, KontinuousAdapter
from train.adapter.modulation import install_modulation
from train.adapter.options import AdapterOptions
from train.bases.nano import NanoBase, NanoShape
from train.model import EditModel

WEAK, STRONG = (ISO[0], 1, 0.1), (ISO[0], 1, 0.9)
both_forms = pytest.mark.parametrize("form", ["kontinuous", "kontinuous-paper"])


def linears(adapter: KontinuousAdapter) -> list[tuple[int, int]]:
    return [(part.in_features, part.out_features) for part in adapter.project if isinstance(part, torch.nn.Linear)]


def test_the_layers_on_flux_are_those_of_the_publications() -> None:
    with torch.device("meta"):
        own = KontinuousAdapter(pooled=768, inner=3072)
        paper = KontinuousAdapter(pooled=768, inner=3072, widths=PAPER_WIDTHS)
    assert tuple(own.strength.weight.shape) == tuple(paper.strength.weight.shape) == (768, 2)
    assert linears(own) == [(1536, 6144), (6144, 6144), (6144, 6144), (6144, 6144)]
    assert linears(paper) == [(1536, 256), (256, 128), (128, 6144)]


@both_forms
@torch.no_grad()
def test_strength_changes_the_output_and_the_sign_is_left_to_the_sentence(make: Make, form: str) -> None:
    model = make(conditioning=form)
    enliven(model.adapter, std=0.3)
    weak, strong, back = velocity(model, ask(WEAK), ask(STRONG), ask((ISO[0], 1, -0.9)))
    assert (weak - strong).abs().max() > 1e-3
    assert torch.equal(strong, back)


@both_forms
def test_gradient_checkpointing_keeps_the_gradient_of_the_strength(make: Make, form: str) -> None:
    """Two passes before one backward: what is recomputed must be of its own pass."""
    found = []
    for checkpointing in (False, True):
        model = make(conditioning=form, lora_feed_forward=True).train()
        enliven(model.adapter)
        if checkpointing:
            model.transformer.enable_gradient_checkpointing()  # type: ignore[operator]
        loss = velocity(model, ask(WEAK), ask(STRONG, TURN)).pow(2).mean() + velocity(model, ask(STRONG)).pow(2).mean()
        found.append(gradients(model, loss))
    plain, checked = found
    assert plain.keys() == checked.keys()
    assert all(torch.equal(plain[name], checked[name]) for name in plain)
    assert all(plain[name].abs().max() > 1e-6 for name in plain if name.startswith("adapter."))


@torch.no_grad()
def test_batch_mates_with_more_edits_change_nothing(make: Make) -> None:
    model = make(conditioning="kontinuous")
    enliven(model.adapter)
    assert torch.allclose(velocity(model, ask(WEAK), ask(STRONG, TURN))[:1], velocity(model, ask(WEAK)), atol=1e-5)


@torch.no_grad()
def test_a_modulation_of_zero_is_the_base_itself(make: Make) -> None:
    model, plain = make(conditioning="kontinuous", rank=0), make(conditioning="plain", wording="numbers", rank=0)
    for parameter in model.adapter.parameters():
        parameter.zero_()
    assert torch.equal(velocity(model, ask(STRONG)), velocity(plain, ask(STRONG)))


@both_forms
def test_a_base_without_pooled_text_gives_the_mean_of_its_words(form: str) -> None:
    model = EditModel(NanoBase(NanoShape(size=16, patch=8)), AdapterOptions(conditioning=form))
    enliven(model)
    weak, strong = velocity(model, ask(WEAK), ask(STRONG), side=2)
    assert (weak - strong).abs().max() > 1e-4
    found = gradients(model, (weak - strong).pow(2).mean())
    assert all(gradient.abs().sum() > 0 for name, gradient in found.items() if name.startswith("adapter."))


def test_flux2_heeds_the_modulation_with_and_without_checkpointing() -> None:
    transformer = Flux2Transformer2DModel(
        in_channels=8, num_layers=2, num_single_layers=1, attention_head_dim=16, num_attention_heads=2, joint_attention_dim=12,
        timestep_guidance_channels=16, axes_dims_rope=(4, 4, 4, 4), guidance_embeds=False,
    )  # fmt: skip
    enliven(transformer)
    inputs = {
        "hidden_states": torch.randn(2, 6, 8, generator=torch.Generator().manual_seed(1)),
        "encoder_hidden_states": torch.randn(2, 3, 12, generator=torch.Generator().manual_seed(2)),
        "timestep": torch.full((2,), 0.5), "img_ids": torch.zeros(6, 4), "txt_ids": torch.zeros(3, 4),
    }  # fmt: skip
    with torch.no_grad():
        before = transformer(**inputs).sample
    install_modulation(transformer)
    found = []
    for checkpointing in (False, True):
        if checkpointing:
            transformer.enable_gradient_checkpointing()
        vector = torch.full((2, 64), 0.3, requires_grad=True)
        after = transformer(**inputs, joint_attention_kwargs={"modulation": vector}).sample
        after.pow(2).mean().backward()
        found.append(vector.grad)
    assert (after - before).abs().max() > 1e-3
    assert torch.equal(*found)
    assert (found[0].abs().amin(0) > 0).all()
    assert torch.equal(transformer(**inputs).sample, before)
