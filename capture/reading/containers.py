"""Where a file keeps its EXIF: TIFF and JPEG are read as they are; RAF and CR3 wrap it, and ExifRead cannot unwrap them.

RAF: big-endian offset and length of an embedded JPEG at bytes 84 and 88. CR3 and HEIC: boxes of ISO/IEC 14496-12; a CR3 holds
TIFF blocks in ``moov``/``uuid``: CMT1 (camera) and CMT2 (exposure).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import BinaryIO

_BLOCK_CAP = 1 << 20
_MOST_BOXES = 1000
_CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")


def exif_streams(stream: BinaryIO, head: bytes) -> Iterator[BinaryIO]:
    """Streams that ExifRead can read, most important first."""
    if head.startswith(b"FUJIFILMCCD-RAW"):
        stream.seek(84)
        where = stream.read(8)
        if len(where) == 8:
            at, length = struct.unpack(">II", where)
            stream.seek(at)
            yield io.BytesIO(stream.read(min(length, _BLOCK_CAP)))
    elif head[4:12] == b"ftypcrx ":
        yield from _canon_blocks(stream)
    elif head[4:8] != b"ftyp":
        stream.seek(0)
        yield stream


def boxes(stream: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(type, start of content, end) of the boxes between two offsets; ``end`` may lie beyond the file when that was cut."""
    at = start
    for _ in range(_MOST_BOXES):
        if at + 8 > end:
            return
        stream.seek(at)
        head = stream.read(16)
        if len(head) < 8:
            return
        size, kind, content = struct.unpack(">I", head[:4])[0], head[4:8], at + 8
        if size == 1 and len(head) == 16:
            size, content = struct.unpack(">Q", head[8:])[0], at + 16
        stop = at + size if size else end
        if stop < content:
            return
        yield kind, content, stop
        at = stop


def boxes_end(stream: BinaryIO, size: int) -> int:
    """Where the outermost boxes say the file ends."""
    return max((stop for _, _, stop in boxes(stream, 0, size)), default=0)


def _canon_blocks(stream: BinaryIO) -> Iterator[BinaryIO]:
    end = stream.seek(0, 2)
    for kind, start, stop in boxes(stream, 0, end):
        if kind != b"moov":
            continue
        for inner, at, inner_stop in boxes(stream, start, min(stop, end)):
            stream.seek(at)
            if inner != b"uuid" or stream.read(16) != _CANON:
                continue
            for block, block_at, block_stop in boxes(stream, at + 16, min(inner_stop, end)):
                if block in (b"CMT1", b"CMT2"):
                    stream.seek(block_at)
                    yield io.BytesIO(stream.read(min(block_stop - block_at, _BLOCK_CAP)))
