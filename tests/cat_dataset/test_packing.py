"""Filling shards: whole series, a size limit, and going on where a killed build stopped."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cat_dataset.packing import Item, Packer, Shard
from cat_dataset.progress import Progress
from cat_dataset.series import read_series
from tests.cat_dataset.factory import make_series


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> list[Item]:
    root = tmp_path_factory.mktemp("series")
    for number, count in enumerate((2, 5, 3, 12, 2, 4)):
        extension = "jpg" if number % 2 else "png"
        make_series(root, f"s{number}", {"iso": [100.0 * (k + 1) for k in range(count)]}, seed=number, extension=extension)
    return [Item.of(folder, read_series(folder)) for folder in sorted(root.iterdir())]


def pack(items: list[Item], staging: Path, limit: int = 10**9, image_format: str = "png") -> tuple[list[Shard], Progress]:
    staging.mkdir(exist_ok=True)
    progress = Progress("pack", 28)
    return list(Packer("train", items, staging, limit, image_format).run(progress)), progress


def tars(staging: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(staging.iterdir())}


@settings(max_examples=20)
@given(limit=st.integers(5_000, 80_000), image_format=st.sampled_from(["png", "jpg"]))
def test_limit(items: list[Item], tmp_path_factory: pytest.TempPathFactory, limit: int, image_format: str) -> None:
    shards, _ = pack(items, tmp_path_factory.mktemp("x"), limit, image_format)
    seen: list[str] = []
    for shard in shards:
        inside = list(dict.fromkeys(row["series"] for row in shard.rows))
        assert shard.listed["bytes"] <= limit or len(inside) == 1
        seen += inside
    assert sorted(seen) == [f"s{k}" for k in range(6)], "each series whole, in one shard"
    assert sum(shard.listed["samples"] for shard in shards) == 28
    for one, following in itertools.pairwise(shards):
        first = following.rows[0]["series"]
        alone, _ = pack([item for item in items if item.series.id == first], tmp_path_factory.mktemp("y"), image_format=image_format)
        assert one.listed["bytes"] + alone[0].listed["bytes"] > limit, "a shard ends only when the next series does not fit"


@pytest.mark.parametrize("image_format", ["png", "jpg"])
def test_resume(items: list[Item], tmp_path: Path, image_format: str) -> None:
    whole, _ = pack(items, tmp_path / "whole", 25_000, image_format)
    assert len(whole) > 3
    pack(items, tmp_path / "a", 25_000, image_format)
    untouched = (tmp_path / "a" / "train-00000.tar").stat().st_mtime_ns
    (tmp_path / "a" / "train-00002.json").unlink()  # killed before its note
    (tmp_path / "a" / "train-00003.tar").unlink()
    again, progress = pack(items, tmp_path / "a", 25_000, image_format)
    assert again == whole
    assert tars(tmp_path / "a") == tars(tmp_path / "whole")
    assert (tmp_path / "a" / "train-00000.tar").stat().st_mtime_ns == untouched
    assert progress.skipped == 28 - sum(whole[k].listed["samples"] for k in (2, 3))


def test_a_staged_shard_is_not_trusted(items: list[Item], tmp_path: Path) -> None:
    whole, _ = pack(items, tmp_path / "whole", 25_000)
    pack(items, tmp_path / "a", 25_000)
    path = tmp_path / "a" / "train-00001.tar"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    (tmp_path / "a" / "train-00000.json").write_text("[]", encoding="utf-8")
    again, _ = pack(items, tmp_path / "a", 25_000)
    assert again == whole
    assert tars(tmp_path / "a") == tars(tmp_path / "whole")


@pytest.mark.parametrize("change", ["limit", "format", "items", "last"])
def test_other_settings_are_packed_anew(items: list[Item], tmp_path: Path, change: str) -> None:
    pack(items, tmp_path / "a", 25_000)
    chosen = {"items": items[1:], "last": items[:-1]}.get(change, items)
    limit, image_format = (40_000 if change == "limit" else 25_000), ("jpg" if change == "format" else "png")
    again, _ = pack(chosen, tmp_path / "a", limit, image_format)
    assert again == pack(chosen, tmp_path / "b", limit, image_format)[0]
