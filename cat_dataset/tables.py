"""The Parquet tables of a packed dataset: their columns, and reading and writing them piece by piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cat_dataset.errors import ManifestError
from cat_dataset.files import atomic_file

SCHEMA = 2
FRAMES, SERIES, REJECTED = "frames.parquet", "series.parquet", "rejected.parquet"
SCENE_KEYS = ("asset", "camera", "character", "hdri", "scene")
"""Scene columns that exist in every series.parquet; a producer's further keys add columns."""
REMAKE = "run cat-build-shards again"
ROW_GROUP = 1 << 17
"""Rows of a row group, and of the pieces in which a table is read."""

FRAME_COLUMNS = {
    "series": pa.string(), "frame": pa.int32(), "split": pa.string(), "shard": pa.string(), "offset": pa.int64(),
    "size": pa.int64(), "crc32": pa.uint32(), "sha256": pa.string(), "width": pa.int32(), "height": pa.int32(),
    "luminance": pa.float32(),
}  # fmt: skip
SERIES_COLUMNS = {
    "series": pa.string(), "source": pa.string(), "object": pa.string(), "varies": pa.list_(pa.string()),
    "frames": pa.int32(), "split": pa.string(), "shard": pa.string(), "digest": pa.string(),
    "licences": pa.list_(pa.string()), "dhashes": pa.list_(pa.string()), "constants": pa.string(), "provenance": pa.string(),
}  # fmt: skip
REJECTED_COLUMNS = {"series": pa.string(), "folder": pa.string(), "reason": pa.string()}
NULLABLE = ("luminance",)
"""Fixed columns that may be null: unknown where a build did not decode."""
LONG_TEXT = ("constants", "provenance")
"""Columns of series.parquet that are much longer than the rest together, and seldom wanted."""


def frame_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows of frames.parquet, with a column ``value_<attribute>`` for each attribute that some row has."""
    names = sorted({name for row in rows for name in row if name.startswith("value_")})
    return _table(rows, {**FRAME_COLUMNS, **dict.fromkeys(names, pa.float64())})


def series_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows of series.parquet, with a column ``scene_<key>`` for each key that some row has."""
    names = sorted({name for row in rows for name in row if name.startswith("scene_")})
    return _table(rows, {**SERIES_COLUMNS, **dict.fromkeys(names, pa.string())})


def rejected_table(rows: Sequence[Mapping[str, str]]) -> pa.Table:
    """Rows of rejected.parquet."""
    return _table(rows, REJECTED_COLUMNS)


def frames_schema(attributes: Sequence[str]) -> pa.Schema:
    """frames.parquet of a dataset in which ``attributes`` vary somewhere."""
    return _schema({**FRAME_COLUMNS, **{f"value_{name}": pa.float64() for name in attributes}})


def series_schema(scene_columns: Iterable[str]) -> pa.Schema:
    """series.parquet of a dataset whose series have ``scene_columns`` beside the usual ones."""
    keys = sorted({f"scene_{key}" for key in SCENE_KEYS}.union(scene_columns))
    return _schema({**SERIES_COLUMNS, **dict.fromkeys(keys, pa.string())})


