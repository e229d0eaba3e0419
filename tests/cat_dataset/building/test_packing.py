"""Filling shards: whole series, a size limit, several at a time, and going on where a killed build stopped."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cat_dataset.building.packing import Packer, Plan, Settings, Shard, frames_note, pack_order, plan_shards
from cat_dataset.building.survey import Found, survey
from cat_dataset.folders import LocalFolder
from cat_dataset.parallel import in_order
from cat_dataset.progress import Progress
from cat_dataset.tables import FRAME_COLUMNS, TableReader
from tests.cat_dataset.factory import make_series

COUNTS = (2, 5, 3, 12, 2, 4)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("series")
    for number, count in enumerate(COUNTS):
        extension = "jpg" if number % 2 else "png"
        make_series(folder, f"s{number}", {"iso": [100.0 * (k + 1) for k in range(count)]}, seed=number, extension=extension)
    return folder


def pack(
    root: Path,
    staging: Path,
    limit: int = 10**9,
    image_format: str = "png",
    workers: int = 1,
    only: Callable[[Found], bool] = lambda one: True,
) -> tuple[list[Plan], list[Shard], Progress]:
    staging.mkdir(exist_ok=True)
    found = [one for one in pack_order(survey([LocalFolder(root)], {}, image_format, workers).found, 0) if only(one)]
    progress = Progress("pack", sum(COUNTS))
    packer = Packer(staging, Settings(image_format, True), progress, lambda: None)
    encoded = {one.member.id: packer.encode(one) for one in found if one.size is None}
    sizes = [one.size if one.size is not None else encoded[one.member.id] for one in found]
    plans = plan_shards("train", found, [size for size in sizes if isinstance(size, int)], limit, 0)
    return plans, list(in_order(packer.make, plans, workers)), progress


def tars(staging: Path) -> dict[str, bytes]:
    return {path.relative_to(staging).as_posix(): path.read_bytes() for path in sorted(staging.rglob("*")) if path.is_file()}


@settings(max_examples=12)
@given(limit=st.integers(5_000, 80_000), image_format=st.sampled_from(["png", "jpg"]), workers=st.integers(1, 3))
def test_limit(root: Path, tmp_path_factory: pytest.TempPathFactory, limit: int, image_format: str, workers: int) -> None:
    plans, shards, _ = pack(root, tmp_path_factory.mktemp("x"), limit, image_format, workers)
    seen: list[str] = []
    for plan, shard in zip(plans, shards, strict=True):
        assert shard.listed["bytes"] <= limit or len(plan.series) == 1
        seen += [one.member.id for one in plan.series]
    assert sorted(seen) == [f"s{k}" for k in range(6)], "each series whole, in one shard"
    assert sum(shard.listed["samples"] for shard in shards) == sum(COUNTS)
    for (_, one), (following, _) in itertools.pairwise(zip(plans, shards, strict=True)):
        first = following.series[0].member.id
        _, alone, _ = pack(
            root, tmp_path_factory.mktemp("y"), image_format=image_format, only=lambda found, first=first: found.member.id == first
        )
        assert one.listed["bytes"] + alone[0].listed["bytes"] > limit, "a shard ends only when the next series does not fit"


@pytest.mark.parametrize("image_format", ["png", "jpg"])
def test_resume(root: Path, tmp_path: Path, image_format: str) -> None:
    _, whole, _ = pack(root, tmp_path / "whole", 25_000, image_format)
    assert len(whole) > 3
    pack(root, tmp_path / "a", 25_000, image_format)
    untouched = (tmp_path / "a" / "train-00000.tar").stat().st_mtime_ns
    (tmp_path / "a" / "train-00002.json").unlink()  # killed before its note
    (tmp_path / "a" / "train-00003.tar").unlink()
    _, again, progress = pack(root, tmp_path / "a", 25_000, image_format, workers=2)
    assert again == whole
    assert {n: d for n, d in tars(tmp_path / "a").items() if "/" not in n} == {
        n: d for n, d in tars(tmp_path / "whole").items() if "/" not in n
    }
    assert (tmp_path / "a" / "train-00000.tar").stat().st_mtime_ns == untouched
    assert progress.skipped == sum(COUNTS) - sum(whole[k].listed["samples"] for k in (2, 3))


def test_a_staged_shard_is_not_trusted(root: Path, tmp_path: Path) -> None:
    _, whole, _ = pack(root, tmp_path / "whole", 25_000)
    pack(root, tmp_path / "a", 25_000)
    path = tmp_path / "a" / "train-00001.tar"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    (tmp_path / "a" / "train-00000.json").write_text("[]", encoding="utf-8")
    _, again, _ = pack(root, tmp_path / "a", 25_000)
    assert again == whole
    assert (tmp_path / "a" / "train-00001.tar").read_bytes() == (tmp_path / "whole" / "train-00001.tar").read_bytes()


@pytest.mark.parametrize("change", ["limit", "format", "items", "last"])
def test_other_settings_are_packed_anew(root: Path, tmp_path: Path, change: str) -> None:
    pack(root, tmp_path / "a", 25_000)
    only = {"items": lambda one: one.member.id != "s0", "last": lambda one: one.member.id != "s4"}.get(change, lambda one: True)
    limit, image_format = (40_000 if change == "limit" else 25_000), ("jpg" if change == "format" else "png")
    _, again, _ = pack(root, tmp_path / "a", limit, image_format, only=only)
    assert again == pack(root, tmp_path / "b", limit, image_format, only=only)[1]


def test_a_bad_series_leaves_its_shard_without_it(root: Path, tmp_path: Path) -> None:
    make_series(tmp_path / "bad", "s9", {"iso": [100.0, 200.0]}, seed=9)
    make_series(tmp_path / "bad", "s10", {"iso": [100.0, 200.0]}, seed=10)
    found = survey([LocalFolder(tmp_path / "bad")], {}, "png", 1).found
    path = tmp_path / "bad" / "s9" / "frames" / "0001.png"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    (tmp_path / "staging").mkdir()
    packer = Packer(tmp_path / "staging", Settings("png", True), Progress("pack", 4), lambda: None)
    shard = packer.make(Plan("train-00000.tar", "train", tuple(found)))
    assert [one.series for one in shard.refused] == ["s9"]
    rows = TableReader(frames_note(tmp_path / "staging" / "train-00000.tar"), FRAME_COLUMNS).table()
    assert rows.column("series").to_pylist() == ["s10", "s10"]
    alone = packer.make(Plan("train-00001.tar", "train", tuple(one for one in found if one.member.id == "s10")))
    assert alone.listed["sha256"] == shard.listed["sha256"]
    nothing = packer.make(Plan("train-00002.tar", "train", tuple(one for one in found if one.member.id == "s9")))
    assert nothing.listed["samples"] == 0
    assert not (tmp_path / "staging" / "train-00002.tar").exists()
