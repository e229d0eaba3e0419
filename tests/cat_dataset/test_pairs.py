"""The pair stream: a pure function of (seed, i), balanced, and the same for any workers, ranks and resumes."""

from __future__ import annotations

import itertools
import multiprocessing
import pickle
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.attributes import attribute
from cat_dataset.errors import UsageError
from cat_dataset.instructions import parse
from cat_dataset.manifests import Dataset
from cat_dataset.pairs import PairIndex, rank_batch
from tests.cat_dataset.factory import build_dataset, make_collection, make_series

EVERYTHING = {"train": 1.0, "validation": 0.0, "test": 0.0}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = tmp_path_factory.mktemp("pairs")
    make_collection(root / "series", rotations=4, isos=3, frames=13)
    exposures, angles = zip(*itertools.product([0.0, 1.0, 2.0], [0.0, 10.0, 20.0]), strict=True)
    make_series(root / "series", "both", {"exposure": exposures, "rotation_x": angles}, object="the old_red; {car}")
    return build_dataset(root, split=EVERYTHING)


@pytest.fixture(scope="module")
def index(dataset: Dataset) -> PairIndex:
    return PairIndex(dataset, seed=7)


@given(i=st.integers(0, 10**12))
def test_a_pair_depends_on_nothing_but_seed_and_number(dataset: Dataset, index: PairIndex, i: int) -> None:
    pair = index.pair(i)
    assert pair == PairIndex(dataset, seed=7).pair(i)
    assert pair.index == i


@given(i=st.integers(0, 10**9))
def test_a_pair_is_what_it_says(dataset: Dataset, index: PairIndex, i: int) -> None:
    pair = index.pair(i)
    source, target = dataset.frames.iloc[pair.source], dataset.frames.iloc[pair.target]
    assert source["series"] == target["series"] == pair.series
    assert pair.edits
    for edit in pair.edits:
        chosen = attribute(edit.attribute)
        one, other = source[f"value_{edit.attribute}"], target[f"value_{edit.attribute}"]
        assert edit.task == chosen.task
        assert edit.delta == pytest.approx(chosen.delta(one, other), rel=1e-5)
        assert edit.delta == float(f"{edit.delta:.6g}")
        assert edit.encoded == pytest.approx(chosen.encode(one, other))
        assert edit.object in ("chair", "scene", "old red car")
    if pair.source == pair.target:
        assert [edit.delta for edit in pair.edits] == [0.0]
    else:
        labels = [f"value_{name}" for name in dataset.attributes]
        differ = {label[6:] for label in labels if source[label] != target[label] and not np.isnan(source[label])}
        assert {edit.attribute for edit in pair.edits} == differ
    assert [(one.attribute, one.delta) for one in parse(pair.instruction)] == [(edit.attribute, edit.delta) for edit in pair.edits]


def test_seeds_differ(dataset: Dataset) -> None:
    one, other = PairIndex(dataset, seed=1), PairIndex(dataset, seed=2)
    assert sum(one.pair(i) == other.pair(i) for i in range(200)) < 20


def test_balance(index: PairIndex) -> None:
    """Attributes, directions, sizes of change, zero share and templates, over 20,000 pairs."""
    pairs = [index.pair(i) for i in range(20_000)]
    zero = [pair for pair in pairs if pair.source == pair.target]
    assert len(zero) / len(pairs) == pytest.approx(0.05, abs=0.006)
    single = Counter(pair.edits[0].attribute for pair in pairs if pair.series != "both")
    assert single["iso"] == pytest.approx(5_000, rel=0.06)
    assert single["rotation_z"] == pytest.approx(5_000, rel=0.06)
    turns = [pair.edits[0].delta for pair in pairs if pair.edits[0].attribute == "rotation_z" and pair.source != pair.target]
    assert np.mean(np.array(turns) > 0) == pytest.approx(0.5, abs=0.03)
    counts, _ = np.histogram(np.abs(turns), bins=12, range=(5, 125))
    assert counts.sum() == len(turns)
    assert np.abs(counts / counts.mean() - 1).max() < 0.15, "12 sizes, 4750 pairs: 5 % standard deviation"
    series = Counter(pair.series for pair in pairs if pair.edits[0].attribute == "rotation_z")
    assert len(series) == 4
    assert min(series.values()) > 1_100
    words = Counter(pair.instruction.split()[0] for pair in pairs if pair.edits[0].attribute == "rotation_z")
    assert words["Turn"] / words["Rotate"] == pytest.approx(1, abs=0.15)
    assert {len(pair.edits) for pair in pairs if pair.series == "both"} == {1, 2}


