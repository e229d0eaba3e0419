from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from cat_dataset.errors import InputError
from cat_dataset.instructions import Edit
from cat_dataset.manifests import Dataset
from tests.train.tiny_kontext import save_tiny_kontext
from train.base import Instruction
from train.checkpoint import checkpoints
from train.config import TrainConfig
from train.edit import Editor
from train.kontext import KontextBase
from train.run import train


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_kontext(tmp_path_factory.mktemp("kontext"))


@pytest.fixture
def base(weights: Path) -> KontextBase:
    return KontextBase.open(weights, rank=4, size=16, seed=0)


def ask(*parts: tuple[str, int, float]) -> Instruction:
    return Instruction(text="", tasks=tuple(p[1] for p in parts), numbers=tuple(p[2] for p in parts), parts=tuple(p[0] for p in parts))


ISO, TURN = ("Increase the ISO by 400", 1, 0.4), ("Rotate the car by 30 degrees about the vertical axis", 10, 0.2)


def velocity(base: KontextBase, request: Instruction) -> torch.Tensor:
    source = torch.randn(1, 16, 16, generator=torch.Generator().manual_seed(0))
    noisy = torch.randn(1, 16, 16, generator=torch.Generator().manual_seed(1))
    return base.velocity(noisy, source, torch.tensor([0.5]), base.condition([request], 32), (4, 4))


@torch.no_grad()
def test_order_of_edits_does_not_matter_and_numbers_do(base: KontextBase) -> None:
    one, two = velocity(base, ask(ISO, TURN)), velocity(base, ask(TURN, ISO))
    assert torch.allclose(one, two, atol=1e-5)
    other = velocity(base, ask((ISO[0], 1, -0.9), TURN))
    assert (one - other).abs().max() > 1e-5


def test_lora_is_on_both_streams_and_learns_with_the_projector(base: KontextBase) -> None:
    names = {name.split(".lora_")[0] for name, p in base.pipeline.transformer.named_parameters() if p.requires_grad}
    assert len(names) == 8 + 3
    for name, p in base.pipeline.transformer.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(p, std=0.1)
    velocity(base, ask(ISO)).pow(2).mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for n, p in base.projector.named_parameters() if n != "task.weight")
    assert all(p.grad is None for n, p in base.pipeline.transformer.named_parameters() if "lora_" not in n)


def test_training_saves_an_adapter_that_edits_as_trained(dataset: Dataset, weights: Path, tmp_path: Path) -> None:
    config = TrainConfig(
        shards=str(dataset.manifests), base=str(weights), size=16, rank=4, batch=2, max_steps=3, warmup=1, learning_rate=1e-2, ema=0.0,
        threads=1, out=str(tmp_path / "run"),
    )  # fmt: skip
    run = train(config)
    assert {p.name for p in (checkpoints(run)[-1] / "adapter").iterdir()} == {
        "pytorch_lora_weights.safetensors", "numeric_projector.safetensors", "tasks.json", "adapter.json",
    }  # fmt: skip
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    request = [[Edit("iso", 2.0, relative=True)]]
    once, again = (Editor(run).edit(picture, request, steps=2)[0] for _ in range(2))
    assert np.array_equal(once, again)
    trained = KontextBase.load(checkpoints(run)[-1] / "adapter", weights)
    fresh = KontextBase.open(weights, rank=4, size=16, seed=0)
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


def test_incomplete_weights_are_named(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_bytes((weights / "model_index.json").read_bytes())
    with pytest.raises(InputError, match=r"cannot be loaded as FLUX\.1 Kontext"):
        KontextBase.open(tmp_path, rank=4, size=16, seed=0)
