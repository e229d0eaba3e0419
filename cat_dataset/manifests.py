"""The Parquet index of a packed dataset: its schema, reading it with checks, writing it (docs/formats.md).

manifests/frames.parquet   a row per frame: where its bytes lie and what its labels are
manifests/series.parquet   a row per series
manifests/dataset.json     written last: its presence means "complete"
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cat_dataset.attributes import ATTRIBUTES
from cat_dataset.errors import InputError, ManifestError
from cat_dataset.files import atomic_file, read_json

SCHEMA = 1
FRAMES, SERIES, DATASET_JSON = "frames.parquet", "series.parquet", "dataset.json"
SPLITS = ("train", "validation", "test")
SHARD_PATTERN = re.compile(r"(train|validation|test)-(\d{5})\.tar")
SCENE_KEYS = ("asset", "camera", "character", "hdri", "scene")
"""Scene columns that exist in every series.parquet; a producer's further keys add columns."""
REMAKE = "run cat-build-shards again"

_FRAME_COLUMNS = {
    "series": pa.string(), "frame": pa.int32(), "split": pa.string(), "shard": pa.string(), "offset": pa.int64(),
    "size": pa.int64(), "crc32": pa.uint32(), "sha256": pa.string(), "width": pa.int32(), "height": pa.int32(),
}  # fmt: skip
_SERIES_COLUMNS = {
    "series": pa.string(), "source": pa.string(), "object": pa.string(), "varies": pa.list_(pa.string()),
    "frames": pa.int32(), "split": pa.string(), "constants": pa.string(), "provenance": pa.string(),
}  # fmt: skip


@dataclass(frozen=True)
class Dataset:
    """A packed dataset, open for reading.

    ``frames`` and ``series`` are the two tables (`docs/formats.md` names the columns), rows in the order of the shards;
    ``value_<attribute>`` is NaN where a series does not vary that attribute. ``info`` is dataset.json.
    """

    frames: pd.DataFrame
    series: pd.DataFrame
    info: dict[str, Any]
    manifests: Path
    shards_folder: Path

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the attributes that vary somewhere, in registry order."""
        return tuple(name for name in ATTRIBUTES if f"value_{name}" in self.frames.columns)


def open_dataset(manifests: Path, *, shards: Path | None = None) -> Dataset:
    """Open the dataset that ``manifests`` describes; its shards lie where dataset.json says, or in ``shards``.

    Raises:
        ManifestError: not a dataset, unfinished, of another schema version, or its shards are gone or of another size.
    """
    info = read_info(manifests)
    folder = shards if shards is not None else manifests / Path(PurePosixPath(info["shards_folder"]))
    frames = _read_table(manifests / FRAMES, _FRAME_COLUMNS)
    series = _read_table(manifests / SERIES, _SERIES_COLUMNS)
    _check_attributes(frames, manifests / FRAMES)
    sizes = check_shards(info, folder)
    _check_places(frames, sizes, manifests / FRAMES)
    series["varies"] = series["varies"].map(list)
    return Dataset(frames, series, info, manifests, folder)


def read_info(manifests: Path) -> dict[str, Any]:
    """dataset.json, checked.

    Raises:
        ManifestError: absent, of another schema version, or not ours.
    """
    path = manifests / DATASET_JSON
    if not manifests.is_dir():
        raise ManifestError(f"{manifests} is not a folder; run cat-build-shards first, or give the folder it wrote")
    if not path.is_file():
        begun = any((manifests / name).is_file() for name in (FRAMES, SERIES))
        what = "unfinished build" if begun else "no dataset here"
        raise ManifestError(f"{path} is absent ({what}); {REMAKE if begun else 'run cat-build-shards first'}")
    try:
        info = read_json(path)
    except InputError as error:
        raise ManifestError(str(error)) from None
    if not isinstance(info, dict) or "schema" not in info:
        raise ManifestError(f"{path} is not a dataset description; {REMAKE}")
    if info["schema"] != SCHEMA:
        raise ManifestError(f"{path} has schema {info['schema']!r}, this version reads {SCHEMA}; {REMAKE}, or upgrade cat-dataset")
    _check_info(info, path)
    return info


def check_shards(info: Mapping[str, Any], folder: Path) -> dict[str, int]:
    """Bytes of every shard, by file name, after comparing them with the files in ``folder``.

    Raises:
        ManifestError: a shard is absent or of another size.
    """
    sizes = {}
    for shard in info["shards"]:
        path = folder / shard["file"]
        if not path.is_file():
            raise ManifestError(f"{path} is absent; copy it beside the others, give its folder with --shards, or {REMAKE}")
        if path.stat().st_size != shard["bytes"]:
            raise ManifestError(f"{path} has {path.stat().st_size} bytes, not {shard['bytes']}; copy it again or {REMAKE}")
        sizes[shard["file"]] = shard["bytes"]
    return sizes


def write_frames(path: Path, rows: Sequence[Mapping[str, Any]], attributes: Sequence[str]) -> None:
    """Write frames.parquet; ``rows`` carry the fixed columns and ``value_<attribute>`` where it varies."""
    columns = {**_FRAME_COLUMNS, **{f"value_{name}": pa.float64() for name in attributes}}
    _write_table(path, rows, columns)


def write_series(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write series.parquet; ``rows`` carry the fixed columns and ``scene_<key>``."""
    keys = sorted({f"scene_{key}" for key in SCENE_KEYS}.union(*(row.keys() - _SERIES_COLUMNS.keys() for row in rows)))
    _write_table(path, rows, {**_SERIES_COLUMNS, **{key: pa.string() for key in keys}})


