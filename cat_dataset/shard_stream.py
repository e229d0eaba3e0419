"""One shard from front to back, series by series, every picture checked against the tables.

Members are matched with the manifest in order, by name; a name is never used as a path. webdataset walks the tar, from a
stream of a file here or at an address.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO

import numpy as np

from cat_dataset.checksums import crc32
from cat_dataset.errors import CatError, LoadError
from cat_dataset.manifests import Dataset
from cat_dataset.shards import member_name

_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x5d\x00\x00")
"""First bytes of what a tar reader would unpack (gzip, bzip2, xz, lzma): shards are plain, and no series is called so."""


def stream_shard(dataset: Dataset, shard: str) -> Iterator[tuple[int, dict[int, bytes]]]:
    """The series of a shard in order: (number, picture file by row).

    Raises:
        LoadError: the shard is gone, cut, cannot be read or holds something else than the manifest says; names shard, series
            and frame.
    """
    numbers = np.flatnonzero((dataset.series["shard"] == shard).to_numpy(bool)).tolist()
    members = _members(dataset, shard)
    for number in numbers:
        series, pictures = str(dataset.series["series"].iloc[number]), {}
        for row in range(int(dataset.starts[number]), int(dataset.starts[number + 1])):
            frame = row - int(dataset.starts[number])
            where = f"{dataset.shards}/{shard}: frame {frame} of series {series}"
            pictures[row] = _picture(members, series, frame, dataset.info["image_format"], where)
            if len(pictures[row]) != dataset.columns.size[row] or crc32(pictures[row]) != dataset.columns.crc32[row]:
                raise LoadError(
                    f"{where} does not match its CRC-32; copy this shard again, or run cat-build-shards again "
                    "(cat-verify lists every damaged frame)"
                )
        yield number, pictures
    for name, _ in members:
        raise LoadError(f"{dataset.shards}/{shard} has the member {name[:80]!r} that the manifest does not know; copy this shard again")


def _picture(members: Iterator[tuple[str, bytes]], series: str, frame: int, extension: str, where: str) -> bytes:
    """The bytes of the next picture, and past its JSON sample."""
    found = []
    for kind in (extension, "json"):
        try:
            name, data = next(members)
        except StopIteration:
            raise LoadError(f"{where} is not there, the shard ends or is damaged before it; copy this shard again") from None
        except Exception as error:  # tar, network and client libraries each have their own
            raise LoadError(f"{where} cannot be read: {_reason(error)}") from None
        if name != member_name(series, frame, kind):
            raise LoadError(f"{where} should come here, but the manifest does not know the member {name[:80]!r}; copy this shard again")
        found.append(data)
    return found[0]


def _members(dataset: Dataset, shard: str) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the regular members of a tar."""
    from webdataset.tariterators import tar_file_expander

    try:
        stream = dataset.shards.open(shard)
    except FileNotFoundError:
        raise LoadError("the shard is gone; put it back or run cat-build-shards again") from None
    with closing(stream):
        size = next(entry["bytes"] for entry in dataset.info["shards"] if entry["file"] == shard)
        source = {"url": shard, "stream": _PlainTar(stream, size)}
        for member in tar_file_expander([source], eof_value=None):
            yield member["fname"], member["data"]


def _reason(error: Exception) -> str:
    """Why, in one line. webdataset appends the stream and its address to an error's arguments."""
    said = getattr(error, "strerror", None) or (error.args[0] if error.args else "") or type(error).__name__
    reason = str(said).strip().split("\n", maxsplit=1)[0].split(" @ <", maxsplit=1)[0]
    return reason if isinstance(error, CatError) else f"{reason}; copy this shard again, or check the network"


class _PlainTar:
    """A stream that gives no more bytes than its shard has, and nothing that would be unpacked on the way."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self._left, self._size = stream, size, size

    def read(self, count: int) -> bytes:
        data = self._stream.read(min(count, self._left))
        if self._left == self._size and data.startswith(_COMPRESSED):
            raise LoadError("the shard is compressed, ours are plain tars; copy it again")
        self._left -= len(data)
        return data
