"""Frames that are made but not judged yet: pictures in a staging folder, and a line for each in a journal.

A killed ingest goes on behind the last whole line. A line counts only while its picture is there with the hash it had.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cat_dataset.files import sha256_file, sha256_json, write_bytes

JOURNAL = "examined.jsonl"


class Workbook:
    """Made frames under ``folder``, by index. ``settings`` is everything they depend on; a folder of other settings is emptied."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.folder = folder
        self.done: dict[int, dict[str, Any]] = {}
        head = json.dumps({"settings": sha256_json(dict(settings))}, sort_keys=True).encode()
        path = folder / JOURNAL
        lines = path.read_bytes().split(b"\n") if path.is_file() else []
        if not lines or lines[0] != head:
            for stale in folder.glob("*.png"):
                stale.unlink()
            write_bytes(path, head + b"\n")
            return
        whole = head + b"\n"
        for line in lines[1:-1]:
            entry = _entry(line)
            if entry is not None:
                self.done[entry["index"]] = entry
                whole += line + b"\n"
        write_bytes(path, whole)

    def picture(self, index: int) -> Path:
        """Where the picture of frame ``index`` lies."""
        return self.folder / f"{index:06d}.png"

    def holds(self, index: int, source: str) -> bool:
        """Whether frame ``index`` is made from the file with the SHA-256 ``source``, its picture unchanged."""
        entry = self.done.get(index)
        path = self.picture(index)
        return entry is not None and entry["source"] == source and path.is_file() and sha256_file(path) == entry["sha256"]

    def put(self, index: int, source: str, picture: bytes, facts: Mapping[str, Any]) -> None:
        """Keep a made frame: its picture first, then its line."""
        self.picture(index).write_bytes(picture)
        entry = {"index": index, "source": source, "sha256": hashlib.sha256(picture).hexdigest(), "facts": dict(facts)}
        line = json.dumps(entry, sort_keys=True)
        with open(self.folder / JOURNAL, "ab") as stream:
            stream.write(line.encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        self.done[index] = json.loads(line)


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or type(entry.get("index")) is not int:
        return None
    texts = all(isinstance(entry.get(name), str) for name in ("sha256", "source"))
    return entry if texts and isinstance(entry.get("facts"), dict) else None
