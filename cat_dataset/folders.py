"""A folder on this machine, or one on S3, HTTP or whatever else fsspec reaches, behind the same few operations."""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from cat_dataset.errors import InputError, UsageError
from cat_dataset.files import atomic_file, fsync_folder

_REMOTE = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


class Folder(ABC):
    """Files by their name relative to the folder, with forward slashes. ``str()`` gives its address."""

    @abstractmethod
    def subfolders(self) -> list[str]:
        """Names of the folders right in it, sorted.

        Raises:
            InputError: it does not exist.
        """

    @abstractmethod
    def files(self, below: str = "") -> dict[str, int]:
        """Bytes of each file right in it, or in its subfolder ``below``; nothing where that does not exist."""

    @abstractmethod
    def sizes(self, names: Iterable[str]) -> dict[str, int]:
        """Bytes of those of the files ``names`` that exist."""

    @abstractmethod
    def read(self, name: str, offset: int = 0, size: int | None = None) -> bytes:
        """A file's bytes, or ``size`` of them from ``offset``, fewer where it ends.

        Raises:
            FileNotFoundError: there is none.
        """

    @abstractmethod
    def open(self, name: str) -> BinaryIO:
        """A file, for reading from front to back.

        Raises:
            FileNotFoundError: there is none.
        """

    @abstractmethod
    def put(self, source: Path, name: str) -> None:
        """Give the finished local file ``source`` its place here; it is gone from where it was."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file, if there is one."""

    @abstractmethod
    def sync(self) -> None:
        """Make what was put and removed durable."""

    @abstractmethod
    def within(self, relative: str) -> Folder:
        """The folder at ``relative``, which may lead upwards (``../shards``)."""


class LocalFolder(Folder):
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def subfolders(self) -> list[str]:
        if not self.path.is_dir():
            raise InputError(f"{self.path} is not a folder; render or ingest a series into it first")
        # a link that leads nowhere stands for a folder, so that it is missed
        return sorted(entry.name for entry in os.scandir(self.path) if os.path.isdir(entry) or not os.path.exists(entry))

    def files(self, below: str = "") -> dict[str, int]:
        folder = self.path / below
        if not folder.is_dir():
            return {}
        return {entry.name: entry.stat().st_size for entry in os.scandir(folder) if entry.is_file()}

    def sizes(self, names: Iterable[str]) -> dict[str, int]:
        return {name: (self.path / name).stat().st_size for name in names if (self.path / name).is_file()}

    def read(self, name: str, offset: int = 0, size: int | None = None) -> bytes:
        path = self.path / name
        if not path.is_file():  # opening a pipe would wait for a writer
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        with open(path, "rb") as stream:
            rest = max(os.fstat(stream.fileno()).st_size - offset, 0)  # asking for more would set aside memory for it
            stream.seek(offset)
            return stream.read(rest if size is None else min(size, rest))

    def open(self, name: str) -> BinaryIO:
        return open(self.path / name, "rb")

    def put(self, source: Path, name: str) -> None:
        try:
            os.replace(source, self.path / name)
        except OSError as error:
            if error.errno != errno.EXDEV:
                if error.errno in (errno.EISDIR, errno.ENOTDIR, errno.EACCES, errno.EPERM):
                    error.filename = str(self.path / name)  # it is the target that is wrong
                raise
            with open(source, "rb") as stream, atomic_file(self.path / name) as copy:
                shutil.copyfileobj(stream, copy, 1 << 20)
            source.unlink()

    def remove(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)

    def sync(self) -> None:
        fsync_folder(self.path)

    def within(self, relative: str) -> LocalFolder:
        return LocalFolder(self.path / relative)


