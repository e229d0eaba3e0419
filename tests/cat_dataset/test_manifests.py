"""Manifests: what goes in comes out, and everything that is not right is refused by name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cat_dataset.attributes import ATTRIBUTES
from cat_dataset.dataset_json import DATASET_JSON
from cat_dataset.errors import ManifestError
from cat_dataset.files import sha256_file
from cat_dataset.frames import FrameReader
from cat_dataset.manifests import open_dataset
from cat_dataset.series import read_series
from cat_dataset.tables import FRAMES, SERIES
from tests.cat_dataset.factory import build_dataset, make_series, read_all


@st.composite
def values_of_series(draw: st.DrawFn) -> dict[str, list[float]]:
    """Any one or two attributes with any legal values, at least two different ones each."""
    names = draw(st.lists(st.sampled_from(sorted(ATTRIBUTES)), min_size=1, max_size=2, unique=True))
    count = draw(st.integers(2, 4))
    values = {}
    for name in names:
        low, high = ATTRIBUTES[name].low, ATTRIBUTES[name].high
        column = st.lists(st.floats(low, high, allow_nan=False), min_size=count, max_size=count)
        values[name] = draw(column.filter(lambda column: len(set(column)) > 1))
    return values


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(
    content=st.lists(st.tuples(values_of_series(), texts, st.sampled_from(["asset", "scene", "zoo"]), texts), min_size=1, max_size=4),
    image_format=st.sampled_from(["png", "jpg"]),
    shard_size=st.integers(10_000, 60_000),
)
def test_any_series_read_back_equal(tmp_path_factory: pytest.TempPathFactory, content: list, image_format: str, shard_size: int) -> None:
    root = tmp_path_factory.mktemp("any")
    for number, (values, name, key, value) in enumerate(content):
        make_series(root / "series", f"s{number}", values, object=name, scene={key: value}, seed=number, size=(8, 8))
    dataset = build_dataset(root, shard_size=shard_size, image_format=image_format)
    read_all(root / "manifests")
    reader = FrameReader(dataset)
    rows = dataset.frames.set_index(["series", "frame"])
    described = pd.read_parquet(root / "manifests" / SERIES).set_index("series")
    assert len(rows) == sum(len(next(iter(values.values()))) for values, *_ in content)
    for number in range(len(content)):
        made = read_series(root / "series" / f"s{number}")
        assert list(described.loc[made.id, "varies"]) == list(made.varies)
        assert described.loc[made.id, "object"] == made.object
        assert described.loc[made.id, "frames"] == len(made.frames)
        assert json.loads(described.loc[made.id, "provenance"]) == made.provenance
        assert json.loads(described.loc[made.id, "constants"]) == made.constants
        for key, value in made.scene.items():
            assert described.loc[made.id, f"scene_{key}"] == value
        for index, frame in enumerate(made.frames):
            row = rows.loc[(made.id, index)]
            labels = {name: row[f"value_{name}"] for name in dataset.attributes if not np.isnan(row[f"value_{name}"])}
            assert labels == dict(frame.values)
            if image_format == "png":
                at = int(dataset.frames.index[(dataset.frames["series"] == made.id) & (dataset.frames["frame"] == index)][0])
                assert reader.read(at) == (root / "series" / made.id / frame.file).read_bytes()


def test_opens(packed: Path) -> None:
    dataset = open_dataset(packed / "manifests")
    assert dataset.attributes == ("iso", "rotation_z")
    assert dataset.info["totals"]["frames"] == len(dataset.frames) == 18
    assert dataset.frames.index.tolist() == list(range(18))
    moved = open_dataset(packed / "manifests", shards=packed / "shards")
    assert str(moved.shards) == str(packed / "shards")


def change_info(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def apply(root: Path) -> None:
        path = root / "manifests" / DATASET_JSON
        info = json.loads(path.read_text(encoding="utf-8"))
        change(info)
        path.write_text(json.dumps(info), encoding="utf-8")

    return apply


def seal_tables(root: Path) -> None:
    """Make dataset.json agree with whatever the tables hold now."""
    change_info(lambda info: info.update(tables={name: sha256_file(root / "manifests" / name) for name in (FRAMES, SERIES)}))(root)


def change_table(name: str, change: Callable[[pa.Table], pa.Table]) -> Callable[[Path], None]:
    """Another table that dataset.json agrees with: only a look inside can find it then."""

    def apply(root: Path) -> None:
        table = pq.read_table(root / "manifests" / name)
        pq.write_table(change(table).replace_schema_metadata(table.schema.metadata), root / "manifests" / name)
        seal_tables(root)

    return apply


def column(name: str, values: Callable[[list[Any]], list[Any]], kind: pa.DataType | None = None) -> Callable[[pa.Table], pa.Table]:
    def apply(table: pa.Table) -> pa.Table:
        at = table.column_names.index(name)
        return table.set_column(at, name, pa.array(values(table.column(name).to_pylist()), kind or table.schema.field(name).type))

    return apply


def renamed(old: str, new: str) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.rename_columns([new if name == old else name for name in table.column_names])


def not_parquet(root: Path) -> None:
    (root / "manifests" / SERIES).write_bytes(b"PAR1")
    seal_tables(root)


def first(value: Any) -> Callable[[list[Any]], list[Any]]:
    return lambda old: [value, *old[1:]]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda root: shutil.rmtree(root / "manifests"), "not a folder; run cat-build-shards first"),
        (lambda root: (root / "manifests" / DATASET_JSON).unlink(), "unfinished build.*run cat-build-shards again"),
        (lambda root: [path.unlink() for path in (root / "manifests").iterdir()], "no dataset here"),
        (lambda root: (root / "manifests" / DATASET_JSON).write_bytes(b"{"), "not valid JSON"),
        (lambda root: (root / "manifests" / DATASET_JSON).write_bytes(b"[]"), "not a dataset description"),
        (change_info(lambda info: info.update(schema=7)), "has schema 7, this version reads 2"),
        (change_info(lambda info: info.pop("shards")), "not a whole dataset description"),
        (change_info(lambda info: info.update(shards_folder="/etc")), "must be a relative path or an address"),
        (change_info(lambda info: info["shards"][0].update(file="../../etc/passwd")), "not ours"),
        (change_info(lambda info: info["shards"][0].update(file="train-00000.tar\n")), "not ours"),
        (change_info(lambda info: info["shards"][0].update(split="test")), "not ours"),
        (change_info(lambda info: info["shards"][0].update(split=["train"])), "not ours"),
        (change_info(lambda info: info["split"].update(by=3)), "split.by must be null or a list"),
        (change_info(lambda info: info["split"].update(by=["hdri", None])), "split.by must be null or a list"),
        (change_info(lambda info: info.update(split="hdri")), "split.by must be null or a list"),
        (change_info(lambda info: info.update(shards_folder="../\ud800")), "must be a relative path or an address"),
        (change_info(lambda info: info.update(shards_folder="../a\0b")), "must be a relative path or an address"),
        (change_info(lambda info: info["shards"][0].update(bytes=1)), "has .* bytes, not 1"),
        (lambda root: (root / "manifests" / FRAMES).unlink(), "frames.parquet is absent"),
        (lambda root: (root / "manifests" / SERIES).write_bytes(b"PAR1"), "series.parquet does not match its sha256 .*cat-verify"),
        (not_parquet, "not a readable Parquet file"),
        (lambda root: (root / "shards" / "train-00000.tar").unlink(), "train-00000.tar is absent"),
        (lambda root: (root / "shards" / "train-00000.tar").write_bytes(b"x"), "has 1 bytes, not"),
        (change_table(FRAMES, lambda table: table.drop_columns(["crc32"])), "no column 'crc32'"),
        (change_table(FRAMES, lambda table: table.drop_columns(["value_iso"])), "no column value_iso although"),
        (change_table(FRAMES, lambda table: table.slice(1)), "has 17 rows, series.parquet counts 18"),
        (change_table(FRAMES, lambda table: table.take([1, 0, *range(2, 18)])), "numbers the frames of some series otherwise"),
        (change_table(FRAMES, lambda table: table.take([*range(3, 18), 0, 1, 2])), "disagree on the series of some frame"),
        (change_table(SERIES, column("frames", first(0))), "a series without frames"),
        (change_table(SERIES, column("varies", first([]))), "a series that varies nothing"),
        (change_table(SERIES, column("varies", first([None]))), "'varies' holds a list with a null"),
        (change_table(FRAMES, column("offset", first(10**12))), "row 0 .* points outside its shard"),
        (change_table(FRAMES, column("size", first(2**63 - 1))), "row 0 .* points outside its shard"),
        (change_table(FRAMES, column("offset", first(-(2**63)))), "row 0 .* points outside its shard"),
        (change_table(SERIES, column("series", first("a" * 10**6))), "impossible series name 'a{40}'"),
        (change_table(FRAMES, column("shard", first("test-00000.tar"))), "disagree on the shard"),
        (change_table(SERIES, column("shard", first("test-00000.tar"))), "a series of the train split in test-00000.tar"),
        (change_table(FRAMES, column("shard", first("train-99999.tar"))), "disagree on the shard"),
        (change_table(FRAMES, column("split", first("test"))), "disagree on the split"),
        (change_table(FRAMES, column("value_rotation_z", lambda old: [1e9] * len(old))), "impossible label rotation_z"),
        (change_table(FRAMES, column("value_iso", lambda old: [None] * len(old))), "impossible label iso = nan"),
        (change_table(FRAMES, column("value_iso", lambda old: ["x"] * len(old), pa.string())), "'value_iso' is not float64"),
        (change_table(FRAMES, column("size", first(None))), "column 'size' is null in some row"),
        (change_table(FRAMES, renamed("value_iso", "value_zoom")), "'zoom' is unknown|no column value_iso"),
        (change_table(SERIES, lambda table: pa.concat_tables([table, table.slice(0, 1)])), "names a series twice"),
    ],
)
def test_refuses(copied: Path, damage: Callable[[Path], object], says: str) -> None:
    damage(copied)
    with pytest.raises(ManifestError, match=says) as refused:
        open_dataset(copied / "manifests")
    assert "cat-build-shards" in str(refused.value)


@pytest.mark.parametrize("name", [FRAMES, SERIES])
def test_a_flipped_byte_in_a_table_is_refused(copied: Path, name: str) -> None:
    path = copied / "manifests" / name
    data = path.read_bytes()
    for at in range(0, len(data), len(data) // 20):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(ManifestError, match=f"{name} does not match its sha256 .*copy it again or run cat-build-shards again"):
            open_dataset(copied / "manifests")
    path.write_bytes(data)
    open_dataset(copied / "manifests")


def test_a_table_of_another_schema_is_refused(copied: Path) -> None:
    path = copied / "manifests" / FRAMES
    table = pq.read_table(path)
    for metadata, says in (({"cat_schema": "1"}, "has schema 1"), (None, "has schema none")):
        pq.write_table(table.replace_schema_metadata(metadata), path)
        seal_tables(copied)
        with pytest.raises(ManifestError, match=says):
            open_dataset(copied / "manifests")
