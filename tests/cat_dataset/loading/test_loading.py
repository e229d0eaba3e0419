"""Random access to pairs through torch's DataLoader: the same pictures for any workers, and an exact resume in the middle."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cat_dataset.errors import UsageError
from cat_dataset.frames import FrameReader
from cat_dataset.images import decode_rgb
from cat_dataset.loading.pair_dataset import PairDataset, PairSampler
from cat_dataset.loading.samples import PairSample, stack
from cat_dataset.manifests import Dataset
from cat_dataset.pairs import PairIndex
from tests.cat_dataset.factory import build_dataset, make_collection, make_series
from tests.cat_dataset.loading.hashing import digest, digests

torch = pytest.importorskip("torch", reason="torch is not installed")
from torch.utils.data import DataLoader  # noqa: E402

EVERYTHING = {"train": 1.0, "validation": 0.0, "test": 0.0}
METHODS = sorted({"fork", "spawn"} & set(multiprocessing.get_all_start_methods()))
BATCH = 6


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Rotations, ISO series and one that varies two attributes, 16 × 12 pixels, in several shards."""
    root = tmp_path_factory.mktemp("loading")
    make_collection(root / "series", rotations=3, isos=3, frames=5)
    exposures, angles = zip(*itertools.product([0.0, 1.0, 2.0], [0.0, 10.0, 20.0]), strict=True)
    make_series(root / "series", "both", {"exposure": exposures, "rotation_x": angles}, seed=90)
    return build_dataset(root, split=EVERYTHING, shard_size=20_000)


@pytest.fixture(scope="module")
def index(dataset: Dataset) -> PairIndex:
    return PairIndex(dataset, seed=3, zero_share=0.1, mirror=0.5)


@pytest.fixture(scope="module")
def pairs(dataset: Dataset, index: PairIndex) -> PairDataset:
    return PairDataset(dataset, index, size=8, crop=0.7)


@pytest.fixture(scope="module")
def expected(pairs: PairDataset) -> list[str]:
    """Pairs 0 to 119, read one by one in this process."""
    return [digest(pairs[i]) for i in range(20 * BATCH)]


def test_a_sample_is_its_pair(dataset: Dataset, index: PairIndex) -> None:
    reader, plain = FrameReader(dataset), PairDataset(dataset, index, size=12)
    for i in range(100):
        pair, sample = index.pair(i), plain[i]
        for row, shown in [(pair.source, sample["source"]), (pair.target, sample["target"])]:
            stored = decode_rgb(reader.read(row))[:, 2:14]
            assert np.array_equal(shown, stored[:, ::-1] if pair.mirrored else stored)
            assert shown.dtype == np.uint8 and shown.shape == (12, 12, 3) and shown.flags.c_contiguous and shown.flags.writeable
        assert not np.shares_memory(sample["source"], sample["target"])
        count = len(pair.edits)
        assert (sample["index"], sample["series"], sample["instruction"], sample["edits"]) == (i, pair.series, pair.instruction, count)
        assert sample["tasks"].tolist() == [edit.task for edit in pair.edits] + [0] * (2 - count)
        assert sample["deltas"].tolist() == [edit.delta for edit in pair.edits] + [0.0] * (2 - count)
        assert np.allclose(sample["numbers"], [edit.encoded for edit in pair.edits] + [0.0] * (2 - count), atol=1e-6)


def test_half_size_jpegs_are_decoded_by_their_dct(tmp_path: Path) -> None:
    make_series(tmp_path / "series", "s", {"iso": [100.0, 200.0]}, extension="jpg", size=(64, 64))
    dataset = build_dataset(tmp_path, split=EVERYTHING, image_format="jpg")
    index = PairIndex(dataset)
    data = np.frombuffer(FrameReader(dataset).read(index.pair(0).source), np.uint8)
    shown = PairDataset(dataset, index, size=32)[0]["source"]
    assert np.array_equal(shown, cv2.imdecode(data, cv2.IMREAD_REDUCED_COLOR_2)[:, :, ::-1])
    shown = PairDataset(dataset, index, size=24)[0]["source"]
    reduced = cv2.imdecode(data, cv2.IMREAD_REDUCED_COLOR_2)[:, :, ::-1]
    assert np.array_equal(shown, cv2.resize(reduced, (24, 24), interpolation=cv2.INTER_AREA))


