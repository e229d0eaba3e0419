"""PNG at the speed of memory: every row stored as its difference from the row above, packed by libdeflate at its fastest.

Three to four times faster than libpng with runs only and a tenth to a fifth larger. Specification: W3C PNG, third edition, 2025.
"""

from __future__ import annotations

import struct

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from cat_dataset.checksums import crc32

_UP = 2
"""Filter type: bytes less those of the row above, modulo 256 (section 9.2)."""
_RGB = 2


def fast_png(rgb: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    """Lossless PNG bytes of ``rgb`` (height, width, 3) with its 8 or 16 bits; the same array gives the same bytes."""
    height, width, _ = rgb.shape
    samples = np.ascontiguousarray(rgb if rgb.dtype == np.uint8 else rgb.astype(">u2")).view(np.uint8).reshape(height, -1)
    rows = np.empty((height, samples.shape[1] + 1), np.uint8)
    rows[:, 0] = _UP
    rows[0, 1:] = samples[0]
    np.subtract(samples[1:], samples[:-1], out=rows[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, 8 * rgb.dtype.itemsize, _RGB, 0, 0, 0)
    packed = imagecodecs.deflate_encode(rows.tobytes(), level=1, raw=False)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", bytes(packed)) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    body = name + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", crc32(body))
