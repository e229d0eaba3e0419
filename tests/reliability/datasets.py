"""Packed datasets that are damaged, and loaders under which the ground moves."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cat_dataset.dataset_json import DATASET_JSON
from cat_dataset.errors import CatError
from cat_dataset.files import read_json, sha256_file, write_json
from cat_dataset.frames import FrameReader
from cat_dataset.manifests import open_dataset
from cat_dataset.shards import tar_header
from tests.reliability.builds import build, collection
from tests.reliability.outcome import NAMED, SAME, SILENT, Tally, named


def damaged(work: Path, times: int) -> Iterator[Tally]:
    """Every kind of damage to shards and tables."""
    root = work / "dataset"
    collection(root, grown=True)
    assert build(root).returncode == 0
    rng = random.Random(3)
    yield from _flips(root, rng, 10 * times)
    yield from _shards(root, rng, times)
    yield from _names(root)
    yield from _tables(root, work, rng, times)
    yield from _moving_ground(root, rng, times)


def verify(root: Path) -> subprocess.CompletedProcess[str]:
    """cat-verify over ``root``."""
    return subprocess.run([sys.executable, "-m", "cat_dataset.checking.command"], cwd=root, capture_output=True, text=True, check=False)


def _flips(root: Path, rng: random.Random, times: int) -> Iterator[Tally]:
    loaded = Tally("a flipped bit anywhere in a shard", "FrameReader, every frame")
    verified = Tally("a flipped bit anywhere in a shard", "cat-verify")
    dataset = open_dataset(root / "manifests")
    whole = [FrameReader(dataset).read(row) for row in range(len(dataset))]
    paths = sorted((root / "shards").glob("*.tar"))
    for number in range(times):
        path = rng.choice(paths)
        data = path.read_bytes()
        at = rng.randrange(len(data))
        spoilt = bytearray(data)
        spoilt[at] ^= 1 << rng.randrange(8)
        path.write_bytes(bytes(spoilt))
        loaded.add(_read(FrameReader(dataset), whole), f"{path.name} byte {at}")
        if number % 10 == 0:
            ended = verify(root)
            verified.add(NAMED if ended.returncode == 2 and path.name in ended.stderr else SILENT, f"{path.name} byte {at}")
        path.write_bytes(data)
    yield loaded
    yield verified


def _read(reader: FrameReader, whole: list[bytes]) -> str:
    """Whether every frame is right, or the first wrong one is named."""
    for row, wanted in enumerate(whole):
        try:
            if reader.read(row) != wanted:
                return SILENT
        except CatError as error:
            return NAMED if ".tar" in str(error) else f"said something else: {error}"
    return SAME


def _shards(root: Path, rng: random.Random, times: int) -> Iterator[Tally]:
    cut, gone, swapped = (Tally(f"a shard {what}", "open_dataset, cat-verify") for what in ("cut off", "gone", "exchanged with another"))
    paths = sorted((root / "shards").glob("*.tar"))
    for _ in range(times):
        path, other = rng.sample(paths, 2)
        data, others = path.read_bytes(), other.read_bytes()
        path.write_bytes(data[: rng.randrange(len(data))])
        cut.add(_both(root, path.name))
        path.unlink()
        gone.add(_both(root, path.name))
        path.write_bytes(others)
        other.write_bytes(data)
        ended = verify(root)
        swapped.add(NAMED if ended.returncode == 2 and path.name in ended.stderr else SILENT)
        path.write_bytes(data)
        other.write_bytes(others)
    yield from (cut, gone, swapped)


def _names(root: Path) -> Iterator[Tally]:
    """Members whose names lead out of the folder, in an otherwise right tar that dataset.json agrees with."""
    tally = Tally("a member called ../x or /x", "cat-verify")
    path = sorted((root / "shards").glob("*.tar"))[0]
    data, described = path.read_bytes(), (root / "manifests" / DATASET_JSON).read_bytes()
    for name in ("../../x.png", "/tmp/x.png"):
        size = int(data[124:136].rstrip(b"\0 "), 8)
        path.write_bytes(tar_header(name, size) + data[512:])
        info = read_json(root / "manifests" / DATASET_JSON)
        next(shard for shard in info["shards"] if shard["file"] == path.name)["sha256"] = sha256_file(path)
        write_json(root / "manifests" / DATASET_JSON, info)
        ended = verify(root)
        tally.add(NAMED if ended.returncode == 2 and name in ended.stderr else SILENT, name)
        path.write_bytes(data)
        (root / "manifests" / DATASET_JSON).write_bytes(described)
    yield tally


def _both(root: Path, name: str) -> str:
    ended = verify(root)
    if ended.returncode != 2 or name not in ended.stderr:
        return SILENT
    return named(lambda: open_dataset(root / "manifests"), name)


def _tables(root: Path, work: Path, rng: random.Random, times: int) -> Iterator[Tally]:
    foreign, flipped, unfinished = (
        Tally(what, "open_dataset, cat-verify") for what in ("a table of another build", "a flipped bit in a table", "dataset.json gone")
    )
    other = work / "other"
    collection(other)
    assert build(other).returncode == 0
    manifests = root / "manifests"
    for name in ("frames.parquet", "series.parquet"):
        data = (manifests / name).read_bytes()
        shutil.copyfile(other / "manifests" / name, manifests / name)
        foreign.add(_both(root, name))
        (manifests / name).write_bytes(data)
    for number in range(times):
        name = ("frames.parquet", "series.parquet")[number % 2]
        data = (manifests / name).read_bytes()
        spoilt = bytearray(data)
        spoilt[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        (manifests / name).write_bytes(bytes(spoilt))
        flipped.add(_both(root, name))
        (manifests / name).write_bytes(data)
    data = (manifests / DATASET_JSON).read_bytes()
    (manifests / DATASET_JSON).unlink()
    unfinished.add(_both(root, DATASET_JSON))
    (manifests / DATASET_JSON).write_bytes(data)
    yield from (foreign, flipped, unfinished)


def _moving_ground(root: Path, rng: random.Random, times: int) -> Iterator[Tally]:
    """Another file takes a shard's name, or its place, while a loader reads."""
    replaced = Tally("a shard replaced under a running loader", "FrameReader")
    overwritten = Tally("a shard overwritten in place under a running loader", "FrameReader")
    dataset = open_dataset(root / "manifests")
    whole = [FrameReader(dataset).read(row) for row in range(len(dataset))]
    paths = sorted((root / "shards").glob("*.tar"))
    for _ in range(times):
        path = rng.choice(paths)
        data, noise = path.read_bytes(), rng.randbytes(path.stat().st_size)
        for tally in (replaced, overwritten):
            reader = FrameReader(dataset)
            for row in rng.sample(range(len(whole)), 10):
                reader.read(row)
            if tally is replaced:
                path.with_suffix(".new").write_bytes(noise)
                os.replace(path.with_suffix(".new"), path)
            else:
                path.write_bytes(noise)
            tally.add(_read(reader, whole))
            path.write_bytes(data)
    yield from (replaced, overwritten)
