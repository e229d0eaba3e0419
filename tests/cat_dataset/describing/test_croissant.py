"""croissant.json: valid by MLCommons' own checker, true to dataset.json, and of a size that follows the number of shards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cat_dataset.describing.croissant import croissant
from cat_dataset.files import json_bytes
from cat_dataset.manifests import Dataset, open_dataset
from cat_dataset.tables import FRAME_COLUMNS, SERIES_COLUMNS


@pytest.fixture(scope="module")
def dataset(packed: Path) -> Dataset:
    return open_dataset(packed / "manifests")


def described(dataset: Dataset, series: pd.DataFrame | None = None, **changes: Any) -> dict[str, Any]:
    return croissant({**dataset.info, **changes}, dataset.series if series is None else series, dataset.attributes)


def valid(description: dict[str, Any], folder: Path) -> Any:
    """The description as mlcroissant reads it back from a file; raises unless it is valid."""
    mlcroissant = pytest.importorskip("mlcroissant")
    path = folder / "croissant.json"
    path.write_bytes(json_bytes(description))
    metadata = mlcroissant.Dataset(jsonld=str(path)).metadata
    assert not metadata.ctx.issues.errors
    return metadata


def by_id(listed: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    assert len({one["@id"] for one in listed}) == len(listed)
    return {one["@id"]: one for one in listed}


def test_it_is_valid(dataset: Dataset, tmp_path: Path) -> None:
    metadata = valid(described(dataset), tmp_path)
    assert [records.uuid for records in metadata.record_sets] == [
        "frames",
        "series",
        "pictures-train",
        "pictures-validation",
        "pictures-test",
    ]
    missing = {issue.split('"')[1].rsplit("/", 1)[-1] for issue in metadata.ctx.issues.warnings}
    assert missing == {"citeAs", "datePublished", "version"}, "what only a publisher can add"


def test_files_are_those_of_the_dataset(dataset: Dataset, packed: Path) -> None:
    files = by_id(described(dataset)["distribution"])
    for shard in dataset.info["shards"]:
        one = files[shard["file"]]
        assert (one["sha256"], one["contentSize"]) == (shard["sha256"], f"{shard['bytes']} B")
        assert (packed / "manifests" / one["contentUrl"]).stat().st_size == shard["bytes"]
    for name, digest in dataset.info["tables"].items():
        assert (files[name]["contentUrl"], files[name]["sha256"]) == (name, digest)
    tars = [part["@id"] for split in ("train", "validation", "test") for part in files[f"{split}-files"]["containedIn"]]
    assert sorted(tars) == sorted(shard["file"] for shard in dataset.info["shards"])


def test_every_column_is_a_field(dataset: Dataset) -> None:
    records = by_id(described(dataset)["recordSet"])
    frames = by_id(records["frames"]["field"])
    assert [one.removeprefix("frames/") for one in frames] == [*FRAME_COLUMNS, "value_iso", "value_rotation_z"]
    assert frames["frames/value_iso"]["dataType"] == "cr:Float64"
    assert frames["frames/crc32"]["dataType"] == "cr:UInt32"
    series = [one.removeprefix("series/") for one in by_id(records["series"]["field"])]
    assert series[: len(SERIES_COLUMNS)] == list(SERIES_COLUMNS)
    assert all(name.startswith("scene_") for name in series[len(SERIES_COLUMNS) :])


def test_the_same_bytes_and_no_absolute_path(dataset: Dataset, packed: Path) -> None:
    text = json_bytes(described(dataset))
    assert text == json_bytes(described(open_dataset(packed / "manifests")))
    assert str(packed).encode() not in text


@pytest.mark.parametrize(
    ("folder", "address"),
    [
        ("../shards", "../shards/train-00000.tar"),
        (".", "train-00000.tar"),
        ("../../a b/é", "../../a b/é/train-00000.tar"),
        ("s3://bucket/shards", "s3://bucket/shards/train-00000.tar"),
        ("https://example.org/shards", "https://example.org/shards/train-00000.tar"),
    ],
)
def test_addresses(dataset: Dataset, tmp_path: Path, folder: str, address: str) -> None:
    metadata = valid(described(dataset, shards_folder=folder), tmp_path)
    assert address in [one.content_url for one in metadata.file_objects]


@pytest.mark.parametrize("image_format", ["png", "jpg"])
def test_picture_formats(dataset: Dataset, tmp_path: Path, image_format: str) -> None:
    (one, *_) = valid(described(dataset, image_format=image_format), tmp_path).file_sets
    assert (one.includes, one.encoding_formats) == ([f"*.{image_format}"], [{"png": "image/png", "jpg": "image/jpeg"}[image_format]])


def test_licences(dataset: Dataset, tmp_path: Path) -> None:
    series = dataset.series.copy()
    assert described(dataset)["license"] == ["not stated, or not for every part, for 6 of 6 series"]
    series["licences"] = [["CC0-1.0"], ["CC0-1.0", 'Say "hello"\n@id'], *[["MIT"]] * 4]
    named = described(dataset, series)["license"]
    assert named == ["https://spdx.org/licenses/MIT.html", "https://spdx.org/licenses/CC0-1.0.html", 'Say "hello"\n@id']
    assert sorted(valid(described(dataset, series), tmp_path).license) == sorted(named)


def test_it_stays_small_with_many_shards(dataset: Dataset, tmp_path: Path) -> None:
    """Under 400 bytes a shard, so 14,000 shards (10 million frames) take about 5 MB."""
    shards = [{"file": f"train-{k:05d}.tar", "split": "train", "bytes": 10**9, "sha256": "0" * 64, "samples": 700} for k in range(400)]
    few, many = (json.dumps(described(dataset, shards=shards[:count]), indent=2) for count in (1, 400))
    assert (len(many) - len(few)) / 399 < 400
    valid(described(dataset, shards=shards), tmp_path)
