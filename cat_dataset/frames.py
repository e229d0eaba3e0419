"""Random access to the frames of a dataset: bytes by row number, checked on every read."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cat_dataset.checksums import crc32
from cat_dataset.errors import ManifestError
from cat_dataset.folders import LocalFolder
from cat_dataset.manifests import Dataset

OPEN_SHARDS = 128
"""Shards one reader holds open: below the 256 descriptors that some systems give a process."""


class FrameReader:
    """Reads frames by their row, from shards on this machine or elsewhere.

    Reads are positional, so threads share one reader and forked workers may inherit it; a pickled reader (spawned
    workers) opens its own files.
    """

    def __init__(self, dataset: Dataset) -> None:
        codes, names = pd.factorize(dataset.series["shard"])
        self._names = [str(name) for name in names]
        self._folder = dataset.shards
        self._shard = np.repeat(codes.astype(np.int32), np.diff(dataset.starts))
        self._offset, self._size, self._crc = dataset.columns.offset, dataset.columns.size, dataset.columns.crc32
        self._open()

    def __len__(self) -> int:
        return len(self._offset)

    def read(self, row: int) -> bytes:
        """The picture file of frame ``row``: PNG or JPEG bytes as they lie in the shard.

        Raises:
            ManifestError: the shard is gone, cut or cannot be read, or its bytes differ from the recorded CRC-32.
        """
        shard, offset, size = int(self._shard[row]), int(self._offset[row]), int(self._size[row])
        try:
            data = self._read(shard, offset, size)
        except FileNotFoundError:
            raise ManifestError(f"{self._folder}/{self._names[shard]} is gone; put it back or run cat-build-shards again") from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ManifestError(
                f"{self._folder}/{self._names[shard]} cannot be read ({reason}); mend that or copy this shard again"
            ) from None
        if len(data) != size or crc32(data) != self._crc[row]:
            raise ManifestError(
                f"{self._folder}/{self._names[shard]}: {size} bytes at offset {offset} do not match their CRC-32; copy this shard "
                "again, or delete it and run cat-build-shards again (cat-verify lists every damaged frame)"
            )
        return data

    def _read(self, shard: int, offset: int, size: int) -> bytes:
        if isinstance(self._folder, LocalFolder):
            return self._shard_file(self._folder.path / self._names[shard], shard).read(offset, size)
        return self._folder.read(self._names[shard], offset, size)

    def _open(self) -> None:
        self._files: OrderedDict[int, _ShardFile] = OrderedDict()
        self._lock, self._owner = threading.Lock(), os.getpid()

    def _shard_file(self, path: Path, shard: int) -> _ShardFile:
        if self._owner != os.getpid():
            self._open()  # forked: some thread that is not here may have held the lock
        with self._lock:
            found = self._files.get(shard) or _ShardFile(path)
            self._files[shard] = found
            self._files.move_to_end(shard)
            if len(self._files) > OPEN_SHARDS:
                self._files.popitem(last=False)
            return found

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("_files", "_lock", "_owner")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open()


class _ShardFile:
    """One open shard. It closes when the last user lets go, so eviction cannot pull it from under a reading thread."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
        self._lock = threading.Lock()

    def read(self, offset: int, size: int) -> bytes:
        if hasattr(os, "pread"):
            data = os.pread(self._descriptor, size, offset)
            while len(data) < size and (more := os.pread(self._descriptor, size - len(data), offset + len(data))):
                data += more
            return data
        with self._lock:  # no pread on Windows; a descriptor is never shared between processes there
            os.lseek(self._descriptor, offset, os.SEEK_SET)
            return os.read(self._descriptor, size)

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            os.close(self._descriptor)
