"""Shards that change, break or vanish under a running loader: the right picture or one named error, never a wrong picture."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cat_dataset.errors import LoadError
from cat_dataset.folders import LocalFolder
from cat_dataset.loading.pair_dataset import PairDataset, PairSampler
from cat_dataset.manifests import Dataset, open_dataset
from cat_dataset.pairs import PairIndex
from tests.cat_dataset.factory import build_dataset, make_collection

COUNT = 60
ONE_LINE = r"^pair \d+, frame \d+ of \w+: [^\n]*/train-00000\.tar[^\n]*(again|cat-verify)[^\n]*$"

Damage = Callable[[Path], None]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One shard, and another packing of other pictures to put in its place."""
    root = tmp_path_factory.mktemp("faults")
    for name in ("ours", "theirs"):
        make_collection(root / name / "series", rotations=2, isos=2, frames=4 if name == "ours" else 5)
        build_dataset(root / name, split={"train": 1.0, "validation": 0.0, "test": 0.0})
    return root


@pytest.fixture
def dataset(built: Path, tmp_path: Path) -> Dataset:
    shutil.copytree(built / "ours", tmp_path / "ours")
    shutil.copy(built / "theirs" / "shards" / "train-00000.tar", tmp_path / "other.tar")
    return open_dataset(tmp_path / "ours" / "manifests")


def shard_of(dataset: Dataset) -> Path:
    assert isinstance(dataset.shards, LocalFolder)
    return (dataset.shards.path / "train-00000.tar").resolve()


def replaced(shard: Path) -> None:
    os.replace(shard.parents[2] / "other.tar", shard)


def overwritten(shard: Path) -> None:
    with open(shard, "r+b") as stream:
        stream.write((shard.parents[2] / "other.tar").read_bytes())
        stream.truncate()


def flipped(shard: Path) -> None:
    """One bit in the middle of the first picture."""
    content = bytearray(shard.read_bytes())
    content[700] ^= 4
    with open(shard, "r+b") as stream:
        stream.write(content)


def zeroed(shard: Path) -> None:
    """64 bytes inside each picture: decoders alone return something without a word."""
    content = bytearray(shard.read_bytes())
    for at in range(512 + 100, len(content), 2048):
        content[at : at + 64] = bytes(64)
    with open(shard, "r+b") as stream:
        stream.write(content)


def cut(shard: Path) -> None:
    os.truncate(shard, shard.stat().st_size // 2)


def emptied(shard: Path) -> None:
    os.truncate(shard, 0)


def a_folder(shard: Path) -> None:
    shard.unlink()
    shard.mkdir()


DAMAGES: list[Damage] = [replaced, overwritten, flipped, zeroed, cut, emptied, Path.unlink, a_folder]
SURVIVED_BY_OPEN_FILES = (replaced, Path.unlink, a_folder)
"""What leaves the old file to those who have it open."""


def outcomes(dataset: Dataset, damage: Damage, *, running: bool) -> list[bool]:
    """Per pair, after the damage: loaded and right, or (False) refused in one line. A wrong picture fails here."""
    index = PairIndex(dataset, mirror=0.5)
    expected = [PairDataset(dataset, index, size=12)[i] for i in range(COUNT)]
    pairs = PairDataset(dataset, index, size=12)
    if running:
        assert pairs[0]["series"] == expected[0]["series"]
    damage(shard_of(dataset))
    found = []
    for i in range(COUNT):
        try:
            sample = pairs[i]
        except LoadError as error:
            assert re.search(ONE_LINE, str(error)), error
            found.append(False)
            continue
        for name in ("source", "target"):
            assert np.array_equal(sample[name], expected[i][name]), f"pair {i} is wrong without a word"  # type: ignore[literal-required]
        found.append(True)
    return found


@pytest.mark.parametrize("damage", DAMAGES)
def test_under_a_running_loader(dataset: Dataset, damage: Damage) -> None:
    found = outcomes(dataset, damage, running=True)
    assert all(found) == (damage in SURVIVED_BY_OPEN_FILES)


@pytest.mark.parametrize("damage", DAMAGES)
def test_before_the_first_read(dataset: Dataset, damage: Damage) -> None:
    found = outcomes(dataset, damage, running=False)
    assert not all(found)
    if damage in (emptied, Path.unlink, a_folder):
        assert not any(found), "every frame is gone"
    if damage in (flipped, cut):
        assert any(found), "the frames that are whole still load"


@pytest.mark.parametrize("damage", [flipped, cut, Path.unlink])
@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_inside_workers(dataset: Dataset, damage: Damage, workers: int) -> None:
    """The error comes out of the loader in the parent: its own class, and one line although torch puts a traceback before it."""
    torch_data = pytest.importorskip("torch.utils.data", reason="torch is not installed")
    index = PairIndex(dataset)
    pairs = PairDataset(dataset, index, size=12)
    expected = [PairDataset(dataset, index, size=12)[i]["source"] for i in range(COUNT)]
    damage(shard_of(dataset))
    sampler = PairSampler(index, batch=4, steps=COUNT // 4)
    batches = iter(torch_data.DataLoader(pairs, batch_sampler=sampler, num_workers=workers))
    with pytest.raises(LoadError, match=ONE_LINE) as refused:
        for step, batch in sampler.enumerate(batches):
            assert all(np.array_equal(batch["source"][place], expected[4 * step + place]) for place in range(4))
    assert "Traceback" not in str(refused.value)
    if workers:
        batches._shutdown_workers()  # left to the garbage collector it takes 5 s a worker
    assert sampler.state_dict()["pairs"] < COUNT
