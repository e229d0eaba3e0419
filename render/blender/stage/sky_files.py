"""Looks into an HDRI file before Blender does: its true format, its size, and whether a Radiance file is whole.

(Blender itself notices a cut-off EXR; old versions render the missing part of a cut-off HDR black.) Standard library only.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import BinaryIO

from cat_dataset.command import warn
from cat_dataset.errors import InputError

KINDS = (".exr", ".hdr")
LARGEST = (32768, 16384)
_EXR = b"\x76\x2f\x31\x01"


def check_sky(path: Path) -> dict[str, str]:
    """Check ``path``; it has no companions.

    Raises:
        InputError: neither EXR nor Radiance HDR, cut off, or larger than `LARGEST`.
    """
    with open(path, "rb") as stream:
        head = stream.read(4)
        stream.seek(0)
        if head == _EXR:
            size = _exr_size(stream)
        elif head[:2] == b"#?":
            size = _hdr_size(stream)
        else:
            raise InputError(f"{path} is not an EXR or Radiance HDR picture, whatever its name says; download or export it again")
        if size is None or min(size) < 1:
            raise _cut_off(path)
        if size[0] > LARGEST[0] or size[1] > LARGEST[1]:
            raise InputError(f"{path} is {size[0]}×{size[1]}; skies up to {LARGEST[0]}×{LARGEST[1]} can be used, scale it down")
        if size[0] != 2 * size[1]:
            warn(f"{path} is {size[0]}×{size[1]}: a whole sphere is twice as wide as high, so this sky will look stretched")
        if head[:2] == b"#?" and not _hdr_is_whole(stream.read(), *size):
            raise _cut_off(path)
    return {}


def _cut_off(path: Path) -> InputError:
    return InputError(f"{path} is cut off or damaged; download or export it again")


def _exr_size(stream: BinaryIO) -> tuple[int, int] | None:
    """Width and height from the ``dataWindow`` attribute of the (first) header."""
    stream.seek(8)
    for _ in range(1000):
        name, kind = _text(stream), _text(stream)
        raw = stream.read(4)
        if not name or len(raw) < 4:
            return None
        (length,) = struct.unpack("<i", raw)
        if name == b"dataWindow" and kind == b"box2i" and length == 16:
            data = stream.read(16)
            if len(data) < 16:
                return None
            left, top, right, bottom = struct.unpack("<4i", data)
            return right - left + 1, bottom - top + 1
        if length < 0:
            return None
        stream.seek(length, 1)
    return None


def _text(stream: BinaryIO) -> bytes:
    """A NUL-terminated string of at most 255 bytes."""
    result = b""
    while len(result) < 256:
        byte = stream.read(1)
        if byte in (b"", b"\0"):
            break
        result += byte
    return result


def _hdr_size(stream: BinaryIO) -> tuple[int, int] | None:
    """Width and height from the resolution line; the stream is left at the first scanline."""
    for _ in range(200):
        line = stream.readline(4096)
        match = re.fullmatch(rb"([+-])Y (\d{1,6}) ([+-])X (\d{1,6})\s*", line)
        if match:
            return int(match[4]), int(match[2])
        if not line:
            return None
    return None


def _hdr_is_whole(data: bytes, width: int, height: int) -> bool:
    """Walk the run-length codes (a count above 128 repeats one byte, another copies that many) without expanding them."""
    if data[:2] != b"\x02\x02" or width < 8 or width > 32767:
        return len(data) >= 4 * width * height or data[:2] != b"\x02\x02"  # flat or old-style runs: no way to tell
    here, end = 0, len(data)
    for _ in range(height):
        here += 4
        for _ in range(4):
            filled = 0
            while filled < width:
                if here >= end:
                    return False
                count = data[here]
                here, filled = (here + 2, filled + count - 128) if count > 128 else (here + 1 + count, filled + count)
                if count == 0:
                    return False
    return here <= end
