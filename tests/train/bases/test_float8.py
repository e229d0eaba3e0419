"""Frozen weights in eight and in four bits, with LoRA learning on top."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from cat_dataset.errors import UsageError
from tests.train.requests import ISO, ask, velocity
from train.adapter.options import AdapterOptions
from train.bases.choose import open_base
from train.bases.float8 import STORED, Float8Linear, store_float8
from train.bases.folder import find_folder
from train.bases.options import BaseOptions
from train.model import EditModel


def test_a_linear_in_eight_bits_is_the_linear_of_its_rounded_weights() -> None:
    torch.manual_seed(0)
    blocks = nn.ModuleDict({"transformer_blocks": nn.ModuleList([nn.Linear(64, 32)])})
    exact = nn.Linear(64, 32)
    exact.load_state_dict(blocks["transformer_blocks"][0].state_dict())  # type: ignore[index]
    store_float8(blocks.requires_grad_(False), torch.float32)
    linear = blocks["transformer_blocks"][0]  # type: ignore[index]
    assert isinstance(linear, Float8Linear) and linear.weight.dtype == STORED
    rounded = linear.weight.float() * linear.scale[:, None]
    assert 0 < (rounded - exact.weight).abs().max() / exact.weight.abs().max() < 2**-4
    x = torch.randn(3, 5, 64, requires_grad=True)
    saved: list[torch.Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: saved.append(t) or t, lambda t: t):  # type: ignore[func-returns-value]
        out = linear(x)
    torch.testing.assert_close(out, x @ rounded.T + exact.bias)
    assert {t.dtype for t in saved if t.numel() == 64 * 32} == {STORED}, "no wide copy waits for the backward pass"
    (gradient,) = torch.autograd.grad(out.square().sum(), x)
    torch.testing.assert_close(gradient, (2 * out) @ rounded)


def test_lora_learns_over_eight_bits(tiny_kontext: Path) -> None:
    plain = open_base(find_folder(str(tiny_kontext)), size=16)
    base = open_base(find_folder(str(tiny_kontext)), size=16, options=BaseOptions(base_weights="fp8"))
    model, exact = (EditModel(b, AdapterOptions(rank=4)) for b in (base, plain))
    kept = {name for name, p in base.transformer.named_parameters() if p.ndim == 2 and p.dtype == torch.float32 and "lora_" not in name}
    assert kept and not any("blocks" in name and "norm" not in name for name in kept)
    for a, b in zip(model.trained().values(), exact.trained().values(), strict=True):
        assert a.dtype == torch.float32 and torch.equal(a, b), "LoRA starts as it does on wide weights"
    ours, theirs = velocity(model, ask(ISO)), velocity(exact, ask(ISO))
    assert 0 < (ours - theirs).abs().mean() < 0.1 * theirs.abs().mean()
    ours.square().mean().backward()
    for name, parameter in model.transformer.named_parameters():
        if "lora_B" in name:
            assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_lora_learns_over_four_bits(tiny_klein: Path) -> None:
    pytest.importorskip("bitsandbytes", reason="needs bitsandbytes")
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="nf4 needs a GPU"):
            open_base(find_folder(str(tiny_klein)), size=16, encoders=False, options=BaseOptions(base_weights="nf4"))
        return
    base = open_base(find_folder(str(tiny_klein)), size=16, options=BaseOptions(base_weights="nf4"))
    assert any(type(module).__name__ == "Linear4bit" for module in base.transformer.modules())
    model = EditModel(base, AdapterOptions(rank=4))
    velocity(model, ask(ISO)).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for n, p in model.transformer.named_parameters() if "lora_B" in n)


def test_four_bits_without_the_library_are_one_line(tiny_klein: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("train.bases.folder.importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'cat-dataset\[quantised\]'"):
        open_base(find_folder(str(tiny_klein)), size=16, encoders=False, options=BaseOptions(base_weights="nf4"))


def test_half_precision_computes_and_answers_in_full(tiny_klein: Path) -> None:
    base = open_base(find_folder(str(tiny_klein)), size=16, options=BaseOptions(precision="bf16"))
    assert base.dtype == torch.bfloat16 == next(base.transformer.parameters()).dtype
    assert velocity(EditModel(base, AdapterOptions(rank=4)), ask(ISO)).dtype == torch.float32


def test_unknown_choices_are_refused() -> None:
    with pytest.raises(UsageError, match="base_weights must be one of same, fp8, nf4"):
        BaseOptions(base_weights="int3")