def test_options(dataset: Dataset) -> None:
    only = PairIndex(dataset, attributes=["iso"], zero_share=0.0, plain=True)
    pairs = [only.pair(i) for i in range(300)]
    assert {edit.attribute for pair in pairs for edit in pair.edits} == {"iso"}
    assert all(pair.source != pair.target for pair in pairs)
    assert all(edit.encoded == pytest.approx(edit.delta / 6400, rel=1e-5) for pair in pairs for edit in pair.edits)
    nothing = PairIndex(dataset, zero_share=1.0)
    assert all(nothing.pair(i).source == nothing.pair(i).target for i in range(100))
    weighted = PairIndex(dataset, attributes=["iso", "rotation_z"], weights={"iso": 3.0})
    share = np.mean([weighted.pair(i).edits[0].attribute == "iso" for i in range(4_000)])
    assert share == pytest.approx(0.75, abs=0.03)
    last = PairIndex(dataset, weights={"iso": 0, "rotation_x": 0, "exposure": 0})
    assert {last.pair(i).edits[0].attribute for i in range(200)} == {"rotation_z"}


def test_only_the_series_at_hand(dataset: Dataset) -> None:
    """`pair_within` all series gives the stream's own balance; within some, only these, and only what may be drawn."""
    index = PairIndex(dataset, seed=5, weights={"rotation_z": 0.0})
    number = {name: k for k, name in enumerate(dataset.series["series"])}
    at_hand = [number[name] for name in ("turn_0", "iso_1", "iso_2", "both")]
    pairs = [index.pair_within(i, at_hand) for i in range(3_000)]
    counts = Counter(pair.series for pair in pairs)
    assert counts.keys() == {"iso_1", "iso_2", "both"}
    assert counts["both"] == pytest.approx(2_000, rel=0.07), "two attributes of three"
    assert all(pair.index == i for i, pair in enumerate(pairs))
    whole = [index.pair_within(i, range(len(dataset.series))) for i in range(200)]
    assert whole == [index.pair(i) for i in range(200)]
    with pytest.raises(UsageError, match="none of the series at hand"):
        index.pair_within(0, [number["turn_1"]])
    assert [name for name, usable in zip(number, index.usable, strict=True) if usable] == [name for name in number if "turn" not in name]
    assert index.most_edits == 2
    assert PairIndex(dataset, attributes=["iso"]).most_edits == 1


def test_composite_share(dataset: Dataset) -> None:
    """A wanted share of pairs from the one series of five that varies two attributes; weights hold among the others."""
    index = PairIndex(dataset, seed=5, composite_share=0.25, weights={"iso": 3.0}, zero_share=0.0)
    pairs = [index.pair(i) for i in range(4_000)]
    counts = Counter("both" if pair.series == "both" else pair.edits[0].attribute for pair in pairs)
    assert counts["both"] == pytest.approx(1_000, rel=0.08)
    assert counts["iso"] == pytest.approx(2_250, rel=0.06)
    assert counts["rotation_z"] == pytest.approx(750, rel=0.12)
    assert [index.pair_within(i, range(len(dataset.series))) for i in range(200)] == pairs[:200]
    singles = [k for k, name in enumerate(dataset.series["series"]) if name != "both"]
    assert "both" not in {index.pair_within(i, singles).series for i in range(200)}
    never, always = (PairIndex(dataset, composite_share=share) for share in (0.0, 1.0))
    assert (never.most_edits, always.most_edits) == (1, 2)
    assert {always.pair(i).series for i in range(50)} == {"both"}
    assert always.usable.sum() == 1
    fingerprints = {PairIndex(dataset, composite_share=share).fingerprint() for share in (None, 0.0, 0.25)}
    assert len(fingerprints) == 3
    with pytest.raises(UsageError, match=r"takes 25% of the pairs from series that vary several attributes at once; there are none"):
        PairIndex(dataset, attributes=["iso"], composite_share=0.25)
    with pytest.raises(UsageError, match=r"takes 75% of the pairs from series that vary one attribute alone; there are none"):
        PairIndex(dataset, attributes=["exposure"], composite_share=0.25)


