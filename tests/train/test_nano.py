from pathlib import Path

import numpy as np
import pytest
import torch

from cat_dataset.errors import AdapterError
from train.base import Instruction
from train.nano import NanoBase
from train.sampler import edit_pictures


def ask(*edits: tuple[int, float]) -> Instruction:
    return Instruction(text="", tasks=tuple(t for t, _ in edits), numbers=tuple(n for _, n in edits), parts=("",) * len(edits))


@pytest.fixture
def trained() -> NanoBase:
    """Not trained, but with an output layer that is no longer zero."""
    base = NanoBase(size=16, patch=8)
    torch.manual_seed(1)
    torch.nn.init.normal_(base.transformer.proj_out.weight, std=0.5)
    return base


def picture(height: int = 16, width: int = 16) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_latents_give_the_picture_back() -> None:
    base, source = NanoBase(size=16, patch=8), picture(16, 24)
    latents = base.to_latents([source, source])
    assert latents.shape == (2, 6, 192)
    assert np.array_equal(base.to_pictures(latents, 16, 24)[1], source)


def test_before_training_an_edit_returns_the_source() -> None:
    source = picture()
    (edited,) = edit_pictures(NanoBase(size=16, patch=8), [source], [ask((4, 0.7))], steps=4)
    assert np.abs(edited.astype(int) - source).max() <= 2


def test_the_number_the_task_and_the_source_all_matter(trained: NanoBase) -> None:
    results = [edit_pictures(trained, [s], [a], steps=2)[0] for s, a in (
        (picture(), ask((4, 0.5))), (picture(), ask((4, -0.5))), (picture(), ask((1, 0.5))), (picture()[::-1].copy(), ask((4, 0.5))),
    )]  # fmt: skip
    for other in results[1:]:
        assert not np.array_equal(results[0], other)


def test_the_order_of_edits_does_not_matter(trained: NanoBase) -> None:
    one, two = (edit_pictures(trained, [picture()], [a], steps=2)[0] for a in (ask((4, 0.5), (1, -0.3)), ask((1, -0.3), (4, 0.5))))
    assert np.abs(one.astype(int) - two).max() <= 1


def test_batch_mates_with_more_edits_change_nothing(trained: NanoBase) -> None:
    source = trained.to_latents([picture(), picture()])
    noisy, t = torch.randn(source.shape, generator=torch.Generator().manual_seed(3)), torch.tensor([0.6, 0.6])
    both = trained.velocity(noisy, source, t, trained.condition([ask((4, 0.5)), ask((4, 0.5), (1, 0.2))], 8), (2, 2))
    alone = trained.velocity(noisy[:1], source[:1], t[:1], trained.condition([ask((4, 0.5))], 8), (2, 2))
    assert torch.allclose(both[:1], alone, atol=1e-4)


def test_every_trained_module_gets_a_gradient(trained: NanoBase) -> None:
    source = trained.to_latents([picture()])
    trained.velocity(torch.randn_like(source), source, torch.tensor([0.5]), trained.condition([ask((4, 0.5))], 8), (2, 2)).pow(
        2
    ).mean().backward()
    for name, module in trained.modules().items():
        assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in module.parameters()), name


def test_saved_and_loaded_edits_are_equal(trained: NanoBase, tmp_path: Path) -> None:
    trained.save(tmp_path)
    again = NanoBase.load(tmp_path)
    a, b = (edit_pictures(base, [picture()], [ask((4, 0.5))], steps=2)[0] for base in (trained, again))
    assert np.array_equal(a, b)


def test_a_damaged_adapter_is_named(trained: NanoBase, tmp_path: Path) -> None:
    trained.save(tmp_path)
    (tmp_path / "transformer.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(AdapterError, match="no usable nano adapter"):
        NanoBase.load(tmp_path)


def test_fit_keeps_the_aspect_ratio_on_the_grid() -> None:
    base = NanoBase(size=64, patch=8)
    assert base.fit(picture(200, 300)).shape == (56, 80, 3) or base.fit(picture(200, 300)).shape == (48, 80, 3)
