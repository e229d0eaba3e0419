"""Rotations about several axes are composed: the model is told R_target · R_sourceᵀ, an axis at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cat_dataset.attributes import attribute
from cat_dataset.pairs import PairIndex
from tests.cat_dataset.factory import build_dataset, make_series
from train.adapter.options import AdapterOptions
from train.data.instructions import of_pair

AXES = ("rotation_x", "rotation_y", "rotation_z")


def test_a_turn_about_three_axes_is_composed_not_subtracted(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).uniform(-80, 80, (6, 3))
    make_series(tmp_path / "series", "tumble", dict(zip(AXES, vectors.T.tolist(), strict=True)))
    dataset = build_dataset(tmp_path, split={"train": 1.0, "validation": 0.0, "test": 0.0})
    index = PairIndex(dataset, split="train", zero_share=0.0)
    span, subtracted = attribute("rotation_x").span, 0
    for number in range(12):
        pair = index.pair(number)
        told = of_pair(pair, AdapterOptions())
        assert told.tasks == tuple(attribute(name).task for name in AXES)
        source, target = (Rotation.from_rotvec(vectors[row], degrees=True) for row in (pair.source, pair.target))
        expected = (target * source.inv()).as_rotvec(degrees=True)
        assert np.array(told.numbers) * span == pytest.approx(expected, abs=1e-6)
        subtracted += bool(np.allclose(expected, vectors[pair.target] - vectors[pair.source], atol=1.0))
        backwards = [part.endswith("backwards") for part in told.parts]
        assert backwards == [bool(degrees < 0) for degrees in expected]
        assert all(f"the {about} axis" in part for about, part in zip(("left-right", "front-back", "vertical"), told.parts, strict=True))
    assert subtracted == 0