def test_both_collates_give_the_same(pairs: PairDataset) -> None:
    ours = next(iter(DataLoader(pairs, sampler=range(7), batch_size=7, collate_fn=stack)))
    stock = next(iter(DataLoader(pairs, sampler=range(7), batch_size=7)))
    assert ours.keys() == stock.keys() == PairSample.__annotations__.keys()
    assert isinstance(stock["source"], torch.Tensor) and isinstance(ours["source"], np.ndarray)
    assert stock["source"].shape == ours["source"].shape == (7, 8, 8, 3)
    assert digests(ours) == digests(stock)
    assert ours["series"] == stock["series"]


def states(taken: list[tuple[int, Any]], sampler: PairSampler) -> dict[str, Any]:
    """The sampler's state, through JSON as a checkpoint would keep it; the same by counting as by asking."""
    state = json.loads(json.dumps(sampler.state_dict()))
    assert state == sampler.state_after(taken[-1][0] + 1)
    return dict(state)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning", "ignore:This DataLoader will create:UserWarning")
def test_workers_come_and_go_in_mid_pass(pairs: PairDataset, index: PairIndex, expected: list[str], method: str) -> None:
    """0 to 3 workers, each going on where the one before was stopped although its workers had fetched ahead.

    A spawned worker imports torch anew, which takes seconds: two of those are enough.
    """
    seen, state = [], None
    for workers, steps in [(0, 2), (2, 4), (0, 1)] if method == "spawn" else [(0, 2), (1, 3), (2, 4), (3, 5)]:
        sampler = PairSampler(index, batch=BATCH, steps=100)
        if state:
            sampler.load_state_dict(state)
        context = multiprocessing.get_context(method) if workers else None
        loader = DataLoader(pairs, batch_sampler=sampler, num_workers=workers, multiprocessing_context=context)
        taken = list(itertools.islice(sampler.enumerate(loader), steps))
        seen += [one for _, batch in taken for one in digests(batch)]
        state = states(taken, sampler)
        assert state["pairs"] == len(seen)
    assert seen == expected[: len(seen)]


def test_stopped_at_every_step(pairs: PairDataset, index: PairIndex, expected: list[str]) -> None:
    for stop in range(1, 8):
        sampler = PairSampler(index, batch=BATCH, steps=8)
        taken = list(itertools.islice(sampler.enumerate(DataLoader(pairs, batch_sampler=sampler)), stop))
        resumed = PairSampler(index, batch=BATCH, steps=8)
        resumed.load_state_dict(states(taken, sampler))
        assert len(resumed) == 8 - stop % 8
        taken += resumed.enumerate(DataLoader(pairs, batch_sampler=resumed))
        assert [step for step, _ in taken] == list(range(8))
        assert [one for _, batch in taken for one in digests(batch)] == expected[: 8 * BATCH]


def test_passes_follow_one_another(index: PairIndex) -> None:
    counted, plain = (PairSampler(index, batch=4, steps=3) for _ in range(2))
    steps = [[step for step, _ in counted.enumerate(counted)] for _ in range(3)]
    assert steps == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    batches = [batch for _ in range(3) for batch in plain]
    assert batches == [list(range(4 * step, 4 * step + 4)) for step in range(9)]
    assert counted.state_dict()["pairs"] == 36
    broken = PairSampler(index, batch=4, steps=3)
    assert [step for step, _ in itertools.islice(broken.enumerate(broken), 2)] == [0, 1]
    assert [step for step, _ in broken.enumerate(broken)] == [2], "the rest of the pass"
    assert [step for step, _ in broken.enumerate(broken)] == [3, 4, 5]


def test_persistent_workers(pairs: PairDataset, index: PairIndex, expected: list[str]) -> None:
    sampler = PairSampler(index, batch=BATCH, steps=5)
    loader = DataLoader(pairs, batch_sampler=sampler, num_workers=2, persistent_workers=True)
    seen = []
    for stop in (5, 2, 9, 9):
        seen += [one for _, batch in itertools.islice(sampler.enumerate(loader), stop) for one in digests(batch)]
    assert seen == expected[: 15 * BATCH]


def test_an_endless_sampler(index: PairIndex) -> None:
    sampler = PairSampler(index, batch=4, rank=1, world=2)
    assert list(itertools.islice(sampler, 3)) == [[2, 3], [6, 7], [10, 11]]
    with pytest.raises(TypeError, match="endless"):
        len(sampler)