def test_all_that_pairs_can_say_and_show_is_known(dataset: Dataset) -> None:
    index = PairIndex(dataset, seed=3, mirror=0.5)
    pairs = [index.pair(i) for i in range(2_000)]
    assert {(edit.attribute, edit.object) for pair in pairs for edit in pair.edits} == index.spoken
    number = {name: k for k, name in enumerate(dataset.series["series"])}
    shown = {(pair.series, pair.mirrored) for pair in pairs}
    assert shown == {(name, way) for name, k in number.items() for way in index.ways(k)}
    assert PairIndex(dataset, mirror=1.0).ways(number["turn_0"]) == (True,)
    assert PairIndex(dataset).ways(number["turn_0"]) == (False,)


def test_turns_about_several_axes_are_composed(tmp_path: Path) -> None:
    """From 90° about x to 90° about z one has to turn about all three axes: the numbers' difference is no rotation there is."""
    make_series(
        tmp_path / "series", "tumble", {"rotation_x": [0.0, 90.0, 0.0], "rotation_z": [0.0, 0.0, 90.0], "iso": [100.0, 200.0, 400.0]}
    )
    index = PairIndex(build_dataset(tmp_path, split=EVERYTHING), zero_share=0.0, mirror=0.5)
    assert index.most_edits == 4
    assert {name for name, _ in index.spoken} == {"iso", "rotation_x", "rotation_y", "rotation_z"}
    seen = set()
    for i in range(200):
        pair = index.pair(i)
        edits = {edit.attribute: edit.delta for edit in pair.edits}
        sign = -1 if pair.mirrored else 1
        turn = {name[-1]: delta for name, delta in edits.items() if name.startswith("rotation")}
        third = 120 / 3**0.5
        expected = {
            (0, 1): {"x": 90}, (0, 2): {"z": 90}, (1, 0): {"x": -90}, (2, 0): {"z": -90},
            (1, 2): {"x": -third, "y": -third, "z": third}, (2, 1): {"x": third, "y": third, "z": -third},
        }[pair.source, pair.target]  # fmt: skip
        assert turn == pytest.approx({axis: delta * (1 if axis == "x" else sign) for axis, delta in expected.items()}, abs=1e-3)
        assert "iso" in edits
        seen.add((pair.source, pair.target))
    assert len(seen) == 6


def test_an_index_knows_its_dataset(dataset: Dataset, index: PairIndex) -> None:
    assert index.is_of(dataset)
    assert not index.is_of(replace(dataset, series=dataset.series[::-1]))


def test_mirrored_pairs(dataset: Dataset) -> None:
    """The same frames as without; edits and sentence of what turns about the vertical are negated, others stay."""
    plain, mirrored = PairIndex(dataset, seed=2), PairIndex(dataset, seed=2, mirror=1.0)
    for i in range(300):
        one, other = plain.pair(i), mirrored.pair(i)
        assert (one.source, one.target, one.mirrored, other.mirrored) == (other.source, other.target, False, True)
        for a, b in zip(one.edits, other.edits, strict=True):
            sign = -1 if a.attribute == "rotation_z" else 1
            assert (b.delta, b.encoded) == (sign * a.delta, pytest.approx(sign * a.encoded))
        assert [edit.delta for edit in parse(other.instruction)] == [edit.delta for edit in other.edits]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"split": "test"}, "no series in its 'test' split .filled: train."),
        ({"attributes": ["gamma"]}, "no series of the 'train' split varies gamma; it has iso, exposure"),
        ({"attributes": ["isso"]}, "unknown attribute 'isso'"),
        ({"weights": {"gamma": 1.0}}, "weights name gamma"),
        ({"weights": {"iso": -1.0}}, "must be 0 or more"),
        ({"weights": {"iso": 0.0}, "attributes": ["iso"]}, "every attribute has weight 0"),
        ({"zero_share": 1.5}, "between 0 and 1"),
        ({"composite_share": 1.1}, "composite_share must be between 0 and 1"),
        ({"mirror": -0.1}, "mirror must be between 0 and 1"),
        ({"seed": -1}, "seed must be"),
    ],
)
def test_bad_options(dataset: Dataset, options: dict, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        PairIndex(dataset, **options)


def test_negative_numbers_are_refused(index: PairIndex) -> None:
    with pytest.raises(UsageError, match="count from 0"):
        index.pair(-1)


def test_threads_processes_and_copies_see_one_stream(index: PairIndex) -> None:
    numbers = list(range(0, 2_000, 3))[::-1]
    expected = [index.pair(i) for i in numbers]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(index.pair, numbers)) == expected
    with multiprocessing.get_context("spawn").Pool(2) as processes:
        assert processes.map(index.pair, numbers) == expected
    assert [pickle.loads(pickle.dumps(index)).pair(i) for i in numbers[:5]] == expected[:5]