class RemoteFolder(Folder):
    """A folder at an fsspec address. Its connections are made anew in each process."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        self._owner, self._system, self._root = -1, None, ""
        self._connect()

    def __str__(self) -> str:
        return self._address

    def subfolders(self) -> list[str]:
        with self._reached():
            try:
                entries = self._connect().ls(self._root, detail=True)
            except FileNotFoundError:
                raise InputError(f"{self} does not exist; check the address") from None
        return sorted(self._name(entry) for entry in entries if entry["type"] == "directory")

    def files(self, below: str = "") -> dict[str, int]:
        with self._reached():
            try:
                entries = self._connect().ls(self._at(below), detail=True)
            except FileNotFoundError:
                return {}
        return {self._name(entry): int(entry["size"] or 0) for entry in entries if entry["type"] == "file"}

    def sizes(self, names: Iterable[str]) -> dict[str, int]:
        wanted = list(names)
        listed = self.files() if self._address.split(":")[0] not in ("http", "https") else {}
        found = {name: listed[name] for name in wanted if name in listed}
        with self._reached():
            for name in wanted:
                if name not in found:
                    try:
                        found[name] = int(self._connect().info(self._at(name))["size"] or 0)
                    except FileNotFoundError:
                        continue
        return found

    def read(self, name: str, offset: int = 0, size: int | None = None) -> bytes:
        with self._reached():
            data: bytes = self._connect().cat_file(self._at(name), start=offset, end=None if size is None else offset + size)
            return data if size is None else data[:size]

    def open(self, name: str) -> BinaryIO:
        with self._reached():
            stream: BinaryIO = io.BufferedReader(self._connect().open(self._at(name), "rb", block_size=8 << 20, cache_type="readahead"))
            return stream

    def put(self, source: Path, name: str) -> None:
        with self._reached():
            self._connect().put_file(str(source), self._at(name))
        source.unlink()

    def remove(self, name: str) -> None:
        with self._reached():
            try:
                self._connect().rm_file(self._at(name))
            except FileNotFoundError:
                return

    def sync(self) -> None:
        """Nothing to do: an object is durable once it is put."""

    def within(self, relative: str) -> RemoteFolder:
        scheme, rest = self._address.split("://", 1)
        parts = rest.split("/")
        for part in relative.split("/"):
            if part == ".." and len(parts) > 1:
                parts.pop()
            elif part not in ("", ".", ".."):
                parts.append(part)
        return RemoteFolder(f"{scheme}://{'/'.join(parts)}")

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    @staticmethod
    def _name(entry: dict[str, Any]) -> str:
        return str(entry["name"]).rstrip("/").rsplit("/", 1)[-1]

    def _connect(self) -> Any:
        """The fsspec file system, of this very process: connections do not survive a fork."""
        if self._owner != os.getpid():
            try:
                import fsspec

                self._system, self._root = fsspec.core.url_to_fs(
                    self._address, skip_instance_cache=self._owner != -1, use_listings_cache=False
                )
            except ImportError as error:
                raise UsageError(f"{self} needs a package that is not installed ({error}); pip install 'cat-dataset[remote]'") from None
            except ValueError as error:
                raise UsageError(f"{self} is no address that can be reached ({error}); give a folder, s3://… or https://…") from None
            self._owner = os.getpid()
        return self._system

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Turn the many errors of networks and clients into one line."""
        try:
            yield
        except (FileNotFoundError, InputError, UsageError):
            raise
        except Exception as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise InputError(f"{self} cannot be reached ({reason}); check the address, the credentials and the network") from None

    def __getstate__(self) -> dict[str, Any]:
        return {"_address": self._address}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["_address"])  # type: ignore[misc]


def is_remote(text: str) -> bool:
    """Whether ``text`` is an address like s3://bucket/folder rather than a path."""
    return _REMOTE.match(text) is not None


def folder_at(place: str | Path) -> Folder:
    """The folder at a path or an address.

    Raises:
        UsageError: an address that no installed package can reach.
    """
    return RemoteFolder(str(place)) if is_remote(str(place)) else LocalFolder(Path(place).expanduser())


def folder_flag(flag: str, text: str) -> Folder:
    """The folder that ``flag`` names; ``Path("")`` would be the working folder, which nobody meant.

    Raises:
        UsageError: it is empty, or no valid text.
    """
    if not text.strip():
        raise UsageError(f"{flag} is empty; give a folder (. for this one) or leave it out")
    if not is_text(text):
        raise UsageError(f"{flag} {text!r} is no valid text and cannot be stored; choose a folder with another name")
    return folder_at(text)


def is_text(path: str) -> bool:
    """Whether ``path`` can be stored and opened: no half of a surrogate pair, no NUL."""
    try:
        return b"\0" not in path.encode("utf-8")
    except UnicodeEncodeError:
        return False
