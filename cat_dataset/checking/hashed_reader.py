"""Reading a file front to back, every byte once, with its SHA-256 known at the end."""

from __future__ import annotations

import hashlib
from typing import BinaryIO

CHUNK = 1 << 20
"""Bytes read and hashed at a time: few enough to stay in the cache, and many enough that threads seldom meet."""


class HashedReader:
    """Hands out some stretches of ``stream`` and passes over others; all of it is hashed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self._buffer = memoryview(bytearray(CHUNK))
        self._at = self._filled = 0
        self._before = 0

    @property
    def position(self) -> int:
        """Bytes behind it."""
        return self._before + self._at

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes, fewer at the end of the file."""
        if count <= self._filled - self._at:
            self._at += count
            return bytes(self._buffer[self._at - count : self._at])
        pieces = []
        while count and (self._at < self._filled or self._fill()):
            step = min(count, self._filled - self._at)
            pieces.append(bytes(self._buffer[self._at : self._at + step]))
            self._at += step
            count -= step
        return b"".join(pieces)

    def skip(self, count: int) -> int:
        """Pass over ``count`` bytes; returns how many there were."""
        left = count
        while left and (self._at < self._filled or self._fill()):
            step = min(left, self._filled - self._at)
            self._at += step
            left -= step
        return count - left

    def finish(self) -> tuple[int, str]:
        """Pass over the rest; returns the bytes of the whole file and their SHA-256."""
        self._at = self._filled
        while self._fill():
            self._at = self._filled
        return self.position, self._digest.hexdigest()

    def _fill(self) -> bool:
        self._before += self._filled
        self._at = 0
        self._filled = self._stream.readinto(self._buffer) or 0  # type: ignore[attr-defined]
        self._digest.update(self._buffer[: self._filled])
        return self._filled > 0