@given(st.integers(0, 1000), st.integers(1, 8), st.sampled_from([1, 2, 4, 8]), st.sampled_from([1, 2, 4, 8]))
def test_ranks_share_a_step_and_may_change_their_number(step: int, share: int, world: int, other: int) -> None:
    batch = share * 8
    taken = [i for rank in range(world) for i in rank_batch(step, batch, rank, world)]
    assert taken == list(range(step * batch, (step + 1) * batch))
    assert taken == [i for rank in range(other) for i in rank_batch(step, batch, rank, other)]
    assert {len(rank_batch(step, batch, rank, world)) for rank in range(world)} == {batch // world}


@pytest.mark.parametrize("case", [(0, 4, 0, 3), (0, 0, 0, 1), (0, 4, 2, 2), (0, 4, -1, 2), (-1, 4, 0, 2), (0, 4, 0, 0)])
def test_impossible_ranks(case: tuple[int, int, int, int]) -> None:
    with pytest.raises(UsageError):
        rank_batch(*case)


def test_fingerprint(dataset: Dataset) -> None:
    base = PairIndex(dataset).fingerprint()
    assert base == PairIndex(dataset).fingerprint()
    others: list[Callable[[], PairIndex]] = [
        lambda: PairIndex(dataset, seed=1),
        lambda: PairIndex(dataset, zero_share=0.1),
        lambda: PairIndex(dataset, plain=True),
        lambda: PairIndex(dataset, attributes=["iso"]),
        lambda: PairIndex(dataset, weights={"iso": 2.0}),
        lambda: PairIndex(dataset, mirror=0.5),
    ]
    assert len({base, *(make().fingerprint() for make in others)}) == 7
    changed = dataset.series.copy()
    changed.loc[2, "digest"] = "0" * 64
    assert PairIndex(replace(dataset, series=changed)).fingerprint() != base


def test_how_a_dataset_is_packed_does_not_matter(dataset: Dataset, tmp_path: Path) -> None:
    """Other shards, other rows: the same frames and sentences, and the same fingerprint."""
    (tmp_path / "series").symlink_to(dataset.manifests.parent / "series")
    other = build_dataset(tmp_path, split=EVERYTHING, shard_size=20_000)
    assert len(other.info["shards"]) > len(dataset.info["shards"])
    one, two = PairIndex(dataset, seed=3), PairIndex(other, seed=3)
    assert one.fingerprint() == two.fingerprint()
    names = [data.frames["series"] + data.frames["frame"].astype(str) for data in (dataset, other)]
    for i in range(300):
        a, b = one.pair(i), two.pair(i)
        assert (a.instruction, a.edits) == (b.instruction, b.edits)
        assert names[0][a.target] == names[1][b.target]


def test_what_floats_add_is_not_said(tmp_path: Path) -> None:
    make_series(tmp_path / "series", "sum", {"exposure": [0.1 * k for k in range(8)]})
    index = PairIndex(build_dataset(tmp_path, split=EVERYTHING))
    assert max(len(index.pair(i).instruction) for i in range(300)) <= len("Increase the exposure by 0.3 stops")
