"""Files that are either whole or absent: atomic writes, hashes, bounded reads, folder locks.

Standard library only: also used inside Blender and Unreal.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from cat_dataset.errors import InputError, SeriesBusy

JSON_CAP = 64 << 20
"""Bytes of the largest JSON file that is read at all (a series of 100,000 frames is about 40 MB)."""


def fsync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` durable. Windows cannot open folders and needs nothing here."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside ``path``; fsync and rename it when the body ends well, remove it otherwise.

    Its name is always the same, so that what a kill leaves is used up by the next run.
    """
    temporary = path.with_name(f".{path.name}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(temporary, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, str(temporary)):
            error.filename = str(path)  # a failed write does not say where, and nobody has asked for the temporary file
        raise
    fsync_folder(path.parent)


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically."""
    with atomic_file(path) as stream:
        stream.write(data)


def adopt(temporary: Path, path: Path) -> None:
    """Give a finished file, written by somebody else in the same folder, its real name (fsync, then rename)."""
    with open(temporary, "rb+") as stream:
        os.fsync(stream.fileno())
    os.replace(temporary, path)
    fsync_folder(path.parent)


def json_bytes(value: Any) -> bytes:
    """``value`` as the one JSON spelling used everywhere: sorted keys, two spaces, UTF-8, no NaN, newline at the end."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8") + b"\n"


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as JSON, atomically."""
    write_bytes(path, json_bytes(value))


def read_json(path: Path, cap: int = JSON_CAP) -> Any:
    """Read a JSON file of at most ``cap`` bytes.

    Raises:
        InputError: missing, too large, or not JSON.
    """
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the path") from None
    if size > cap:
        raise InputError(f"{path} has {size} bytes, more than the {cap} allowed for a JSON file; it is not one of ours")
    return parse_json(path.read_bytes(), str(path))


def parse_json(data: bytes, path: str) -> Any:
    """The JSON value in ``data``; ``path`` names it in errors.

    Raises:
        InputError: not JSON.
    """
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid JSON ({error}); delete it and make it again") from None


def sha256_file(path: Path) -> str:
    """SHA-256 of a file, as 64 hex digits."""
    with open(path, "rb") as stream:
        return sha256_stream(stream)


def sha256_stream(stream: BinaryIO) -> str:
    """SHA-256 of what is left of a stream, as 64 hex digits."""
    digest = hashlib.sha256()
    while block := stream.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def sha256_json(value: Any) -> str:
    """SHA-256 of a JSON value in its one spelling (`json_bytes`)."""
    return hashlib.sha256(json_bytes(value)).hexdigest()


def slug(text: str, longest: int = 40) -> str:
    """``text`` as a safe part of a file name: lower-case ASCII letters, digits and ``_``; never empty."""
    cleaned = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return cleaned[:longest].strip("_") or "unnamed"


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for this process. The system releases the lock when the process dies, even by ``kill -9``.

    Raises:
        SeriesBusy: another live process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ".lock"
    with open(path, "a+b") as stream:
        try:
            _lock(stream)
            if os.name != "nt" and not os.path.samestat(os.fstat(stream.fileno()), path.stat()):
                raise BlockingIOError  # the holder removed this file meanwhile, and another may hold a new one
        except OSError:
            raise SeriesBusy(f"{folder} is being written by another process; wait for it or choose another folder") from None
        try:
            yield
        finally:
            if os.name != "nt":
                path.unlink(missing_ok=True)


def _lock(stream: BinaryIO) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
