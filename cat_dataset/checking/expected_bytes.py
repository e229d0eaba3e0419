"""What every byte of a shard must be, the pictures' own apart, by its rows in the tables.

Both tar headers and the JSON sample of a frame follow from its row. They are made here as `cat_dataset.shards` makes them,
byte for byte, but from templates: within a series little changes from frame to frame.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from cat_dataset.attributes import attribute
from cat_dataset.shards import BLOCK, member_name, tar_header
from cat_dataset.tables import runs

_AT_ONCE = 4096
"""Rows that exist as Python objects at a time."""
_FIXED = ("frame", "offset", "size", "crc32", "sha256", "width", "height", "luminance")
_ZEROS = bytes(BLOCK)


class Expected(NamedTuple):
    """One frame: its place and what the tables say of the picture, and the bytes before (header) and behind (tail) it.

    ``tail`` is the padding of the picture, then header, text and padding of its JSON sample, ``text`` bytes long. ``end`` is
    the byte behind it, where the next frame's header begins.
    """

    series: str
    frame: int
    offset: int
    size: int
    crc32: int
    sha256: str
    width: int
    height: int
    luminance: float | None
    header: bytes
    tail: bytes
    text: int
    end: int


class Described:
    """How the members of one series are spelled: ``source``, ``object`` and ``varies`` are its columns in series.parquet."""

    def __init__(self, series: str, source: str, object: str, varies: Sequence[str], extension: str) -> None:
        self._series, self._extension = series, extension
        self.columns = [f"value_{name}" for name in varies]
        labels = ", ".join(f'{{"attribute": {_text(name)}, "value": %r, "unit": {_text(attribute(name).unit)}}}' for name in varies)
        self._sample = (
            f'{{"series": {_text(series)}, "frame": %d, "source": {_text(source)}, "object": {_text(object)}, '
            f'"labels": [{labels}], "width": %d, "height": %d, "sha256": "%s"}}'
        )

    def header(self, frame: int, size: int) -> bytes:
        """The 512 bytes before a picture of ``size`` bytes."""
        return tar_header(member_name(self._series, frame, self._extension), size)

    def sample_header(self, frame: int, size: int) -> bytes:
        """The 512 bytes before a sample of ``size`` bytes."""
        return tar_header(member_name(self._series, frame, "json"), size)

    def sample(self, frame: int, values: Iterable[float], width: int, height: int, sha256: str) -> bytes:
        """`cat_dataset.shards.sample_json` of a frame; ``values`` in the order of `columns`."""
        return (self._sample % (frame, *values, width, height, sha256)).encode()


def expected_frames(rows: Iterable[pa.RecordBatch], describe: Callable[[str], Described]) -> Iterator[Expected]:
    """The frames of one shard, from its rows of frames.parquet, in their order."""
    for batch in rows:
        begin = 0
        for series, end in zip(*runs(batch.column("series")), strict=True):
            described = describe(series)
            for at in range(begin, end, _AT_ONCE):
                yield from _expected(series, described, batch.slice(at, min(_AT_ONCE, end - at)))
            begin = end


def _expected(series: str, described: Described, rows: pa.RecordBatch) -> Iterator[Expected]:
    labels: Iterable[Sequence[float]] = zip(*(_listed(rows, name) for name in described.columns), strict=True)
    for fixed, values in zip(zip(*(_listed(rows, name) for name in _FIXED), strict=True), labels, strict=True):
        frame, offset, size, _, sha256, width, height, _ = fixed
        text = described.sample(frame, values, width, height, sha256)
        length = len(text)
        tail = b"".join((_ZEROS[: -size % BLOCK], described.sample_header(frame, length), text, _ZEROS[: -length % BLOCK]))
        yield Expected._make((series, *fixed, described.header(frame, size), tail, length, offset + size + len(tail)))


def _listed(rows: pa.RecordBatch, name: str) -> list[Any]:
    column = rows.column(name)
    if column.null_count or pa.types.is_string(column.type):
        return list(column.to_pylist())
    return list(column.to_numpy().tolist())


def _text(value: str) -> str:
    """``value`` in JSON, for a template."""
    return json.dumps(value, ensure_ascii=False).replace("%", "%%")
