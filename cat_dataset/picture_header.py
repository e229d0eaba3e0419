"""Width and height of a PNG or JPEG from its header, without decoding it. Standard library only."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from cat_dataset.errors import InputError

_PNG = b"\x89PNG\r\n\x1a\n"
_SOF = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}


def picture_size(path: Path) -> tuple[int, int]:
    """(width, height) in pixels.

    Raises:
        InputError: neither PNG nor JPEG, or cut off.
    """
    with open(path, "rb") as stream:
        return stream_size(stream, str(path))


def stream_size(stream: BinaryIO, where: str) -> tuple[int, int]:
    """(width, height) in pixels of the picture that ``stream`` (at its start) holds; ``where`` names it in errors.

    Raises:
        InputError: neither PNG nor JPEG, or cut off.
    """
    head = stream.read(24)
    size = None
    if head.startswith(_PNG) and len(head) == 24:
        width, height = struct.unpack(">II", head[16:24])
        size = (int(width), int(height))
    elif head.startswith(b"\xff\xd8"):
        stream.seek(2)
        size = _jpeg_size(stream)
    if size is None or 0 in size:
        raise InputError(f"{where} is not a whole PNG or JPEG picture; make it again")
    return size


def _jpeg_size(stream: BinaryIO) -> tuple[int, int] | None:
    """Walk the JPEG segments (ISO/IEC 10918-1, B.1.1.4) to the frame header."""
    while True:
        byte = stream.read(1)
        if byte != b"\xff":
            return None
        while byte == b"\xff":
            byte = stream.read(1)
        if not byte:
            return None
        if byte[0] == 0x01 or 0xD0 <= byte[0] <= 0xD8:
            continue
        segment = stream.read(2)
        if len(segment) < 2:
            return None
        (length,) = struct.unpack(">H", segment)
        if byte[0] in _SOF:
            header = stream.read(5)
            if len(header) < 5:
                return None
            height, width = struct.unpack(">HH", header[1:5])
            return int(width), int(height)
        if byte[0] == 0xD9 or length < 2:
            return None
        stream.seek(length - 2, 1)
