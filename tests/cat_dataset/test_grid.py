"""Picking frames a wanted change apart: even on even grids, legal on all, for many series laid out at once."""

from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.attributes import attribute
from cat_dataset.grid import Grids

unit = st.floats(0, 1, exclude_max=True)


def grids(name: str, *series: list[float]) -> Grids:
    """The given series one behind the other."""
    counts = [len(values) for values in series]
    return Grids(
        attribute(name), np.concatenate([np.array(values, np.float64) for values in series]), np.r_[0, np.cumsum(counts)].astype(np.int64)
    )


def tally(name: str, values: list[float], draws: int = 40_000) -> tuple[Counter[float], Counter[int]]:
    """How often each change and each source comes up."""
    made, rng = grids(name, values[:2], values, values[:1]), np.random.default_rng(0)
    changes: Counter[float] = Counter()
    sources: Counter[int] = Counter()
    for row in rng.random((draws, 4)).tolist():
        source, target = made.pick(1, *row)
        changes[round(attribute(name).scale.difference(values[source], values[target]), 6)] += 1
        sources[source] += 1
    return changes, sources


def is_even(counts: list[int]) -> bool:
    """Chi-squared per degree of freedom near 1 (its standard deviation over k counts is sqrt(2/k))."""
    expected = sum(counts) / len(counts)
    return sum((count - expected) ** 2 / expected for count in counts) / len(counts) < 1 + 5 * (2 / len(counts)) ** 0.5


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("rotation_z", np.linspace(-60, 60, 25).tolist()),
        ("rotation_z", np.linspace(-120, 110, 24).tolist()),
        ("translation_x", np.linspace(0, 50, 11).tolist()),
        ("iso", [100.0 * 2 ** (k / 3) for k in range(19)]),
        ("white_balance", [1e6 / mired for mired in np.linspace(150, 350, 21)]),
        ("saturation", [0.0, 100.0]),
    ],
)
def test_every_size_and_both_directions_are_equally_likely(name: str, values: list[float]) -> None:
    changes, _ = tally(name, values)
    assert len(changes) > 1
    assert {-size for size in changes if abs(size) != 180} <= changes.keys()
    assert is_even([count for size, count in changes.items() if abs(size) != 180])


def test_a_closed_circle() -> None:
    """36 states 10° apart: every change up to ±170 and 180 (both ways round), every source."""
    changes, sources = tally("rotation_z", np.arange(0.0, 360.0, 10.0).tolist())
    folded = Counter[float]()
    for change, count in changes.items():
        folded[abs(change)] += count
    assert sorted(folded) == [10.0 * k for k in range(1, 19)]
    assert is_even(list(folded.values()))
    assert is_even(list(sources.values()))
    assert len(sources) == 36


def test_sources_are_uniform_among_those_that_can() -> None:
    values = np.linspace(-30, 30, 13).tolist()
    made, rng = grids("rotation_z", [7.0, 8.0], values), np.random.default_rng(1)
    reached = Counter[tuple[float, int]]()
    for row in rng.random((60_000, 4)).tolist():
        source, target = made.pick(1, *row)
        reached[round(values[target] - values[source], 6), source] += 1
    for change in (-50.0, -5.0, 20.0, 60.0):
        able = [reached[change, source] for source in range(13) if -30 <= values[source] + change <= 30]
        assert min(able) > 0
        assert is_even(able)


def test_the_same_angle_twice_is_one_level() -> None:
    changes, _ = tally("rotation_z", np.linspace(-180, 180, 13).tolist(), 5_000)
    assert 0.0 not in changes
    assert grids("rotation_z", [-180.0, 180.0], [-180.0, 179.0], [3.0], [0.0, 0.0]).varies.tolist() == [False, True, False, False]


def test_frames_of_one_value_share_the_target() -> None:
    _, sources = tally("exposure", [0.0, 0.0, 0.0, 1.0], 6_000)
    assert is_even([sources[0], sources[1], sources[2]])
    assert sources[3] == pytest.approx(3_000, rel=0.1)


@given(
    st.sampled_from(["rotation_z", "hue", "exposure", "saturation"]),
    st.lists(st.lists(st.floats(0, 40), min_size=1, max_size=30), min_size=1, max_size=6),
    unit,
    unit,
    unit,
    unit,
)
def test_any_values(name: str, series: list[list[float]], magnitude: float, sign: float, source: float, target: float) -> None:
    spread = [[value * 9 - 180 for value in values] if name in ("rotation_z", "hue") else values for values in series]
    made = grids(name, *spread)
    draws = magnitude, sign, source, target
    for number, values in enumerate(spread):
        alone = grids(name, values)
        assert made.varies[number] == alone.varies[0]
        if made.varies[number]:
            one, other = made.pick(number, *draws)
            assert 0 <= one < len(values)
            assert 0 <= other < len(values)
            assert abs(attribute(name).scale.difference(values[one], values[other])) > 1e-10
            assert (one, other) == alone.pick(0, *draws), "a series is laid out alike alone and among others"


def test_a_pickled_copy_picks_the_same() -> None:
    made = grids("rotation_z", [0.0, 10.0, 20.0], [-50.0, 70.0, 120.0, 180.0])
    copy = pickle.loads(pickle.dumps(made))
    for row in np.random.default_rng(2).random((50, 4)).tolist():
        assert copy.pick(1, *row) == made.pick(1, *row)
