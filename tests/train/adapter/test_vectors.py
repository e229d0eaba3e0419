"""Rotations about several axes are composed: the model is told R_target · R_sourceᵀ, an axis at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from cat_dataset.attributes import attribute
from cat_dataset.pairs import PairIndex
from tests.cat_dataset.factory import build_dataset, make_series
from train.adapter.options import AdapterOptions
from train.data.instructions import of_pair

AXES = ("rotation_x", "rotation_y", "rotation_z")


def matrix(degrees: Sequence[float]) -> torch.Tensor:
    """The rotation matrix of a rotation vector: the exponential of its cross product."""
    x, y, z = np.radians(degrees).tolist()
    return torch.linalg.matrix_exp(torch.tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]], dtype=torch.float64))


def test_a_turn_about_three_axes_is_composed_not_subtracted(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).uniform(-80, 80, (6, 3))
    make_series(tmp_path / "series", "tumble", dict(zip(AXES, vectors.T.tolist(), strict=True)))
    dataset = build_dataset(tmp_path, split={"train": 1.0, "validation": 0.0, "test": 0.0})
    index = PairIndex(dataset, split="train", zero_share=0.0)
    for number in range(12):
        pair = index.pair(number)
        told = of_pair(pair, AdapterOptions())
        assert told.tasks == tuple(attribute(name).task for name in AXES)
        turn = [value * attribute(name).span for name, value in zip(AXES, told.numbers, strict=True)]
        source, target = vectors[pair.source], vectors[pair.target]
        assert torch.allclose(matrix(turn), matrix(target) @ matrix(source).T, atol=1e-9)
        assert not np.allclose(turn, target - source, atol=1.0)
        assert [part.endswith("backwards") for part in told.parts] == [degrees < 0 for degrees in turn]
        for about, part in zip(("left-right", "front-back", "vertical"), told.parts, strict=True):
            assert f"about the {about} axis" in part
