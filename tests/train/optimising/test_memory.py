from __future__ import annotations

from pathlib import Path

import pytest
import torch
from diffusers.models.attention_dispatch import AttentionBackendName, _AttentionBackendRegistry

from cat_dataset.errors import UsageError
from tests.train.requests import ISO, TURN, ask, velocity
from train.adapter.options import AdapterOptions
from train.bases.choose import open_base
from train.bases.folder import find_folder
from train.model import EditModel
from train.optimising.checkpointing import KEPT_VECTORS, Recompute, block_bytes, recomputed, repeated_blocks, spread
from train.optimising.masters import MasterWeights
from train.optimising.memory import compile_blocks, save_memory, set_attention, set_lora_dtype
from train.optimising.memory_options import MemoryOptions
from train.optimising.optimisers import make_optimiser
from train.optimising.options import OptimisingOptions

MIXED = (ask(ISO, TURN), ask(TURN))
"""Two numeric tokens beside one: the padding mask and the two-call attention both take part."""


def model_of(folder: Path) -> EditModel:
    model = EditModel(open_base(find_folder(str(folder)), size=16), AdapterOptions(rank=2))
    for name, p in model.transformer.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(p, std=0.1, generator=torch.Generator().manual_seed(len(name)))
    return model


@pytest.fixture(scope="module")
def model(tiny_kontext: Path) -> EditModel:
    return model_of(tiny_kontext)


def gradients(model: EditModel) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    model.zero_grad()
    found = velocity(model, *MIXED)
    found.square().mean().backward()
    return found.detach(), {name: p.grad for name, p in model.trained().items() if p.grad is not None}


@pytest.mark.parametrize("checkpointing", ["all", "2"])
def test_recomputed_blocks_give_the_same_gradients(model: EditModel, checkpointing: str) -> None:
    save_memory(MemoryOptions(checkpointing="none"), model.transformer)
    plain, wanted = gradients(model)
    calls: dict[int, int] = {}
    blocks = repeated_blocks(model.transformer)
    hooks = [block.register_forward_pre_hook(lambda m, _: calls.update({id(m): calls.get(id(m), 0) + 1})) for block in blocks]
    save_memory(MemoryOptions(checkpointing=checkpointing), model.transformer)
    out, found = gradients(model)
    for hook in hooks:
        hook.remove()
    save_memory(MemoryOptions(), model.transformer)
    assert torch.equal(out, plain)
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    assert wanted["adapter.projector.gain"].abs() > 0
    assert [calls[id(block)] for block in blocks] == ([2, 2] if checkpointing == "all" else [2, 1])


def test_as_few_blocks_as_fit_are_recomputed() -> None:
    one = block_bytes(10_240, 3072, 2, wide_lora=False)
    assert 57 * one / 2**30 == pytest.approx(49.7, rel=0.02), "the facts' figure at 512², batch 4, 512 T5 tokens"
    assert recomputed(57, one, 60 * 2**30) == 0
    for free in (45, 30, 10):
        count = recomputed(57, one, free * 2**30)
        needed = (57 - count + 1) * one + count * one / KEPT_VECTORS
        assert needed <= free * 2**30 < needed + one
    assert recomputed(57, one, 0) == 57
    assert spread(3, 57) == {0, 19, 38} and spread(0, 57) == set() and spread(57, 57) == set(range(57))


def test_auto_decides_at_the_first_step_and_for_larger_ones(model: EditModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decision itself, with a made-up free memory: there is no card here."""
    monkeypatch.setattr(Recompute, "_free", lambda self: block_bytes(2000, 32, 4, wide_lora=False))
    recompute = Recompute(model.transformer, 0)
    blocks = repeated_blocks(model.transformer)
    found = []
    for tokens in (500, 400, 1500, 400):
        recompute._choose([torch.zeros(1, tokens - 100, 32), torch.zeros(1, 100, 32)])
        found.append(len(recompute.chosen))
    assert found == [0, 0, len(blocks), len(blocks)]


def test_lora_is_bfloat16_with_masters_where_asked(tiny_kontext: Path) -> None:
    model = model_of(tiny_kontext)
    set_lora_dtype(MemoryOptions(), model.transformer)
    assert {p.dtype for p in model.trained().values()} == {torch.float32}, "on a CPU"
    set_lora_dtype(MemoryOptions(lora_dtype="bf16"), model.transformer)
    assert {p.dtype for name, p in model.trained().items() if ".lora_" in name} == {torch.bfloat16}
    assert {p.dtype for p in model.adapter.parameters()} == {torch.float32}
    optimiser = make_optimiser(OptimisingOptions(learning_rate=1e-2), model)
    assert isinstance(optimiser, MasterWeights)
    first, _ = gradients(model)
    optimiser.step()
    assert (gradients(model)[0] - first).abs().max() > 1e-3


def test_attention_kernels_are_chosen_or_refused_by_name(model: EditModel) -> None:
    with pytest.raises(UsageError, match="needs an NVIDIA GPU"):
        set_attention(MemoryOptions(attention="cudnn"), model.transformer)
    set_attention(MemoryOptions(attention="native"), model.transformer)
    with pytest.raises(UsageError, match="attention must be"):
        MemoryOptions(attention="sage")
    with pytest.raises(UsageError, match="checkpointing must be"):
        MemoryOptions(checkpointing="some")
    assert _AttentionBackendRegistry._active_backend == AttentionBackendName.NATIVE


def test_compiled_blocks_give_the_same_velocity(tiny_kontext: Path) -> None:
    """Each block is captured as one graph; generating code from it takes a minute on a CPU, which a test has not."""
    model = model_of(tiny_kontext)
    plain, wanted = gradients(model)
    compile_blocks(model.transformer, backend="eager")
    out, found = gradients(model)
    assert torch.allclose(out, plain, atol=1e-5)
    assert all(torch.allclose(found[name], wanted[name], atol=1e-5) for name in wanted)