class TableWriter:
    """A Parquet file written piece by piece. However the rows come, equal rows give equal bytes."""

    def __init__(self, sink: Any, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(sink, schema, compression="zstd", compression_level=3, version="2.6")
        self._held: list[pa.Table] = []
        self._count = 0

    def write(self, table: pa.Table) -> None:
        """Append rows; columns that ``table`` lacks become null."""
        arrays = [
            table.column(field.name) if field.name in table.column_names else pa.nulls(len(table), field.type) for field in self._schema
        ]
        self._held.append(pa.table(arrays, schema=self._schema))
        self._count += len(table)
        while self._count >= ROW_GROUP:
            self._flush(ROW_GROUP)

    def close(self) -> None:
        """Write what is held, and the footer."""
        if self._count:
            self._flush(self._count)
        self._writer.close()

    def abandon(self) -> None:
        """Let go of a file that will not be whole; left to itself Arrow would try later, and complain on the terminal."""
        with suppress(Exception):
            self._writer.close()

    def _flush(self, rows: int) -> None:
        held = pa.concat_tables(self._held)
        self._writer.write_table(held.slice(0, rows).combine_chunks(), row_group_size=rows)
        self._held, self._count = [held.slice(rows)], self._count - rows


@contextmanager
def table_writer(path: Path, schema: pa.Schema) -> Iterator[TableWriter]:
    """Write a table to ``path``, whole or not at all."""
    with atomic_file(path) as stream:
        writer = TableWriter(stream, schema)
        try:
            yield writer
        except BaseException:
            writer.abandon()
            raise
        writer.close()


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table that is in memory."""
    with table_writer(path, table.schema) as writer:
        writer.write(table)


class TableReader:
    """A table on disk, read in pieces of `ROW_GROUP` rows.

    Raises:
        ManifestError: absent, unreadable, of another schema version, or without one of ``columns`` in its type.
    """

    def __init__(self, path: Path, columns: Mapping[str, pa.DataType]) -> None:
        if not path.is_file():
            raise ManifestError(f"{path} is absent; {REMAKE}")
        self.path = path
        with self._readable():
            self._file = pq.ParquetFile(path, memory_map=False)
        self.schema: pa.Schema = self._file.schema_arrow
        self.rows: int = self._file.metadata.num_rows
        found = (self.schema.metadata or {}).get(b"cat_schema", b"none").decode("utf-8", "replace")
        if found != str(SCHEMA):
            raise ManifestError(f"{path} has schema {found}, this version reads {SCHEMA}; {REMAKE}, or upgrade cat-dataset")
        if len(set(self.schema.names)) < len(self.schema.names):
            raise ManifestError(f"{path} has two columns of one name; {REMAKE}")
        for name, kind in columns.items():
            if name not in self.schema.names:
                raise ManifestError(f"{path} has no column {name!r}; {REMAKE}")
            if self.schema.field(name).type != kind:
                raise ManifestError(f"{path}: column {name!r} is not {kind}; {REMAKE}")
        for field in self.schema:
            if field.name.startswith("value_") and field.type != pa.float64():
                raise ManifestError(f"{path}: column {field.name!r} is not float64; {REMAKE}")

    def pieces(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Rows in order, only ``columns`` of them.

        Raises:
            ManifestError: unreadable, or a fixed column is null somewhere.
        """
        with self._readable():
            for piece in self._file.iter_batches(ROW_GROUP, columns=columns):
                for name in piece.schema.names:
                    if piece.column(name).null_count and not name.startswith(("value_", "scene_")) and name not in NULLABLE:
                        raise ManifestError(f"{self.path}: column {name!r} is null in some row; {REMAKE}")
                    if pa.types.is_list(piece.column(name).type) and piece.column(name).flatten().null_count:
                        raise ManifestError(f"{self.path}: column {name!r} holds a list with a null; {REMAKE}")
                yield piece

    def pieces_by(self, column: str, columns: Sequence[str] | None = None) -> Iterator[tuple[str, pa.RecordBatch]]:
        """`pieces`, cut wherever the text in ``column`` changes, with that text."""
        for piece in self.pieces(columns):
            begin = 0
            for text, end in zip(*runs(piece.column(column)), strict=True):
                yield text, piece.slice(begin, end - begin)
                begin = end

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows in memory, only ``columns`` of them."""
        pieces = list(self.pieces(columns))
        schema = self.schema if columns is None else pa.schema([self.schema.field(name) for name in columns])
        return pa.Table.from_batches(pieces, schema=schema.remove_metadata() if pieces == [] else pieces[0].schema)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError, ValueError) as error:
            raise ManifestError(f"{self.path} is not a readable Parquet file ({str(error).splitlines()[0]}); {REMAKE}") from None


def runs(column: pa.Array) -> tuple[list[Any], list[int]]:
    """The values of a column with repetitions left out, and where each run of equal values ends."""
    encoded = pc.run_end_encode(column)
    return encoded.values.to_pylist(), encoded.run_ends.to_pylist()


def _schema(columns: Mapping[str, pa.DataType]) -> pa.Schema:
    return pa.schema(list(columns.items()), metadata={"cat_schema": str(SCHEMA)})


def _table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, pa.DataType]) -> pa.Table:
    return pa.Table.from_pydict({name: [row.get(name) for row in rows] for name in columns}, schema=_schema(columns))