def read_series_table(manifests: Path) -> pd.DataFrame:
    """series.parquet alone, also of a build that was interrupted.

    Raises:
        ManifestError: unreadable or of another schema version.
    """
    return _read_table(manifests / SERIES, _SERIES_COLUMNS)


def relative_shards(manifests: Path, shards: Path) -> str:
    """``shards`` as seen from ``manifests``, with forward slashes.

    Raises:
        ManifestError: they lie on different drives.
    """
    try:
        return PurePosixPath(Path(os.path.relpath(shards.resolve(), manifests.resolve()))).as_posix()
    except ValueError:
        raise ManifestError(f"{shards} and {manifests} lie on different drives; choose folders on one drive") from None


def _write_table(path: Path, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, pa.DataType]) -> None:
    """Parquet with every setting that shapes the bytes fixed, so that equal rows give equal files."""
    schema = pa.schema(list(columns.items()), metadata={"cat_schema": str(SCHEMA)})
    table = pa.Table.from_pydict({name: [row.get(name) for row in rows] for name in columns}, schema=schema)
    with atomic_file(path) as stream:
        pq.write_table(table, stream, compression="zstd", compression_level=3, version="2.6", row_group_size=1 << 17)


def _read_table(path: Path, columns: Mapping[str, pa.DataType]) -> pd.DataFrame:
    if not path.is_file():
        raise ManifestError(f"{path} is absent; {REMAKE}")
    try:
        table = pq.read_table(path, memory_map=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ManifestError(f"{path} is not a readable Parquet file ({str(error).splitlines()[0]}); {REMAKE}") from None
    found = (table.schema.metadata or {}).get(b"cat_schema", b"none").decode("utf-8", "replace")
    if found != str(SCHEMA):
        raise ManifestError(f"{path} has schema {found}, this version reads {SCHEMA}; {REMAKE}, or upgrade cat-dataset")
    for name, kind in columns.items():
        if name not in table.column_names:
            raise ManifestError(f"{path} has no column {name!r}; {REMAKE}")
        if table.schema.field(name).type != kind or table.column(name).null_count:
            raise ManifestError(f"{path}: column {name!r} is not {kind} in every row; {REMAKE}")
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _check_info(info: Mapping[str, Any], path: Path) -> None:
    shards, folder = info.get("shards"), info.get("shards_folder")
    if not isinstance(folder, str) or PurePosixPath(folder).is_absolute() or Path(folder).is_absolute():
        raise ManifestError(f"{path}: shards_folder must be a relative path; {REMAKE}")
    if not isinstance(shards, list) or not isinstance(info.get("tables"), dict) or info.get("image_format") not in ("png", "jpg"):
        raise ManifestError(f"{path} is not a whole dataset description; {REMAKE}")
    for shard in shards:
        named = isinstance(shard, dict) and isinstance(shard.get("file"), str) and SHARD_PATTERN.fullmatch(shard["file"])
        if not named or not isinstance(shard.get("bytes"), int) or not isinstance(shard.get("sha256"), str):
            raise ManifestError(f"{path} lists a shard that is not ours: {str(shard)[:80]}; {REMAKE}")


def _check_attributes(frames: pd.DataFrame, path: Path) -> None:
    for column in frames.columns:
        if column.startswith("value_") and column.removeprefix("value_") not in ATTRIBUTES:
            raise ManifestError(f"{path}: column {column!r} is of an attribute this version does not know; upgrade cat-dataset")


def _check_places(frames: pd.DataFrame, sizes: Mapping[str, int], path: Path) -> None:
    ends = frames["shard"].map(sizes)
    wrong = ends.isna() | (frames["offset"] < 512) | (frames["size"] <= 0) | (frames["offset"] + frames["size"] > ends)
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise ManifestError(f"{path}: row {row} points outside its shard {str(frames['shard'].iloc[row])[:40]!r}; {REMAKE}")