def test_the_state_is_not_guessed(pairs: PairDataset, index: PairIndex) -> None:
    """Workers fetch ahead: what a sampler gave is not what was consumed."""
    sampler = PairSampler(index, batch=BATCH, steps=9)
    assert sampler.state_dict()["pairs"] == 0
    next(iter(DataLoader(pairs, batch_sampler=sampler)))
    with pytest.raises(UsageError, match="does not know how many batches were consumed; loop over enumerate"):
        sampler.state_dict()
    sampler.load_state_dict(sampler.state_after(4))
    assert sampler.state_dict()["pairs"] == 4 * BATCH


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"batch": 5}, "batches of 5 pairs, not of 6"),
        ({"fingerprint": "0" * 64}, r"other pairs \(dataset, split, seed"),
        ({"pairs": 7}, "7 pairs are not whole batches of 6"),
        ({"pairs": -6}, "no state of a PairSampler"),
        ({"pairs": "6"}, "no state of a PairSampler"),
        ({"version": 2}, "no state of a PairSampler of this version"),
    ],
)
def test_states_that_are_refused(index: PairIndex, change: dict[str, Any], says: str) -> None:
    sampler = PairSampler(index, batch=6)
    with pytest.raises(UsageError, match=says):
        sampler.load_state_dict(sampler.state_after(3) | change)
    assert sampler.state_dict()["pairs"] == 0
    with pytest.raises(UsageError, match="no state"):
        sampler.load_state_dict({})


def test_other_streams_have_other_states(dataset: Dataset) -> None:
    state = PairSampler(PairIndex(dataset, seed=1), batch=4).state_after(2)
    for options in ({"seed": 2}, {"seed": 1, "mirror": 0.1}, {"seed": 1, "attributes": ["iso"]}, {"seed": 1, "weights": {"iso": 2.0}}):
        with pytest.raises(UsageError, match="other pairs"):
            PairSampler(PairIndex(dataset, **options), batch=4).load_state_dict(state)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"batch": 5, "world": 2}, {"batch": 4, "world": 2, "rank": 2}, {"batch": 4, "steps": 0}, {"batch": 0}])
def test_impossible_samplers(index: PairIndex, options: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        PairSampler(index, **options)


def test_wrong_sharing_is_noticed(index: PairIndex) -> None:
    """What something else that shares batches would give rank 0 and rank 1 of two, whole batches in turns."""
    sampler = PairSampler(index, batch=4)
    for rank in (0, 1):
        batches = ({"index": list(range(4 * step, 4 * step + 4))} for step in range(rank, 10, 2))
        with pytest.raises(UsageError, match=r"but the loader gave pair .*split_batches=True"):
            list(sampler.enumerate(batches))
        sampler.load_state_dict(sampler.state_after(0))
    with pytest.raises(UsageError, match="rank 0 of 2 already"):
        hasattr(PairSampler(index, batch=4, world=2), "batch_size")


def test_copies_threads_and_forks(pairs: PairDataset, expected: list[str]) -> None:
    copy = pickle.loads(pickle.dumps(pairs))
    with ThreadPoolExecutor(4) as pool:
        assert [digest(one) for one in pool.map(copy.__getitem__, range(60))] == expected[:60]


def test_an_index_of_another_dataset_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    make_collection(tmp_path / "series", rotations=1, isos=1, frames=4)
    with pytest.raises(UsageError, match="made of another dataset"):
        PairDataset(build_dataset(tmp_path, split=EVERYTHING), PairIndex(dataset))


def test_negative_numbers_are_refused(pairs: PairDataset) -> None:
    with pytest.raises(UsageError, match="count from 0"):
        pairs[-1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forks_of_a_process_that_used_the_threads_of_opencv(dataset: Dataset) -> None:
    """OpenCV's pool does not survive a fork: workers would wait for it for ever."""
    cv2.setNumThreads(4)
    cv2.GaussianBlur(np.zeros((2000, 2000, 3), np.uint8), (31, 31), 5)
    index = PairIndex(dataset)
    loader = DataLoader(
        PairDataset(dataset, index, size=16), batch_sampler=PairSampler(index, batch=2, steps=3), num_workers=2,
        multiprocessing_context="fork", timeout=30,
    )  # fmt: skip
    assert len(list(loader)) == 3
