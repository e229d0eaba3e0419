from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cat_dataset.errors import AdapterError
from tests.train.requests import ISO, ask, velocity
from train.adapter.options import AdapterOptions
from train.bases.nano import NanoBase, NanoShape, _curve, _patches, _pixels
from train.bases.words import TEXT_PLACES
from train.editing.sampler import edit_pictures
from train.editing.shipped import shipped_adapter
from train.model import EditModel
from train.model_files import BASE_FILE, load_model, save_adapter
from train.pipeline import NumeriKontrolPipeline

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


def test_numbers_reach_the_modulation(trained: EditModel) -> None:
    """With attention's way from the tokens to the picture cut, the number still changes the answer."""
    for name, parameter in trained.transformer.named_parameters():
        if "add_v_proj" in name or "context_embedder" in name:
            torch.nn.init.zeros_(parameter)
    one, other = velocity(trained, ask(BRIGHT), ask((BRIGHT[0], 4, 0.1)), side=2)
    assert (one - other).abs().max() > 1e-3


def test_a_padded_place_is_not_added_up(trained: EditModel) -> None:
    """An instruction's pooled vector is its own, whatever its batch mates have; none is left out of its own either."""
    two = velocity(trained, ask(BRIGHT, GAIN), ask(BRIGHT), ask(GAIN), side=2)
    assert torch.allclose(two[1:2], velocity(trained, ask(BRIGHT), side=2), atol=1e-4)
    assert (two[0] - two[1]).abs().max() > 1e-3


def test_the_curve_is_a_quadratic_in_the_source_colours() -> None:
    pixels = torch.rand(1, 16, 24, 3) * 2 - 1
    source = _patches(pixels, 8)
    coefficients = torch.zeros(1, 6, 3, 10)
    coefficients[:, :, 0, 3], coefficients[:, :, 1, 6], coefficients[:, :, 2, 9] = 2.0, -1.0, 0.5
    result = _pixels(_curve(source, coefficients.flatten(2), (2, 3), 8), (2, 3), 8)
    r, g, _ = pixels.unbind(-1)
    assert torch.allclose(result, torch.stack([2 * r * r, -r * g, torch.full_like(r, 0.5)], dim=-1), atol=1e-6)


def test_without_residual_form_it_predicts_the_velocity_and_says_so(tmp_path: Path) -> None:
    model = EditModel(NanoBase(replace(SHAPE, residual=False)), AdapterOptions())
    source = picture()
    (edited,) = edit_pictures(model, [source], [ask(BRIGHT)], steps=2)
    assert np.abs(edited.astype(int) - source).max() > 50
    save_adapter(tmp_path, model, {"tasks": {"iso": 1}})
    again, about = load_model(tmp_path)
    assert about["base_about"]["shape"]["residual"] is False
    assert torch.equal(velocity(model.eval(), ask(ISO), side=2), velocity(again, ask(ISO), side=2))


def test_every_trained_part_gets_a_gradient(trained: EditModel) -> None:
    velocity(trained, ask(BRIGHT), side=2).pow(2).mean().backward()
    for name, module in trained.named_children():
        assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in module.parameters()), name


def test_a_sentence_is_read_in_its_order(trained: EditModel) -> None:
    asked = [ask((sentence, 4, 0.5)) for sentence in ("Increase the exposure by 12 EV", "Increase the exposure by 21 EV")]
    assert not torch.allclose(*velocity(trained, *asked, side=2), atol=1e-4)


def test_a_sentence_of_any_length_is_one_token() -> None:
    base = NanoBase(SHAPE)
    texts = [base.encode_text(sentence).tokens for sentence in ("", "Increase the ISO", "very " * 100 + "long")]
    assert {tuple(text.shape) for text in texts} == {(1, TEXT_PLACES)}
    tokens = base.words(torch.stack(texts))
    assert tokens.shape == (3, 1, base.text_width)
    assert tokens.isfinite().all()


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


def test_the_adapter_that_ships_brightens_by_number() -> None:
    assert sum(file.stat().st_size for file in shipped_adapter().iterdir()) <= 20e6
    ramp = np.linspace(20, 150, 96)[:, None, None] * np.linspace(0.7, 1, 72)[None, :, None] * np.array([1.0, 0.9, 0.8])
    pipe = NumeriKontrolPipeline.from_pretrained()
    sweep = pipe.sweep(ramp.astype(np.uint8), "exposure", [-1.5, -0.5, 0, 0.5, 1.5], output="np")
    means = [float(np.mean(edited)) for edited in sweep]  # type: ignore[arg-type]
    assert np.all(np.diff(means) > 3)
    assert abs(means[2] - ramp.mean()) < 5
