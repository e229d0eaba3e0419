"""Series into shards, in a staging folder: whole series, one split per shard, resumable shard by shard.

A finished shard is followed by a note (``train-00000.json``) of what went in and the rows it gave. A build that was
killed finds shard and note again and goes on behind them; a shard without its note is made anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cat_dataset.errors import InputError, RunFailed
from cat_dataset.files import adopt, read_json, sha256_file, write_json
from cat_dataset.progress import Progress
from cat_dataset.series import SERIES_JSON, Series
from cat_dataset.shards import TarFile, add_series, archive_size, copied_size

PACKING = 1
"""Raised when the same series would give other bytes."""
NOTE_CAP = 1 << 30
"""Bytes of the largest note that is read."""


@dataclass(frozen=True)
class Item:
    """A verified series to pack; ``digest`` is the SHA-256 of its series.json, which holds the hashes of its frames."""

    folder: Path
    series: Series
    digest: str

    @staticmethod
    def of(folder: Path, series: Series) -> Item:
        """The item of a verified series folder."""
        return Item(folder, series, sha256_file(folder / SERIES_JSON))


@dataclass(frozen=True)
class Shard:
    """A finished shard: how dataset.json lists it, and its rows for frames.parquet."""

    listed: dict[str, Any]
    rows: list[dict[str, Any]]


def pack_order(items: Sequence[Item]) -> list[Item]:
    """Items by the SHA-256 of their id: mixed for readers that stream, whatever else there is."""
    return sorted(items, key=lambda item: hashlib.sha256(item.series.id.encode()).digest())


class Packer:
    """Packs the ``items`` of one split, in `pack_order`, into ``<split>-00000.tar`` and on.

    No shard is larger than ``limit`` bytes unless one series alone is.
    """

    def __init__(self, split: str, items: Sequence[Item], staging: Path, limit: int, image_format: str) -> None:
        self.split, self.items, self.staging = split, pack_order(items), staging
        self.limit, self.image_format = limit, image_format
        self._encoded: tuple[str, list[dict[str, Any]]] = ("", [])

    def run(self, progress: Progress) -> Iterator[Shard]:
        """Make, or find, one shard after the other.

        Raises:
            SeriesError: a frame changed since it was verified, or is damaged.
        """
        at = number = 0
        while at < len(self.items):
            path = self.staging / f"{self.split}-{number:05d}.tar"
            found = self._find(path, at)
            if found is None:
                shard, at = self._make(path, at, progress)
            else:
                shard, at = found
                progress.skip(len(shard.rows))
            yield shard
            number += 1

    def _make(self, path: Path, begin: int, progress: Progress) -> tuple[Shard, int]:
        """Fill the shard from item ``begin``; returns it and the first item that did not fit."""
        partial, at = path.with_suffix(".partial"), begin
        rows: list[dict[str, Any]] = []
        tar = TarFile(partial)
        try:
            while at < len(self.items):
                item = self.items[at]
                size = copied_size(item.folder, item.series, self.image_format)
                if size is None:
                    size = self._encode(item)
                if rows and archive_size(tar.size + size) > self.limit:
                    break
                rows += self._append(tar, item)
                progress.advance(len(item.series.frames), item.series.id)
                at += 1
            size, digest = tar.close()
        finally:
            tar.abandon()
        adopt(partial, path)
        if sha256_file(path) != digest:
            raise RunFailed(f"{path} does not read back as it was written; check the disk, then run the same command again")
        rows = [{**row, "split": self.split, "shard": path.name} for row in rows]
        listed = {"file": path.name, "split": self.split, "bytes": size, "sha256": digest, "samples": len(rows)}
        write_json(path.with_suffix(".json"), {"key": self._key(begin, at), "listed": listed, "rows": rows})
        return Shard(listed, rows), at

    def _encode(self, item: Item) -> int:
        """Encode a series whose size cannot be foreseen into a file of its own, once; returns its bytes."""
        path = self.staging / "encoded.partial"
        if self._encoded[0] != item.series.id:
            fragment = TarFile(path)
            try:
                self._encoded = (item.series.id, add_series(fragment, item.folder, item.series, self.image_format))
            finally:
                fragment.abandon()
        return path.stat().st_size

    def _append(self, tar: TarFile, item: Item) -> list[dict[str, Any]]:
        if self._encoded[0] != item.series.id:
            return add_series(tar, item.folder, item.series, self.image_format)
        path, start = self.staging / "encoded.partial", tar.size
        with open(path, "rb") as stream:
            while block := stream.read(1 << 20):
                tar.append(block)
        path.unlink()
        return [{**row, "offset": row["offset"] + start} for row in self._encoded[1]]

    def _key(self, begin: int, end: int) -> dict[str, Any]:
        """All that the bytes of a shard of these items depend on, where it ends included."""
        inputs = [[item.series.id, item.digest] for item in self.items[begin:end]]
        following = [self.items[end].series.id, self.items[end].digest] if end < len(self.items) else None
        return {"format": self.image_format, "limit": self.limit, "inputs": inputs, "following": following, "version": PACKING}

    def _find(self, path: Path, begin: int) -> tuple[Shard, int] | None:
        """The shard that an interrupted build left at ``path``, if it is whole and the one that would be made now."""
        note = path.with_suffix(".json")
        if not path.is_file() or not note.is_file():
            return None
        try:
            raw = read_json(note, cap=NOTE_CAP)
            end = begin + len(raw["key"]["inputs"])
            listed, rows = dict(raw["listed"]), list(raw["rows"])
        except (InputError, KeyError, TypeError):
            return None
        if raw["key"] != self._key(begin, end) or sha256_file(path) != listed.get("sha256"):
            return None
        return Shard(listed, rows), end
