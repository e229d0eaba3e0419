"""Displacements, against the pixels of a picture moved by matrices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.simulate.displacement import Displacement

SMALL = st.builds(
    Displacement, st.floats(-50, 50), st.floats(-50, 50), st.floats(-180, 180), st.floats(0.2, 5)
)  # fmt: skip


def matrix(one: Displacement) -> np.ndarray:
    """3×3 on positions from the centre, x right and y down: clockwise turns are positive angles there."""
    angle = np.radians(one.turn)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    whole = np.eye(3)
    whole[:2, :2], whole[:2, 2] = one.scale * turn, (one.right, one.down)
    return whole


@given(SMALL, st.floats(-100, 100), st.floats(-100, 100))
def test_the_origin_of_a_place_is_what_is_moved_there(one, x, y):
    back = one.origin(np.array([x]), np.array([y]))
    assert matrix(one) @ [back[0][0], back[1][0], 1] == pytest.approx([x, y, 1], abs=1e-6)


@given(SMALL, SMALL)
def test_one_after_the_other(one, two):
    assert matrix(one.then(two)) == pytest.approx(matrix(two) @ matrix(one), abs=1e-6)
