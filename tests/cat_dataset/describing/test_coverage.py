"""Coverage against counting every pair one by one, and its bounds on large datasets."""

from __future__ import annotations

import itertools
import time
import tracemalloc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.attributes import ATTRIBUTES
from cat_dataset.describing import coverage as module
from cat_dataset.describing.coverage import MOST_BINS, Coverage, change_unit, measure_coverage
from tests.cat_dataset.factory import build_dataset, make_collection, make_series


@dataclass
class Table:
    """The part of a dataset that coverage looks at."""

    series: pd.DataFrame
    starts: np.ndarray
    columns: Mapping[str, np.ndarray]

    @property
    def attributes(self) -> Sequence[str]:
        return tuple(name for name in ATTRIBUTES if name in self.columns)

    def values(self, name: str) -> np.ndarray:
        return self.columns[name]


def table(series: Sequence[tuple[str, Mapping[str, Sequence[float]]]]) -> Table:
    """A dataset of (split, values by attribute) per series."""
    lengths = [len(next(iter(values.values()))) for _, values in series]
    names = {name for _, values in series for name in values}
    columns = {
        name: np.concatenate([np.array(values.get(name, [np.nan] * n), float) for (_, values), n in zip(series, lengths, strict=True)])
        for name in names
    }
    return Table(pd.DataFrame({"split": [split for split, _ in series]}), np.r_[0, np.cumsum(lengths)], columns)


def slow_shares(coverage: Coverage, split: str, series: Sequence[tuple[str, Mapping[str, Sequence[float]]]]) -> list[float]:
    """Every ordered pair of frames, by the registry's own difference."""
    scale, counts = ATTRIBUTES[coverage.attribute].scale, [0] * coverage.bins
    for own, values in series:
        if own == split and coverage.attribute in values:
            for one, other in itertools.permutations(values[coverage.attribute], 2):
                size = abs(scale.difference(one, other))
                if size > 1e-9:
                    counts[min(coverage.bins - 1, max(0, int((size - coverage.start) / coverage.width + 1e-6)))] += 1
    return [count / max(1, sum(counts)) for count in counts]


numbers = {
    "iso": st.sampled_from([100.0, 125.0, 160.0, 200.0, 400.0, 6400.0]),
    "white_balance": st.sampled_from([2500.0, 4000.0, 5600.0, 10000.0]),
    "rotation_z": st.sampled_from([-180.0, -170.0, -5.0, 0.0, 5.0, 90.0, 175.0, 180.0]),
    "exposure": st.sampled_from([-2.0, -1.0, 0.5, 0.0, 3.0]),
    "aperture": st.sampled_from([1.4, 2.0, 2.8, 5.6, 22.0]),
}


@st.composite
def collections(draw: st.DrawFn) -> list[tuple[str, Mapping[str, Sequence[float]]]]:
    result = []
    for _ in range(draw(st.integers(1, 6))):
        names = draw(st.lists(st.sampled_from(sorted(numbers)), min_size=1, max_size=2, unique=True))
        length = draw(st.integers(2, 7))
        values = {name: draw(st.lists(numbers[name], min_size=length, max_size=length)) for name in names}
        result.append((draw(st.sampled_from(["train", "validation", "test"])), values))
    return result


@given(collections())
def test_against_every_pair(series: list[tuple[str, Mapping[str, Sequence[float]]]]) -> None:
    for name, coverage in measure_coverage(table(series)).items():
        assert coverage.attribute == name
        assert coverage.bins <= MOST_BINS
        assert not coverage.sampled
        assert set(coverage.splits) == {split for split, values in series if name in values}
        for split, one in coverage.splits.items():
            own = [list(values[name]) for which, values in series if which == split and name in values]
            every = [value for values in own for value in values]
            assert (one.series, one.frames, one.distinct) == (len(own), len(every), len(set(every)))
            assert (one.low, one.high) == (min(every), max(every))
            assert one.shares == pytest.approx(slow_shares(coverage, split, series), abs=1e-12)


def test_angles_go_the_short_way_round() -> None:
    coverage = measure_coverage(table([("train", {"rotation_z": [-170.0, 170.0]})]))["rotation_z"]
    assert (coverage.unit, coverage.splits["train"].shares) == ("degrees", (1.0,))
    assert coverage.start < 20 < coverage.start + coverage.width


def test_an_even_sweep_fills_its_bins_evenly() -> None:
    """37 states of 5°: changes of 5k° occur 37 − k times, two sizes to a bin of 10°, so a straight line falls to the end."""
    coverage = measure_coverage(table([("train", {"rotation_z": np.linspace(-90, 90, 37).tolist()})]))["rotation_z"]
    assert (coverage.start, coverage.width, coverage.bins) == (2.5, 10.0, 18)
    expected = np.array([37 - (2 * k - 1) + 37 - 2 * k for k in range(1, 19)])
    assert coverage.splits["train"].shares == pytest.approx(expected / expected.sum())


