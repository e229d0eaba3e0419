from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from cat_dataset.errors import AdapterError
from tests.train.requests import ISO, ask, velocity
from train.adapter.files import BASE_FILE, load_model, save_adapter
from train.adapter.options import AdapterOptions
from train.bases.nano import NanoBase, NanoShape
from train.model import EditModel
from train.sampler import edit_pictures

SHAPE = NanoShape(size=16, patch=8)
BRIGHT, DARK, GAIN = (("Increase the exposure", 4, 0.5), ("Decrease the exposure", 4, -0.5), ("Decrease the ISO", 1, -0.3))


@pytest.fixture
def trained() -> EditModel:
    """Not trained, but with an output layer that is no longer zero."""
    model = EditModel(NanoBase(SHAPE), AdapterOptions())
    torch.manual_seed(1)
    torch.nn.init.normal_(model.base.transformer.proj_out.weight, std=0.5)  # type: ignore[union-attr, arg-type]
    return model


def picture(height: int = 16, width: int = 16) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_latents_give_the_picture_back() -> None:
    base, source = NanoBase(SHAPE), picture(16, 24)
    latents = base.to_latents([source, source])
    assert latents.shape == (2, 6, 192)
    assert np.array_equal(base.to_pictures(latents, 16, 24)[1], source)


def test_before_training_an_edit_returns_the_source() -> None:
    source = picture()
    (edited,) = edit_pictures(EditModel(NanoBase(SHAPE), AdapterOptions()), [source], [ask(BRIGHT)], steps=4)
    assert np.abs(edited.astype(int) - source).max() <= 2


def test_the_number_the_task_and_the_source_all_matter(trained: EditModel) -> None:
    number, task = (BRIGHT[0], 4, -0.5), (BRIGHT[0], 1, 0.5)
    asked = ((picture(), ask(BRIGHT)), (picture(), ask(number)), (picture(), ask(task)), (picture()[::-1].copy(), ask(BRIGHT)))
    results = [edit_pictures(trained, [s], [a], steps=2)[0] for s, a in asked]
    for other in results[1:]:
        assert not np.array_equal(results[0], other)


def test_the_order_of_edits_does_not_matter(trained: EditModel) -> None:
    one, two = velocity(trained, ask(BRIGHT, GAIN), side=2), velocity(trained, ask(GAIN, BRIGHT), side=2)
    assert torch.allclose(one, two, atol=1e-5)


def test_batch_mates_with_more_edits_change_nothing(trained: EditModel) -> None:
    both, alone = velocity(trained, ask(BRIGHT), ask(BRIGHT, GAIN), side=2), velocity(trained, ask(BRIGHT), side=2)
    assert torch.allclose(both[:1], alone, atol=1e-4)


def test_every_trained_part_gets_a_gradient(trained: EditModel) -> None:
    velocity(trained, ask(BRIGHT), side=2).pow(2).mean().backward()
    for name, module in trained.named_children():
        assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in module.parameters()), name


def test_a_sentence_is_read_in_its_order(trained: EditModel) -> None:
    asked = [ask((sentence, 4, 0.5)) for sentence in ("Increase the exposure by 12 EV", "Increase the exposure by 21 EV")]
    assert not torch.allclose(*velocity(trained, *asked, side=2), atol=1e-4)


def test_saved_and_loaded_edits_are_equal(trained: EditModel, tmp_path: Path) -> None:
    save_adapter(tmp_path, trained, {"tasks": {"iso": 1}})
    again, _ = load_model(tmp_path)
    assert torch.equal(velocity(trained, ask(ISO), side=2), velocity(again, ask(ISO), side=2))


def test_a_damaged_adapter_is_named(trained: EditModel, tmp_path: Path) -> None:
    save_adapter(tmp_path, trained, {"tasks": {"iso": 1}})
    (tmp_path / BASE_FILE).write_bytes(b"\0" * 100)
    with pytest.raises(AdapterError, match="cannot be read"):
        load_model(tmp_path)


def test_fit_keeps_the_aspect_ratio_on_the_grid() -> None:
    assert NanoBase().fit(picture(200, 300)).shape in ((56, 80, 3), (48, 80, 3))
