from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from cat_dataset.errors import InputError
from cat_dataset.instructions import Edit
from cat_dataset.manifests import Dataset
from tests.train.requests import ISO, TURN, ask, velocity
from train.adapter.files import load_model
from train.adapter.options import AdapterOptions
from train.bases.folder import find_folder
from train.bases.kontext import KontextBase
from train.config import TrainConfig
from train.model import EditModel
from train.pipeline import NumeriKontrolPipeline
from train.run import train
from train.running.checkpoint import adapter_folder


@pytest.fixture
def base(tiny_kontext: Path) -> KontextBase:
    return KontextBase(find_folder(str(tiny_kontext)), size=16)


@pytest.fixture
def model(base: KontextBase) -> EditModel:
    return EditModel(base, AdapterOptions(rank=4))


@torch.no_grad()
def test_order_of_edits_does_not_matter_and_numbers_do(model: EditModel) -> None:
    one, two = velocity(model, ask(ISO, TURN)), velocity(model, ask(TURN, ISO))
    assert torch.allclose(one, two, atol=1e-5)
    other = velocity(model, ask((ISO[0], 1, -0.9), TURN))
    assert (one - other).abs().max() > 1e-5


def test_lora_is_on_both_streams_and_learns_with_the_projector(model: EditModel) -> None:
    names = {name.split(".lora_")[0] for name in model.trained() if ".lora_" in name}
    assert len(names) == 8 + 3
    for name, p in model.transformer.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(p, std=0.1)
    velocity(model, ask(ISO)).pow(2).mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.adapter.parameters())
    assert all(p.grad is None for n, p in model.transformer.named_parameters() if "lora_" not in n)


def test_training_saves_an_adapter_that_edits_as_trained(dataset: Dataset, tiny_kontext: Path, tmp_path: Path) -> None:
    config = TrainConfig.of(
        shards=str(dataset.manifests), base=str(tiny_kontext), size=16, rank=4, batch=2, max_steps=3, warmup=1, learning_rate=1e-2, ema=0.0,
        threads=1, out=str(tmp_path / "run"),
    )  # fmt: skip
    run = train(config)
    assert {p.name for p in adapter_folder(run).iterdir()} == {
        "pytorch_lora_weights.safetensors", "numeric_projector.safetensors", "tasks.json", "adapter.json",
    }  # fmt: skip
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    request = [[Edit("iso", 2.0, relative=True)]]
    once, again = (NumeriKontrolPipeline.from_pretrained(run)(picture, request[0], steps=2, output="np") for _ in range(2))
    assert np.array_equal(once, again)
    trained, _ = load_model(adapter_folder(run))
    fresh = EditModel(KontextBase(find_folder(str(tiny_kontext)), size=16), AdapterOptions(rank=4))
    with torch.no_grad():
        assert (velocity(trained, ask(ISO)) - velocity(fresh, ask(ISO))).abs().max() > 1e-4


def test_latents_have_the_packed_shape_and_come_back_as_pictures(base: KontextBase) -> None:
    pictures = [np.zeros((16, 24, 3), np.uint8), np.full((16, 24, 3), 255, np.uint8)]
    latents = base.to_latents(pictures)
    rows, columns = base.grid(16, 24)
    assert latents.shape == (2, rows * columns, 16)
    assert [p.shape for p in base.to_pictures(latents, 16, 24)] == [(16, 24, 3)] * 2


def test_times_are_shifted_as_at_inference(base: KontextBase) -> None:
    """μ = 0.63 at 1024 tokens (facts of the diffusers scheduler), so the middle of the schedule moves to 0.65."""
    from diffusers.pipelines.flux.pipeline_flux_kontext import calculate_shift

    scheduler = base.pipeline.scheduler
    scheduler.set_timesteps(sigmas=np.linspace(1.0, 1 / 28, 28), mu=calculate_shift(1024))
    assert base.sigmas(28, 1024) == pytest.approx(scheduler.sigmas.tolist(), abs=1e-5)


def test_incomplete_weights_are_named(tiny_kontext: Path, tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_bytes((tiny_kontext / "model_index.json").read_bytes())
    with pytest.raises(InputError, match="cannot be loaded"):
        KontextBase(find_folder(str(tmp_path)), size=16)
