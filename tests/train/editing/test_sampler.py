"""Sampling: the stock noise, batches that do not matter, guidance, progress, cancelling."""

from __future__ import annotations

import math
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import torch

from cat_dataset.errors import RunFailed, Stopped, UsageError
from tests.train.adapters import random_model
from tests.train.requests import ISO, TURN, ask
from train.bases.choose import open_base
from train.bases.folder import find_folder
from train.bases.interface import Condition
from train.bases.nano import NanoBase, NanoShape
from train.editing.sampler import edit_latents, edit_pictures, starting_noise
from train.model import EditModel
from train.requests import Instruction, collate

SOURCE = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
MIXED = [ask(ISO), ask(ISO, TURN), ask((ISO[0], 1, -0.8))]
"""Of one, two and one edits, so that batches of them are padded."""


@pytest.fixture(scope="module")
def nano() -> EditModel:
    return random_model(NanoBase(NanoShape(size=16)))


@pytest.fixture(scope="module")
def kontext(tiny_kontext: Path) -> EditModel:
    return random_model(open_base(find_folder(str(tiny_kontext)), size=16))


@pytest.fixture(scope="module")
def klein(tiny_klein: Path) -> EditModel:
    return random_model(open_base(find_folder(str(tiny_klein)), size=16))


@pytest.fixture(params=["nano", "kontext", "klein"])
def model(request: pytest.FixtureRequest) -> EditModel:
    found: EditModel = request.getfixturevalue(request.param)
    return found


def edited(model: EditModel, *instructions: Instruction, steps: int = 2, **how: Any) -> torch.Tensor:
    """Latents of SOURCE under each instruction."""
    source = model.base.to_latents([SOURCE])
    return edit_latents(model, source.expand(len(instructions), -1, -1), instructions, model.base.grid(16, 24), steps=steps, **how)


def test_a_result_that_is_not_finite_is_no_picture(nano: EditModel) -> None:
    with pytest.raises(RunFailed, match="numbers that are not finite"):
        edited(nano, ask((ISO[0], ISO[1], math.inf)))


def test_a_batch_is_what_its_pictures_are_alone(model: EditModel) -> None:
    together = edited(model, *MIXED, seed=3)
    alone = torch.cat([edited(model, instruction, seed=3) for instruction in MIXED])
    in_parts = edited(model, *MIXED, seed=3, batch=2)
    assert (together - alone).abs().max() <= 1e-5
    assert (together - in_parts).abs().max() <= 1e-5
    assert (together[0] - together[2]).abs().max() > 1e-3  # numbers count


def test_the_order_of_edits_does_not_matter(model: EditModel) -> None:
    assert (edited(model, ask(ISO, TURN)) - edited(model, ask(TURN, ISO))).abs().max() <= 1e-5


def test_a_seed_is_a_picture(kontext: EditModel) -> None:
    one, again, other = (edited(kontext, ask(ISO), seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert (one - other).abs().max() > 1e-3


def test_noise_is_what_the_stock_pipelines_draw(kontext: EditModel, klein: EditModel) -> None:
    for model, wanted in ((kontext, 4), (klein, None)):
        pipeline, grid = model.base.pipeline, (4, 6)
        channels: int = model.transformer.config.in_channels
        height, width = (side * model.base.cell for side in grid)
        generator = torch.Generator().manual_seed(7)
        size, kind = (height, width), (torch.float32, torch.device("cpu"), generator)
        stock = (
            pipeline.prepare_latents(None, 1, wanted, *size, *kind)[0] if wanted
            else pipeline.prepare_latents(1, channels // 4, *size, *kind, None)[0]
        )  # fmt: skip
        assert torch.equal(starting_noise(model.base, grid, channels, 7), stock[0])


def test_classifier_free_guidance(klein: EditModel) -> None:
    """One step from noise: v(∅) + w (v(instruction) - v(∅)), and one evaluation is enough where w = 1."""
    base, calls = klein.base, []
    handle = klein.transformer.register_forward_hook(lambda *_: calls.append(1))
    weighted, plain = edited(klein, ask(ISO), steps=1, guidance=3.0), edited(klein, ask(ISO), steps=1, guidance=1.0)
    handle.remove()
    assert len(calls) == 3
    source, noise = base.to_latents([SOURCE]), starting_noise(base, base.grid(16, 24), plain.shape[2], 0)
    nothing = Condition(tokens=base.encode_text("").tokens[None], pooled=None, present=None, numeric=0)
    with torch.no_grad():
        free = base.velocity(noise[None], source, torch.ones(1), nothing, base.grid(16, 24), guidance=None)
        asked = klein(noise[None], source, torch.ones(1), collate([ask(ISO)], base.encode_text), base.grid(16, 24), None)
    assert torch.allclose(weighted, noise - (free + 3.0 * (asked - free)), atol=1e-5)
    assert torch.allclose(plain, noise - asked, atol=1e-5)
    assert (asked - free).abs().max() > 1e-3


def test_embedded_guidance_counts_and_nano_has_none(kontext: EditModel, nano: EditModel) -> None:
    assert (edited(kontext, ask(ISO), guidance=1.0) - edited(kontext, ask(ISO), guidance=6.0)).abs().max() > 1e-5
    with pytest.raises(UsageError, match="no guidance to set"):
        edited(nano, ask(ISO), guidance=2.0)


def test_a_source_is_encoded_once(nano: EditModel, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    encode = nano.base.to_latents
    monkeypatch.setattr(nano.base, "to_latents", lambda pictures: (seen.append(len(pictures)), encode(pictures))[1])
    other = SOURCE[::-1].copy()
    pictures = edit_pictures(nano, [SOURCE, other, SOURCE], [MIXED[0], MIXED[0], MIXED[2]], steps=2)
    assert seen == [2]
    monkeypatch.undo()
    for picture, source, instruction in zip(pictures, (SOURCE, other, SOURCE), (MIXED[0], MIXED[0], MIXED[2]), strict=True):
        assert np.abs(edit_pictures(nano, [source], [instruction], steps=2)[0].astype(int) - picture).max() <= 1


def test_progress_and_cancel(nano: EditModel) -> None:
    told: list[tuple[int, int]] = []
    edited(nano, *MIXED, batch=2, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    stop, done = Event(), []

    def after_two(step: int, _: int) -> None:
        done.append(step)
        if step == 2:
            stop.set()

    with pytest.raises(Stopped, match="cancelled"):
        edited(nano, ask(ISO), steps=5, progress=after_two, cancel=stop)
    assert done == [1, 2]
    with pytest.raises(Stopped):
        edited(nano, ask(ISO), cancel=lambda: True)


def test_editing_leaves_the_model_in_the_mode_it_was_in(nano: EditModel) -> None:
    nano.train()
    edited(nano, ask(ISO))
    was = nano.training
    nano.eval()
    assert was
