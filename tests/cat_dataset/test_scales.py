"""Scales rise with the natural value and undo themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.scales import ANGLE, F_STOPS, LINEAR, MIRED, STOPS, Scale

scales = st.sampled_from([LINEAR, STOPS, F_STOPS, MIRED, ANGLE])
positive = st.floats(1e-3, 1e6)


@given(scales, positive)
def test_inverse(scale: Scale, value: float) -> None:
    assert scale.inverse(scale.forward(value)) == pytest.approx(value)


@given(scales, positive, positive)
def test_rises(scale: Scale, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert scale.forward(low) <= scale.forward(high)


@given(st.floats(-1e5, 1e5))
def test_wrap_stays_and_is_idempotent(change: float) -> None:
    wrapped = ANGLE.wrap(change)
    assert -180 < wrapped <= 180
    assert ANGLE.wrap(wrapped) == wrapped
    assert ((wrapped - change) / 360) == pytest.approx(round((wrapped - change) / 360), abs=1e-6)


def test_wrap_at_the_seam() -> None:
    assert [ANGLE.wrap(x) for x in (180, -180, 181, -181, 540, 360)] == [180, 180, -179, 179, 180, 0]
    assert LINEAR.wrap(1000.0) == 1000.0
