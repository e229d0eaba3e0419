"""Frames in the order of the shards, each shard read from front to back, every frame checked against the tables.

The tables say where a frame lies, and the tar's header there must say the same. Names are compared, never used as paths.
"""

from __future__ import annotations

import tarfile
from typing import BinaryIO

import numpy as np

from cat_dataset.checksums import crc32
from cat_dataset.errors import LoadError
from cat_dataset.manifests import Dataset
from cat_dataset.shards import BLOCK, member_name


class ForwardReader:
    """Reads frames by their row, made for rows that rise: one shard is open at a time, and read ahead where it is remote."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._open: tuple[str, BinaryIO] | None = None

    def read(self, row: int) -> bytes:
        """The picture file of frame ``row``: PNG or JPEG bytes as they lie in the shard.

        Raises:
            LoadError: the shard is gone, cut, damaged, not the manifest's or cannot be read; names shard, series and frame.
        """
        number = int(np.searchsorted(self._dataset.starts, row, side="right")) - 1
        series, shard = (str(self._dataset.series[column].iloc[number]) for column in ("series", "shard"))
        frame = row - int(self._dataset.starts[number])
        where = f"{self._dataset.shards}/{shard}: frame {frame} of series {series}"
        try:
            return self._read(shard, row, member_name(series, frame, self._dataset.info["image_format"]))
        except _Damage as damage:
            raise LoadError(f"{where} {damage}; copy this shard again (cat-verify lists every damaged frame)") from None
        except FileNotFoundError:
            raise LoadError(f"{where} cannot be read: the shard is gone; put it back or run cat-build-shards again") from None
        except Exception as error:  # network and client libraries each have errors of their own
            reason = str(getattr(error, "strerror", None) or error).strip().split("\n", maxsplit=1)[0] or type(error).__name__
            raise LoadError(f"{where} cannot be read ({reason}); copy this shard again, or check the network") from None

    def close(self) -> None:
        """Close the shard that is open."""
        if self._open:
            self._open[1].close()
            self._open = None

    def _read(self, shard: str, row: int, name: str) -> bytes:
        offset, size = int(self._dataset.columns.offset[row]), int(self._dataset.columns.size[row])
        stream = self._stream(shard)
        stream.seek(offset - BLOCK)
        data = stream.read(BLOCK + size)
        if len(data) < BLOCK + size:
            raise _Damage("is not there: the shard is cut off before its end")
        try:
            header = tarfile.TarInfo.frombuf(data[:BLOCK], "utf-8", "surrogateescape")
        except tarfile.HeaderError:
            raise _Damage("has no tar header: the shard is damaged or no plain tar") from None
        if header.name != name or header.size != size:
            raise _Damage(f"is not there, but the member {header.name[:80]!r} of {header.size} bytes, which the manifest does not know")
        picture = data[BLOCK:]
        if crc32(picture) != self._dataset.columns.crc32[row]:
            raise _Damage("does not match its CRC-32")
        return picture

    def _stream(self, shard: str) -> BinaryIO:
        if not self._open or self._open[0] != shard:
            self.close()
            self._open = shard, self._dataset.shards.open(shard)
        return self._open[1]


class _Damage(Exception):
    """What is wrong with a frame, as the end of a sentence."""
