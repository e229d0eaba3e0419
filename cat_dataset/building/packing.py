"""Series into shards, in a staging folder: whole series, one split per shard, several shards at a time, resumable.

A finished shard is followed by its rows (``train-00000.frames.parquet``, ``.series.parquet``) and then a note
(``train-00000.json``) of what went in. A build that was killed finds them again; a shard without its note is made anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cat_dataset.building.intake import Packed, add_series, read_described
from cat_dataset.building.survey import Found, Refused
from cat_dataset.errors import InputError
from cat_dataset.files import adopt, parse_json, read_json, sha256_file, write_bytes, write_json
from cat_dataset.progress import Progress
from cat_dataset.shards import TarFile, archive_size
from cat_dataset.tables import frame_table, series_table, write_table

PACKING = 2
"""Raised when the same series would give other bytes."""
NOTE_CAP = 1 << 30
"""Bytes of the largest note that is read."""


@dataclass(frozen=True)
class Settings:
    """What the bytes of a shard depend on besides its series."""

    image_format: str
    decode: bool


@dataclass(frozen=True)
class Plan:
    """A shard to be made: its file name and its series, in order."""

    file: str
    split: str
    series: tuple[Found, ...]


@dataclass(frozen=True)
class Shard:
    """A finished shard: how dataset.json lists it, and what could not go in after all."""

    listed: dict[str, Any]
    refused: list[Refused]


def pack_order(found: Sequence[Found], seed: int) -> list[Found]:
    """Series by the SHA-256 of their id, with the seed where it is not 0: mixed for readers that stream."""
    salt = f"{seed}/" if seed else ""
    return sorted(found, key=lambda one: hashlib.sha256(f"{salt}{one.member.id}".encode()).digest())


def plan_shards(split: str, found: Sequence[Found], sizes: Sequence[int], limit: int, first: int) -> list[Plan]:
    """Fill shards number ``first`` and on with series in this order; none is larger than ``limit`` unless one series is."""
    plans: list[Plan] = []
    held: list[Found] = []
    size = 0

    def close() -> None:
        plans.append(Plan(f"{split}-{first + len(plans):05d}.tar", split, tuple(held)))

    for one, own in zip(found, sizes, strict=True):
        if held and archive_size(size + own) > limit:
            close()
            held, size = [], 0
        held.append(one)
        size += own
    if held:
        close()
    return plans


class Packer:
    """Makes planned shards in ``staging``; ``check`` is called between series and may raise to stop."""

    def __init__(self, staging: Path, settings: Settings, progress: Progress, check: Callable[[], None]) -> None:
        self.staging, self.settings, self._progress, self._check = staging, settings, progress, check

    def encode(self, found: Found) -> int | Refused:
        """Encode a series whose size cannot be foreseen into a file of its own; returns the bytes it takes in a shard.

        Later `make` copies it from there.
        """
        self._check()
        path = self._encoded(found)
        held = self._held(found)
        if held is None:
            path.parent.mkdir(exist_ok=True)
            tar = TarFile(path.with_suffix(".partial"))
            try:
                held = self._add(tar, found)
                tar.close(end=False)
            except InputError as error:
                return Refused(found.member.id, f"{found.root}/{found.member.id}", str(error))
            finally:
                tar.abandon()
            adopt(tar.path, path)
            write_bytes(path.with_suffix(".json"), json.dumps({"packing": PACKING, "digest": found.digest, **asdict(held)}).encode())
        return path.stat().st_size

    def make(self, plan: Plan) -> Shard:
        """Make, or find, one shard; it has no samples, and no file, where every one of its series is refused."""
        path = self.staging / plan.file
        key = self._key(plan)
        made = self._find(path, key)
        if made is not None:
            self._progress.skip(made.listed["samples"])
            return made
        path.with_suffix(".json").unlink(missing_ok=True)  # until all is whole again, or a kill would mix two builds
        packed: list[Packed] = []
        refused: list[Refused] = []
        tar = TarFile(path.with_suffix(".partial"))
        try:
            for found in plan.series:
                self._check()
                try:
                    packed.append(self._append(tar, found))
                except InputError as error:
                    refused.append(Refused(found.member.id, f"{found.root}/{found.member.id}", str(error)))
                self._progress.advance(found.member.frames, found.member.id)
            if packed:
                size, digest = tar.close()
        finally:
            tar.abandon()
        if not packed:
            return Shard({"samples": 0}, refused)
        adopt(tar.path, path)
        place = {"split": plan.split, "shard": plan.file}
        rows = [{**row, **place} for one in packed for row in one.frames]
        listed = {"file": plan.file, "split": plan.split, "bytes": size, "sha256": digest, "samples": len(rows)}
        write_table(frames_note(path), frame_table(rows))
        write_table(series_note(path), series_table([{**one.series, **place} for one in packed]))
        write_json(path.with_suffix(".json"), {"key": key, "listed": listed, "refused": len(refused)})
        for found in plan.series:
            for spent in (self._encoded(found), self._encoded(found).with_suffix(".json")):
                spent.unlink(missing_ok=True)
        return Shard(listed, refused)

    def _append(self, tar: TarFile, found: Found) -> Packed:
        held = None if found.size is not None else self._held(found)
        if held is None:
            return self._add(tar, found)
        start = tar.size
        with open(self._encoded(found), "rb") as stream:
            while block := stream.read(1 << 20):
                tar.append(block)
        return Packed([{**row, "offset": row["offset"] + start} for row in held.frames], held.series)

    def _add(self, tar: TarFile, found: Found) -> Packed:
        series, digest = read_described(found.root, found.member.id)
        if digest != found.digest:
            raise InputError(f"{found.root}/{found.member.id} changed while it was being packed; run the same command again")
        return add_series(tar, found.root, series, digest, image_format=self.settings.image_format, decode=self.settings.decode)

    def _encoded(self, found: Found) -> Path:
        return self.staging / "encoded" / f"{found.member.id}.tar"

    def _held(self, found: Found) -> Packed | None:
        """What `encode` left of a series, if it is still the same."""
        path = self._encoded(found)
        note = path.with_suffix(".json")
        if not path.is_file() or not note.is_file():
            return None
        try:
            raw = parse_json(note.read_bytes(), str(note))
            held = Packed(raw["frames"], raw["series"])
            last = held.frames[-1]
        except (InputError, KeyError, TypeError, IndexError):
            return None
        known = raw.get("packing") == PACKING and raw.get("digest") == found.digest
        return held if known and path.stat().st_size > last["offset"] + last["size"] else None

    def _key(self, plan: Plan) -> dict[str, Any]:
        """All that the bytes of a shard depend on."""
        return {**asdict(self.settings), "packing": PACKING, "series": [[one.member.id, one.digest] for one in plan.series]}

    @staticmethod
    def _find(path: Path, key: dict[str, Any]) -> Shard | None:
        """The shard that an interrupted build left at ``path``, if it is whole and the one that would be made now."""
        note = path.with_suffix(".json")
        if not all(part.is_file() for part in (path, note, frames_note(path), series_note(path))):
            return None
        try:
            raw = read_json(note, cap=NOTE_CAP)
            whole = raw["key"] == key and not raw["refused"] and sha256_file(path) == raw["listed"]["sha256"]
        except (InputError, KeyError, TypeError):
            return None
        return Shard(dict(raw["listed"]), []) if whole else None


def frames_note(shard: Path) -> Path:
    """Where a staged shard's rows of frames.parquet lie."""
    return shard.with_suffix(".frames.parquet")


def series_note(shard: Path) -> Path:
    """Where a staged shard's rows of series.parquet lie."""
    return shard.with_suffix(".series.parquet")
