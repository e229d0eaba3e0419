"""The two Parquet tables of a packed dataset: their columns, and reading and writing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cat_dataset.errors import ManifestError
from cat_dataset.files import atomic_file

SCHEMA = 1
FRAMES, SERIES = "frames.parquet", "series.parquet"
SCENE_KEYS = ("asset", "camera", "character", "hdri", "scene")
"""Scene columns that exist in every series.parquet; a producer's further keys add columns."""
REMAKE = "run cat-build-shards again"

FRAME_COLUMNS = {
    "series": pa.string(), "frame": pa.int32(), "split": pa.string(), "shard": pa.string(), "offset": pa.int64(),
    "size": pa.int64(), "crc32": pa.uint32(), "sha256": pa.string(), "width": pa.int32(), "height": pa.int32(),
}  # fmt: skip
SERIES_COLUMNS = {
    "series": pa.string(), "source": pa.string(), "object": pa.string(), "varies": pa.list_(pa.string()),
    "frames": pa.int32(), "split": pa.string(), "constants": pa.string(), "provenance": pa.string(),
}  # fmt: skip


def write_frames(path: Path, rows: Sequence[Mapping[str, Any]], attributes: Sequence[str]) -> None:
    """Write frames.parquet; ``rows`` carry the fixed columns and ``value_<attribute>`` where it varies."""
    columns = {**FRAME_COLUMNS, **{f"value_{name}": pa.float64() for name in attributes}}
    _write_table(path, rows, columns)


def write_series(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write series.parquet; ``rows`` carry the fixed columns and ``scene_<key>``."""
    keys = sorted({f"scene_{key}" for key in SCENE_KEYS}.union(*(row.keys() - SERIES_COLUMNS.keys() for row in rows)))
    _write_table(path, rows, {**SERIES_COLUMNS, **{key: pa.string() for key in keys}})


def read_series_table(manifests: Path) -> pd.DataFrame:
    """series.parquet alone, also of a build that was interrupted.

    Raises:
        ManifestError: unreadable or of another schema version.
    """
    return read_table(manifests / SERIES, SERIES_COLUMNS)


def _write_table(path: Path, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, pa.DataType]) -> None:
    """Parquet with every setting that shapes the bytes fixed, so that equal rows give equal files."""
    schema = pa.schema(list(columns.items()), metadata={"cat_schema": str(SCHEMA)})
    table = pa.Table.from_pydict({name: [row.get(name) for row in rows] for name in columns}, schema=schema)
    with atomic_file(path) as stream:
        pq.write_table(table, stream, compression="zstd", compression_level=3, version="2.6", row_group_size=1 << 17)


def read_table(path: Path, columns: Mapping[str, pa.DataType]) -> pd.DataFrame:
    """A table that has at least ``columns``, as pandas.

    Raises:
        ManifestError: absent, unreadable, of another schema version, or a column is absent or of another type.
    """
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
    for field in table.schema:
        if field.name.startswith("value_") and field.type != pa.float64():
            raise ManifestError(f"{path}: column {field.name!r} is not float64; {REMAKE}")
    frame: pd.DataFrame = table.to_pandas()
    return frame
