"""Random access to frames: the same bytes from threads, forks and spawned workers, and damage found on the spot."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cat_dataset import frames
from cat_dataset.errors import ManifestError
from cat_dataset.folders import LocalFolder
from cat_dataset.frames import FrameReader
from cat_dataset.manifests import Dataset
from tests.cat_dataset.factory import build_dataset, make_collection


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    make_collection(tmp_path / "series", rotations=4, isos=2, frames=3)
    return build_dataset(tmp_path, shard_size=10_000)


def shard_of(dataset: Dataset, row: int) -> Path:
    assert isinstance(dataset.shards, LocalFolder)
    return dataset.shards.path / str(dataset.frames["shard"][row])


def expected(dataset: Dataset) -> list[bytes]:
    return [
        (dataset.manifests.parent / "series" / row.series / "frames" / f"{row.frame:04d}.png").read_bytes()
        for row in dataset.frames.itertuples()
    ]


def test_reads(dataset: Dataset) -> None:
    reader = FrameReader(dataset)
    assert len(reader) == len(dataset.frames)
    assert [reader.read(row) for row in range(len(reader))] == expected(dataset)


def test_few_open_files(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "OPEN_SHARDS", 1)
    before = len(os.listdir("/dev/fd")) if os.path.isdir("/dev/fd") else 0
    reader, whole = FrameReader(dataset), expected(dataset)
    with ThreadPoolExecutor(8) as pool:
        order = [row for turn in range(20) for row in range(turn % 3, len(reader), 3)]
        assert list(pool.map(reader.read, order)) == [whole[row] for row in order]
    if before:
        assert len(os.listdir("/dev/fd")) <= before + 1
    del reader
    if before:
        assert len(os.listdir("/dev/fd")) == before


def test_without_pread(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pread", raising=False)
    reader, whole = FrameReader(dataset), expected(dataset)
    with ThreadPoolExecutor(8) as pool:
        order = list(range(len(reader))) * 20
        assert list(pool.map(reader.read, order)) == [whole[row] for row in order]


@pytest.mark.parametrize("method", sorted({"fork", "spawn"} & set(multiprocessing.get_all_start_methods())))
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_workers(dataset: Dataset, method: str) -> None:
    reader = FrameReader(dataset)
    reader.read(0)
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(reader.read, range(len(reader))) == expected(dataset)


def test_a_pickled_reader_carries_no_handles(dataset: Dataset) -> None:
    reader = FrameReader(dataset)
    data = reader.read(3)
    assert pickle.loads(pickle.dumps(reader)).read(3) == data


def test_a_flipped_byte_is_found(dataset: Dataset) -> None:
    row = dataset.frames.iloc[4]
    path = shard_of(dataset, 4)
    content = bytearray(path.read_bytes())
    content[row["offset"] + row["size"] // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ManifestError, match=rf"{row['shard']}: {row['size']} bytes at offset {row['offset']} .*cat-verify") as refused:
        FrameReader(dataset).read(4)
    assert "copy this shard again" in str(refused.value)


def test_a_cut_or_missing_shard_is_found(dataset: Dataset) -> None:
    path = shard_of(dataset, 0)
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(ManifestError, match="do not match"):
        FrameReader(dataset).read(0)
    path.unlink()
    with pytest.raises(ManifestError, match="is gone"):
        FrameReader(dataset).read(0)


def test_a_shard_that_cannot_be_read_is_one_line(dataset: Dataset) -> None:
    path = shard_of(dataset, 0)
    path.unlink()
    path.mkdir()
    with pytest.raises(ManifestError, match=rf"{path.name} cannot be read \(.*copy this shard again"):
        FrameReader(dataset).read(0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_is_not_held_up_by_a_lock_that_a_thread_held(dataset: Dataset) -> None:
    reader = FrameReader(dataset)
    data = reader.read(0)
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    with reader._lock:
        child = context.Process(target=lambda: results.put(reader.read(0)))
        child.start()
        assert results.get(timeout=60) == data
    child.join()
