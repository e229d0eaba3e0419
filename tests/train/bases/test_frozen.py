"""FLUX.1 Kontext and FLUX.2 [klein] alike: what diffusers' own pipelines compute, trained, saved, loaded, without encoders."""

from __future__ import annotations

import json
import logging
import shutil
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from peft.utils import get_peft_model_state_dict
from PIL import Image

from cat_dataset.errors import InputError, UsageError
from cat_dataset.manifests import Dataset
from tests.train.requests import ISO, TURN, ask, velocity
from train.adapter.options import AdapterOptions
from train.bases.choose import open_base
from train.bases.folder import find_folder, missing
from train.bases.frozen import TEXT_TOKENS
from train.bases.interface import Base, Condition
from train.bases.inventory import ENCODERS
from train.config import TrainConfig
from train.model import EditModel
from train.model_files import load_model
from train.run import train
from train.running.checkpoint import adapter_folder
from train.tensors import load_tensors

SENTENCE = "Increase the exposure by 1 EV"
HEIGHT, WIDTH = 64, 96
LORA = "pytorch_lora_weights.safetensors"


@pytest.fixture(scope="module", params=["kontext", "klein"])
def folder(request: pytest.FixtureRequest) -> Path:
    path: Path = request.getfixturevalue(f"tiny_{request.param}")
    return path


@pytest.fixture(scope="module")
def model(folder: Path) -> EditModel:
    """Untrained: its LoRA does nothing."""
    return EditModel(open_base(find_folder(str(folder)), size=16), AdapterOptions(rank=4))


@pytest.fixture(scope="module")
def base(model: EditModel) -> Base:
    return model.base


def stock(folder: Path) -> Any:
    """diffusers' own pipeline, with its own attention."""
    name = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))["_class_name"]
    pipeline = getattr(diffusers, name).from_pretrained(str(folder), local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def warnings_of(action: Callable[[], object]) -> list[str]:
    """What the libraries warn of while ``action`` runs."""
    said: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    loggers = [logging.getLogger(name) for name in ("diffusers", "peft", "transformers")]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            action()
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
    return said + [str(warning.message) for warning in caught]


@torch.no_grad()
def test_an_edit_without_numbers_is_the_stock_pipelines(folder: Path, base: Base) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    grid, text, source = base.grid(HEIGHT, WIDTH), base.encode_text(SENTENCE), base.to_latents([picture])
    noise = torch.randn(source.shape, generator=torch.Generator().manual_seed(0))
    theirs, size = stock(folder), {"height": HEIGHT, "width": WIDTH, "num_inference_steps": 4, "output_type": "latent"}
    if base.name == "kontext":
        embeds, pooled, _ = theirs.encode_prompt(SENTENCE, None, max_sequence_length=TEXT_TOKENS)
        assert text.pooled is not None and torch.equal(text.pooled, pooled[0])
        given = {"prompt_embeds": embeds, "pooled_prompt_embeds": pooled, "latents": noise, "guidance_scale": 2.5}
        expected = theirs(image=Image.fromarray(picture), max_area=HEIGHT * WIDTH, _auto_resize=False, **size, **given).images
        expected = theirs._unpack_latents(expected, HEIGHT, WIDTH, theirs.vae_scale_factor)
        expected = expected / theirs.vae.config.scaling_factor + theirs.vae.config.shift_factor
    else:
        embeds, _ = theirs.encode_prompt(SENTENCE, max_sequence_length=TEXT_TOKENS, text_encoder_out_layers=(1, 2, 3))
        wide = noise.transpose(1, 2).reshape(1, -1, *grid)
        expected = theirs(image=Image.fromarray(picture), prompt_embeds=embeds, latents=wide, guidance_scale=1.0, **size).images
    assert torch.equal(text.tokens, embeds[0])

    condition = Condition(tokens=text.tokens[None], pooled=None if text.pooled is None else text.pooled[None], present=None, numeric=0)
    times = base.sigmas(4, source.shape[1])
    assert times == theirs.scheduler.sigmas.tolist()
    x = noise
    for now, after in pairwise(times):
        x = x + (after - now) * base.velocity(x, source, torch.tensor([now]), condition, grid, guidance=2.5)
    ours = base._unpack(x, grid)  # type: ignore[attr-defined]
    assert (ours - noise.mean()).abs().max() > 0.1
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)
    shown = theirs.image_processor.postprocess(theirs.vae.decode(expected, return_dict=False)[0], output_type="np")[0]
    assert np.abs(base.to_pictures(x, HEIGHT, WIDTH)[0] / 255.0 - shown).max() < 0.51 / 255 + 1e-4


