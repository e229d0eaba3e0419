"""What numbers do to the output of a whole model, for every option that decides it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from diffusers.models.transformers.transformer_flux import FluxAttention
from torch import Tensor

from cat_dataset.attributes import attribute
from tests.train.adapter.conftest import Make, gradients
from tests.train.requests import ISO, TURN, ask, velocity
from train.attention.flux import NumericFluxAttention
from train.attention.masks import dense_mask
from train.model import EditModel
from train.requests import Instruction

TURNS, SHIFTS = ([attribute(f"{kind}_{axis}").task for axis in "xyz"] for kind in ("rotation", "translation"))


def sensitivity(model: EditModel, *instructions: Instruction) -> Tensor:
    """The gradient of the output's energy with respect to each number [B, m]."""
    seen: list[Tensor] = []

    def watch(_: torch.nn.Module, args: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        seen.append(args[0].clone().requires_grad_())
        return seen[0], args[1]

    handle = model.adapter.projector.register_forward_pre_hook(watch)  # type: ignore[union-attr, operator]
    velocity(model, *instructions).pow(2).sum().backward()  # type: ignore[no-untyped-call]
    handle.remove()
    assert seen[0].grad is not None
    return seen[0].grad


@pytest.mark.parametrize("mask", ["blind", "none", "easycontrol"])
def test_numbers_reach_the_output(make: Make, mask: str) -> None:
    model = make(mask=mask)
    assert sensitivity(model, ask(ISO, TURN)).abs().min() > 1e-4
    with torch.no_grad():
        one, other = velocity(model, ask(ISO, TURN)), velocity(model, ask((ISO[0], 1, -0.9), TURN))
    assert (one - other).abs().max() > 1e-4


def test_eq6_to_the_letter_cuts_numbers_off(make: Make) -> None:
    model = make(mask="eq6")
    assert not sensitivity(model, ask(ISO, TURN)).any()
    with torch.no_grad():
        assert torch.equal(velocity(model, ask(ISO)), velocity(model, ask((ISO[0], 1, -0.9))))


@pytest.mark.parametrize("options", [{}, {"mask": "none"}, {"mask": "easycontrol"}, {"source_token": True}, {"task_id": False}])
@torch.no_grad()
def test_the_order_of_edits_does_not_matter(make: Make, options: dict[str, object]) -> None:
    model = make(**options)
    one, two = ask(ISO, TURN, ("Brighten the picture", 4, 0.7)), ask(("Brighten the picture", 4, 0.7), ISO, TURN)
    assert (velocity(model, one) - velocity(model, two)).abs().max() <= 1e-5


@torch.no_grad()
def test_one_token_is_unmasked_attention(make: Make) -> None:
    blind, none = make(), make(mask="none")
    assert torch.equal(velocity(blind, ask(ISO)), velocity(none, ask(ISO)))
    assert (velocity(blind, ask(ISO, TURN)) - velocity(none, ask(ISO, TURN))).abs().max() > 1e-6


def vector(tasks: list[int], numbers: tuple[float, ...]) -> Instruction:
    """A vector edit, under one sentence for all three axes: only the tokens say which number is whose."""
    return Instruction(tasks=tuple(tasks), numbers=tuple(n / 10 for n in numbers), parts=("Move the cup",))


@pytest.mark.parametrize("tasks", [TURNS, SHIFTS])
@torch.no_grad()
def test_a_vector_is_no_set_where_each_axis_has_its_task_id(make: Make, tasks: list[int]) -> None:
    model, one_id, none = make(), [tasks[0]] * 3, make(task_id=False)
    one, other = (3.0, -1.0, 7.0), (7.0, 3.0, -1.0)
    apart = (velocity(model, vector(tasks, one)) - velocity(model, vector(tasks, other))).abs().max()
    assert apart > 1e-4
    # NumeriKontrol's fault: one task id for all axes, and the vectors are the same set.
    for faulty, ids in ((model, one_id), (none, tasks)):
        assert (velocity(faulty, vector(ids, one)) - velocity(faulty, vector(ids, other))).abs().max() <= min(1e-5, apart / 50)


class DenseAttention(NumericFluxAttention):
    """Who sees whom by one dense mask instead of two calls."""

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, image_rotary_emb=None, numeric=0, keys=None):  # type: ignore[no-untyped-def]
        mask = dense_mask("blind", numeric, keys)
        return super().__call__(attn, hidden_states, encoder_hidden_states, mask, image_rotary_emb)


def test_two_calls_are_the_dense_mask_also_with_padding_and_checkpointing(make: Make) -> None:
    batch = (ask(ISO, TURN), ask(ISO), ask(("Brighten the picture", 4, 0.7), TURN, ISO))
    model = make().train()
    out = velocity(model, *batch)
    expected = gradients(model, out.pow(2).mean())
    model.transformer.enable_gradient_checkpointing()  # type: ignore[operator]
    checked = gradients(model, velocity(model, *batch).pow(2).mean())
    assert all(torch.equal(expected[name], checked[name]) for name in expected)
    for module in model.transformer.modules():
        if isinstance(module, FluxAttention):
            module.set_processor(DenseAttention())
    masked = velocity(model, *batch)
    assert (masked - out).abs().max() <= 1e-5
    found = gradients(model, masked.pow(2).mean())
    for name, gradient in expected.items():
        assert torch.allclose(found[name], gradient, rtol=1e-3, atol=1e-5), name


@torch.no_grad()
def test_options_of_the_tokens_change_what_they_say(make: Make) -> None:
    known = replace(ask(ISO), sources=(0.7,))
    plain, raw = make(), make(scalar="raw")
    assert plain.adapter.projector.encode[0].in_features == 7 and raw.adapter.projector.encode[0].in_features == 1  # type: ignore[union-attr, index]
    assert make(match_rms=False).adapter.projector.gain is None  # type: ignore[union-attr]
    assert torch.equal(velocity(plain, known), velocity(plain, ask(ISO)))
    told = make(source_token=True)
    assert not torch.equal(velocity(told, known), velocity(told, ask(ISO)))
    unlabelled, other_task = make(task_id=False), ask((ISO[0], 4, ISO[2]))
    assert torch.equal(velocity(unlabelled, ask(ISO)), velocity(unlabelled, other_task))
    assert not torch.equal(velocity(plain, ask(ISO)), velocity(plain, other_task))


@pytest.mark.parametrize("options", [{"source_token": True}, {"rank": 0, "match_rms": False}])
def test_every_parameter_is_used_in_every_step(make: Make, options: dict[str, object]) -> None:
    """What DDP needs: also where no source value is known, and where an instruction asks for nothing."""
    model = make(**options)
    nothing = Instruction(tasks=(), numbers=(), parts=("",))
    for batch in ((ask(ISO),), (nothing, ask(ISO, TURN)), (nothing,)):
        found = gradients(model, velocity(model, *batch).pow(2).mean())
        assert all(torch.isfinite(gradient).all() for gradient in found.values())