@pytest.mark.parametrize(
    ("name", "values", "step"),
    [
        ("iso", [100.0, 125.0, 160.0, 200.0, 250.0, 320.0, 400.0, 500.0, 640.0, 800.0, 1000.0, 1250.0, 1600.0], 1 / 3),
        ("aperture", [1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 16.0], 1.0),
        ("exposure", [-1.5, -0.5, 0.0, 0.5, 1.0, 3.0], 0.5),
        ("rotation_x", np.linspace(0, 97.5, 14).tolist(), 7.5),
        ("saturation", [1.0, 99.0, 103.0, 145.0, 151.0], 2.0),
    ],
)
def test_bins_lie_around_the_steps_there_are(name: str, values: list[float], step: float) -> None:
    """Every multiple of the step lies in the middle of a bin, or of an equal part of one."""
    coverage = measure_coverage(table([("test", {name: values})]))[name]
    assert coverage.start == pytest.approx(step / 2)
    assert coverage.width / step == pytest.approx(round(coverage.width / step))


def test_values_without_steps_have_round_bins_from_zero() -> None:
    values = np.random.default_rng(0).uniform(2500, 9000, 40).tolist()
    coverage = measure_coverage(table([("test", {"white_balance": values})]))["white_balance"]
    assert (coverage.start, coverage.width) == (0.0, 20.0)


def test_a_value_that_stays_is_no_change() -> None:
    """Of two attributes one may stay while the other changes: such pairs are not counted for it."""
    values = {"iso": [100.0, 100.0, 200.0], "exposure": [0.0, 1.0, 1.0]}
    measured = measure_coverage(table([("train", values)]))
    assert measured["iso"].splits["train"].shares == (1.0,)
    assert measured["iso"].start > 0.4


@pytest.mark.parametrize(
    ("name", "unit"),
    [("iso", "stops"), ("white_balance", "mireds"), ("exposure", "EV"), ("saturation", "percent"), ("translation_x", "centimetres"),
     ("expression_smile", "points"), ("hue", "degrees")],
)  # fmt: skip
def test_units(name: str, unit: str) -> None:
    assert change_unit(ATTRIBUTES[name]) == unit


@pytest.mark.parametrize("name", list(ATTRIBUTES))
def test_every_attribute_over_its_whole_range(name: str) -> None:
    low, high = ATTRIBUTES[name].low, ATTRIBUTES[name].high
    for values in ([low, (2 * low + high) / 3, high], [high / 2, high / 2 * 1.0001]):
        coverage = measure_coverage(table([("train", {name: values})]))[name]
        assert 1 <= coverage.bins <= MOST_BINS
        assert sum(coverage.splits["train"].shares) == pytest.approx(1)


def large(series: int, frames: int, random: bool) -> Table:
    rng = np.random.default_rng(0)
    sweep = np.linspace(-90, 90, frames)
    values = rng.uniform(-180, 180, (series, frames)) if random else np.tile(sweep, (series, 1))
    splits = rng.choice(["train", "validation", "test"], series, p=[0.9, 0.05, 0.05])
    return Table(pd.DataFrame({"split": splits}), np.arange(series + 1) * frames, {"rotation_z": values.ravel()})


def test_a_sample_stands_for_all() -> None:
    """Of random values, 700 series give the histogram of all within a thousandth; which they are does not change."""
    dataset = large(3000, 40, random=True)
    sampled = measure_coverage(dataset)["rotation_z"]
    assert sampled == measure_coverage(dataset)["rotation_z"]
    assert (sampled.sampled, sampled.splits["train"].measured, sampled.splits["train"].series > 2000) == (True, 700, True)
    whole = pytest.MonkeyPatch()
    whole.setattr(module, "MOST_SERIES", 10**9)
    every = measure_coverage(dataset)["rotation_z"]
    whole.undo()
    assert sampled.splits["train"].shares == pytest.approx(every.splits["train"].shares, abs=1e-3)
    assert sampled.splits["train"].frames == every.splits["train"].frames


def test_long_series_are_thinned() -> None:
    values = np.linspace(0, 10, 20_000).tolist()
    shares = measure_coverage(table([("train", {"exposure": values})]))["exposure"].splits["train"].shares
    exact = np.diff(1 - (1 - np.linspace(0, 1, len(shares) + 1)) ** 2)
    assert shares == pytest.approx(exact, abs=0.01)


def test_a_million_frames_in_seconds_and_bounded_memory() -> None:
    for random in (True, False):
        dataset = large(10_000, 100, random)
        tracemalloc.start()
        begin = time.process_time()
        measure_coverage(dataset)
        took, (_, peak) = time.process_time() - begin, tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert took < 20
        assert peak < 10 * 8 * 1_000_000, "ten times the column itself"


def test_of_a_real_dataset(tmp_path: Path) -> None:
    make_collection(tmp_path / "series", rotations=3, isos=3, frames=5)
    make_series(tmp_path / "series", "both", {"iso": [100.0, 200.0, 400.0], "rotation_z": [0.0, 10.0, 20.0]}, seed=9)
    measured = measure_coverage(build_dataset(tmp_path, split={"train": 1.0, "validation": 0.0, "test": 0.0}))
    assert list(measured) == ["iso", "rotation_z"]
    assert (measured["iso"].splits["train"].series, measured["iso"].splits["train"].frames) == (4, 18)
    assert (measured["rotation_z"].splits["train"].low, measured["rotation_z"].splits["train"].high) == (-60.0, 60.0)