@torch.no_grad()
def test_order_of_edits_does_not_matter_and_numbers_do(model: EditModel) -> None:
    one, two = velocity(model, ask(ISO, TURN)), velocity(model, ask(TURN, ISO))
    assert torch.allclose(one, two, atol=1e-5)
    other = velocity(model, ask((ISO[0], 1, -0.9), TURN))
    assert (one - other).abs().max() > 1e-5
    alone, padded = velocity(model, ask(ISO)), velocity(model, ask(ISO), ask(ISO, TURN))
    assert torch.allclose(alone, padded[:1], atol=1e-5)


def test_lora_is_on_both_streams_and_learns_with_the_projector(model: EditModel) -> None:
    names = {name.split(".lora_")[0] for name in model.trained() if ".lora_" in name}
    assert len(names) == 8 + (3 if model.base.name == "kontext" else 2)
    second = [p for name, p in model.transformer.named_parameters() if "lora_B" in name]
    for p in second:
        torch.nn.init.normal_(p, std=0.1)
    velocity(model, ask(ISO)).pow(2).mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.adapter.parameters())
    assert all((p.grad is not None) == ("lora_" in n) for n, p in model.transformer.named_parameters())
    for p in second:
        torch.nn.init.zeros_(p)
    model.zero_grad()


def test_a_trained_adapter_loads_bit_equal_here_and_in_stock_diffusers(
    dataset: Dataset, folder: Path, model: EditModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(model.base), "steps", 2)  # of the pictures in the log
    config = TrainConfig.of(
        shards=str(dataset.manifests), base=str(folder), size=16, rank=4, batch=2, max_steps=2, warmup=1, learning_rate=1e-2, ema=0.0,
        threads=1, out=str(tmp_path / "run"),
    )  # fmt: skip
    adapter = adapter_folder(train(config))
    assert {"pytorch_lora_weights.safetensors", "numeric_projector.safetensors", "tasks.json", "adapter.json"} == {
        p.name for p in adapter.iterdir()
    }
    (trained, _), (again, _) = load_model(adapter), load_model(adapter)
    with torch.no_grad():
        moved = velocity(trained, ask(ISO, TURN))
        assert torch.equal(moved, velocity(again, ask(ISO, TURN)))
        assert (moved - velocity(model, ask(ISO, TURN))).abs().max() > 1e-4

    pipeline = stock(folder)
    said = warnings_of(lambda: pipeline.load_lora_weights(str(adapter)))
    # FLUX.1's loader says of every LoRA without text encoder that it has none.
    assert [line for line in said if "No LoRA keys associated to CLIPTextModel" not in line] == []
    theirs, ours = get_peft_model_state_dict(pipeline.transformer, adapter_name="default_0"), load_tensors(adapter / LORA)
    assert {f"transformer.{name}" for name in theirs} == set(ours)
    assert all(torch.equal(tensor, ours[f"transformer.{name}"]) for name, tensor in theirs.items())


def test_latents_have_the_packed_shape_and_come_back_as_pictures(base: Base) -> None:
    pictures = [np.zeros((16, 24, 3), np.uint8), np.full((16, 24, 3), 255, np.uint8)]
    latents = base.to_latents(pictures)
    rows, columns = base.grid(16, 24)
    assert latents.shape == (2, rows * columns, 16)
    assert [p.shape for p in base.to_pictures(latents, 16, 24)] == [(16, 24, 3)] * 2


def test_without_encoders_their_files_are_not_read(folder: Path, tmp_path: Path, model: EditModel) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(folder, bare)
    for part in ENCODERS[model.base.name]:
        for path in (bare / part).glob("*"):
            if part.startswith("tokenizer") or path.suffix == ".safetensors":
                path.unlink()
    found = find_folder(str(bare))
    assert missing(found, encoders=False) == []
    with pytest.raises(InputError, match=r"vae/diffusion_pytorch_model\.safetensors is missing"):
        open_base(found, size=16)
    without = open_base(found, size=16, encoders=False)
    without.encode_text = model.base.encode_text  # type: ignore[method-assign]  # as a cache would
    without.token_rms = model.base.token_rms
    with torch.no_grad():
        assert torch.equal(velocity(EditModel(without, AdapterOptions(rank=4)), ask(ISO)), velocity(model, ask(ISO)))


def test_a_size_between_tokens_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="takes multiples of 4"):
        open_base(find_folder(str(folder)), size=18)


def test_filling_caches_needs_no_transformer(folder: Path, tmp_path: Path, base: Base) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(folder, bare)
    (bare / "transformer" / "diffusion_pytorch_model.safetensors").unlink()
    without = open_base(find_folder(str(bare)), size=16, transformer=False)
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    assert torch.equal(without.to_latents([picture]), base.to_latents([picture]))
    assert torch.equal(without.encode_text(SENTENCE).tokens, base.encode_text(SENTENCE).tokens)
    assert without.text_width == base.text_width and without.lora_targets == base.lora_targets
