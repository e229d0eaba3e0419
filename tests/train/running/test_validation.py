"""Validation against a model of which the right answer is known: a fresh nano gives the source back."""

from __future__ import annotations

import numpy as np
import pytest

from cat_dataset.images import Rgb
from cat_dataset.manifests import Dataset
from train.bases.nano import NanoBase, NanoShape
from train.config import TrainConfig
from train.data.feed import Feed
from train.measure import HeldOut
from train.model import EditModel
from train.running.distributed import Team
from train.running.validation import Validation


def test_copies_measure_as_copies(dataset: Dataset) -> None:
    config, base = TrainConfig(), NanoBase(NanoShape(size=16))
    model, feed = EditModel(base, config.adapter), Feed(dataset, base, config.adapter, config.data, seed=0, batch=2)
    names = ["rotation_z", "iso"]
    shown: list[Rgb] = []
    found = Validation(dataset, feed, model, names, 3, Team(cpu=True)).run(shown.append)
    assert list(found) == names
    held_out = HeldOut(dataset, "validation", 16)
    for name, values in found.items():
        trials = held_out.trials(name, 3, config.adapter)
        scores = [held_out.score(trial, trial.source) for trial in trials]
        assert values["pairs"] == len(trials) == 3
        assert values["psnr"] == values["psnr_copy"] == pytest.approx(np.mean([score.copied for score in scores]))
        assert values["error"] == pytest.approx(np.mean([abs(score.asked) for score in scores]))
        assert values["slope"] == pytest.approx(0, abs=1e-9)
    (strip,) = shown
    assert strip.dtype == np.uint8
    assert strip.shape[0] > 3 * 128, "three rows"
    assert strip.shape[1] > 6 * 128, "a column for each edit"
