"""Pictures of a dataset as they lie in its shards, and small ones made on the fly."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict

from cat_dataset.errors import CatError, ManifestError
from cat_dataset.frames import FrameReader
from cat_dataset.images import decode_rgb, encode_jpeg
from cat_dataset.manifests import Dataset

SMALL_SIDE = 192
"""Pixels of a small picture's short side."""
SMALL_QUALITY = 88
CACHE_BYTES = 64 << 20


class Pictures:
    """Reads pictures by row. Threads share it; as many decode at once as there are cores."""

    def __init__(self, dataset: Dataset, cache_bytes: int = CACHE_BYTES) -> None:
        self._reader = FrameReader(dataset)
        self._folder = f"{dataset.shards}/"
        self._columns = dataset.columns
        self._limit, self._held = cache_bytes, 0
        self._small: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._turns = threading.Semaphore(os.cpu_count() or 1)

    def whole(self, row: int) -> bytes:
        """The picture file of a row, its bytes compared with their CRC-32.

        Raises:
            ManifestError: damaged or gone; says in which shard and where, without the path to it.
        """
        try:
            return self._reader.read(row)
        except (CatError, OSError) as error:
            raise ManifestError(str(error).replace(self._folder, "")) from None

    def small(self, row: int) -> bytes:
        """A JPEG of the picture with a short side of `SMALL_SIDE` pixels, or its own size where that is smaller.

        Raises:
            CatError: damaged, gone, or not decodable.
        """
        with self._lock:
            if row in self._small:
                self._small.move_to_end(row)
                return self._small[row]
        with self._turns:
            rgb = decode_rgb(self.whole(row), short_side=SMALL_SIDE, where="this picture")
            data = encode_jpeg(rgb, SMALL_QUALITY)
        with self._lock:
            if row not in self._small:
                self._small[row] = data
                self._held += len(data)
            while self._held > self._limit and len(self._small) > 1:
                self._held -= len(self._small.popitem(last=False)[1])
        return data

    def tag(self, row: int) -> str:
        """What changes when the bytes of a row do: for caches."""
        return f"{int(self._columns.crc32[row]):08x}-{int(self._columns.size[row]):x}"


def media_type(data: bytes) -> str:
    """The type of a picture, from its first bytes."""
    return "image/jpeg" if data.startswith(b"\xff\xd8") else "image/png"
