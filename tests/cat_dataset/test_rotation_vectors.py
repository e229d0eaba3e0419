"""The change between two rotations, against OpenCV's Rodrigues formula."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.rotation_vectors import turn_between

Vectors = st.tuples(*[st.floats(-360, 360, allow_nan=False)] * 3)


def matrix(vector: tuple[float, ...]) -> np.ndarray:
    return cv2.Rodrigues(np.radians(np.array(vector)))[0]


@given(Vectors, Vectors)
def test_the_turn_leads_from_source_to_target(source: tuple[float, ...], target: tuple[float, ...]) -> None:
    turn = turn_between(source, target)
    assert matrix(turn) @ matrix(source) == pytest.approx(matrix(target), abs=1e-6)
    assert np.linalg.norm(turn) <= 180 + 1e-9


@given(st.sampled_from([0, 1, 2]), st.floats(-180, 180), st.floats(-180, 180))
def test_about_one_axis_it_is_the_difference(axis: int, source: float, target: float) -> None:
    one, other = np.zeros(3), np.zeros(3)
    one[axis], other[axis] = source, target
    turn = turn_between(one.tolist(), other.tolist())
    difference = (target - source + 180) % 360 - 180
    if abs(abs(difference) - 180) > 1e-6:
        assert turn[axis] == pytest.approx(difference, abs=1e-6)
    assert [turn[k] for k in range(3) if k != axis] == [0, 0]


@given(Vectors, Vectors)
def test_mirroring_keeps_x_and_negates_the_others(source: tuple[float, ...], target: tuple[float, ...]) -> None:
    turn = turn_between(source, target)
    if abs(np.linalg.norm(turn) - 180) > 1e-3:  # half a turn has two vectors
        mirrored = turn_between((source[0], -source[1], -source[2]), (target[0], -target[1], -target[2]))
        assert mirrored == pytest.approx((turn[0], -turn[1], -turn[2]), abs=1e-5)
