from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from cat_dataset.manifests import Dataset
from cat_dataset.pairs import PairIndex
from tests.train.requests import ISO, TURN, ask
from train.adapter.options import AdapterOptions
from train.bases.nano import NanoBase, NanoShape
from train.data.loader import BatchLoader
from train.model import EditModel
from train.objective.consistency import Second, is_second
from train.objective.options import ObjectiveOptions
from train.objective.step import Objective

GRID = (2, 2)


@pytest.fixture(scope="module")
def base() -> NanoBase:
    return NanoBase(NanoShape(size=16))


def latents(base: NanoBase, number: int) -> Tensor:
    return torch.randn(2, 4, 3 * base.cell**2, generator=torch.Generator().manual_seed(number))


def loss(base: NanoBase, model: Any, second: Second | None, weight: float = 0.5) -> Tensor:
    objective = Objective(ObjectiveOptions(consistency=weight), base, 0, base.encode_text)
    return objective.losses(model, latents(base, 0), latents(base, 1), [ask(ISO), ask(TURN)], [4, 9], GRID, second)


def test_a_second_edit_adds_its_loss_and_its_gradients(base: NanoBase) -> None:
    """The second pass starts at the first one's picture, which no gradient passes: a weight of 0 leaves the first's gradients."""
    model = EditModel(base, AdapterOptions())
    second = Second(target=latents(base, 2), instructions=[ask(TURN), ask(ISO)])
    found = {}
    for name, weight in (("none", None), ("zero", 0.0), ("half", 0.5), ("whole", 1.0)):
        model.zero_grad()
        each = loss(base, model, None if weight is None else second, weight or 0.0)
        assert torch.isfinite(each).all()
        each.sum().backward()
        found[name] = each.detach(), model.adapter.projector.gain.grad.clone(), base.transformer.proj_out.weight.grad.clone()
    assert torch.equal(found["none"][0], found["zero"][0])
    for a, b in zip(found["none"][1:], found["zero"][1:], strict=True):
        assert torch.allclose(a, b, atol=1e-9)
    assert (found["half"][0] > found["none"][0]).all()
    assert torch.allclose(found["whole"][0] - found["none"][0], 2 * (found["half"][0] - found["none"][0]), rtol=1e-4)
    assert (found["half"][2] - found["none"][2]).abs().max() > 1e-6


def test_perfect_predictions_cost_nothing_and_b_is_what_is_edited_on(base: NanoBase) -> None:
    truth = [latents(base, 1), latents(base, 2)]
    sources = []

    def perfect(noisy: Tensor, source: Tensor, t: Tensor, *_: Any) -> Tensor:
        sources.append(source)
        return (noisy - truth[len(sources) - 1]) / t[:, None, None]

    each = loss(base, perfect, Second(target=truth[1], instructions=[ask(TURN), ask(ISO)]))
    assert each.max() < 1e-8
    assert torch.equal(sources[0], latents(base, 0))
    assert torch.allclose(sources[1], truth[0], atol=1e-4)


def test_the_share_of_steps_is_kept_and_is_off_by_default() -> None:
    options = ObjectiveOptions(consistency=1.0, consistency_share=0.25)
    assert sum(is_second(options, 3, step) for step in range(2000)) == pytest.approx(500, abs=80)
    assert not any(is_second(ObjectiveOptions(), 3, step) for step in range(50))


def test_batches_of_such_steps_lead_on_from_their_targets(dataset: Dataset) -> None:
    index = PairIndex(dataset, zero_share=0.2, mirror=0.5)
    options = ObjectiveOptions(consistency=1.0, consistency_share=0.5)
    make = BatchLoader(dataset, index, AdapterOptions(), size=8, batch=32, crop=0.5, cache_mb=1, second=partial(is_second, options, 0)).make
    steps = [make(step) for step in range(8)]
    assert [batch.second is not None for batch in steps] == [is_second(options, 0, step) for step in range(8)]
    batch = next(batch for batch in steps if batch.second)
    assert batch.second is not None
    for number, (pair, onward) in enumerate(zip(batch.pairs, batch.second.pairs, strict=True)):
        assert (onward.index, onward.series, onward.source, onward.mirrored) == (pair.index, pair.series, pair.target, pair.mirrored)
        assert onward.target != onward.source and onward.edits
        assert (batch.second.sources[number] == batch.targets[number]).all()
    assert batch.second.pairs == [PairIndex(dataset, zero_share=0.2, mirror=0.5).onward(pair) for pair in batch.pairs]
    assert any(onward.target != pair.source for pair, onward in zip(batch.pairs, batch.second.pairs, strict=True))
