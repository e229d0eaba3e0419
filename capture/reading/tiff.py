"""Image file directories of a TIFF-based file (TIFF 6.0; DNG 1.4, chapter 4), read within limits.

ExifRead leaves SubIFDs out unless it also parses maker notes, and RAW pixels stand in one; so the few tags that describe
pixels and colours are read here. Offsets and counts come from an untrusted file: every one is checked against its size.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import BinaryIO

Directory = Mapping[int, Sequence[float]]
"""Numbers by tag. Tags that are absent, no numbers, too long or out of the file are not there."""

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SUBFILES, DNG_VERSION, WHITE_LEVEL = 256, 257, 258, 259, 262, 330, 0xC612, 0xC61D
STRIP_OFFSETS, STRIP_BYTES, TILE_OFFSETS, TILE_BYTES = 273, 279, 324, 325
MATRICES = ((0xC621, 0xC623, 0xC65A), (0xC622, 0xC624, 0xC65B))
"""ColorMatrix, CameraCalibration and CalibrationIlluminant of the first and the second light."""
ANALOG_BALANCE, AS_SHOT_NEUTRAL, AS_SHOT_WHITE, NOISE_PROFILE = 0xC627, 0xC628, 0xC629, 0xC761
CFA, LINEAR_RAW = 32803, 34892

_WANTED = frozenset((
    254, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SUBFILES, DNG_VERSION, WHITE_LEVEL,
    STRIP_OFFSETS, STRIP_BYTES, TILE_OFFSETS, TILE_BYTES,
    *(tag for light in MATRICES for tag in light), ANALOG_BALANCE, AS_SHOT_NEUTRAL, AS_SHOT_WHITE, NOISE_PROFILE,
))  # fmt: skip
_FORMATS = {1: "B", 3: "H", 4: "I", 5: "II", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d", 13: "I"}
_MOST_DIRECTORIES, _MOST_ENTRIES, _MOST_NUMBERS = 64, 2000, 1 << 16


def directories(stream: BinaryIO, size: int) -> list[Directory]:
    """The first directory, those chained behind it, and all SubIFDs; empty for a file that is no TIFF."""
    stream.seek(0)
    head = stream.read(8)
    if len(head) < 8 or head[:2] not in (b"II", b"MM"):
        return []
    order = "<" if head[:2] == b"II" else ">"
    waiting: list[float] = [struct.unpack_from(order + "I", head, 4)[0]]
    seen: set[int] = set()
    found: list[Directory] = []
    while waiting and len(found) < _MOST_DIRECTORIES:
        at = int(waiting.pop(0))
        if at in seen or not 8 <= at < size - 2:
            continue
        seen.add(at)
        tags, following = _directory(stream, size, order, at)
        found.append(tags)
        waiting += [*tags.get(SUBFILES, ()), following]
    return found


def raw_directory(found: Sequence[Directory]) -> Directory:
    """The directory of the RAW mosaic, else of the largest picture; empty when there is none."""

    def rank(tags: Directory) -> tuple[bool, float]:
        return number(tags, PHOTOMETRIC) in (CFA, LINEAR_RAW), number(tags, WIDTH) * number(tags, HEIGHT)

    return max(found, key=rank, default={})


def pixels_end(tags: Directory) -> float:
    """File offset behind the last strip or tile of a directory; 0 where it states none."""
    ends = [0.0]
    for offsets, lengths in ((STRIP_OFFSETS, STRIP_BYTES), (TILE_OFFSETS, TILE_BYTES)):
        ends += [at + length for at, length in zip(tags.get(offsets, ()), tags.get(lengths, ()), strict=False)]
    return max(ends)


def number(tags: Directory, tag: int) -> float:
    """The first number of a tag, 0 when it is absent."""
    values = tags.get(tag)
    return values[0] if values else 0.0


def _directory(stream: BinaryIO, size: int, order: str, at: int) -> tuple[dict[int, tuple[float, ...]], int]:
    stream.seek(at)
    (entries,) = struct.unpack(order + "H", stream.read(2))
    table = stream.read(12 * min(entries, _MOST_ENTRIES) + 4)
    tags: dict[int, tuple[float, ...]] = {}
    for start in range(0, len(table) - 11, 12):
        tag, kind, count = struct.unpack_from(order + "HHI", table, start)
        if tag not in _WANTED or kind not in _FORMATS or not 0 < count <= _MOST_NUMBERS:
            continue
        length = struct.calcsize("<" + _FORMATS[kind]) * count
        data = table[start + 8 : start + 8 + length] if length <= 4 else _bytes_at(stream, size, order, table, start + 8, length)
        if len(data) == length:
            tags[tag] = _numbers(data, order, kind, count)
    whole = len(table) == 12 * entries + 4
    return tags, struct.unpack_from(order + "I", table, len(table) - 4)[0] if whole else 0


def _bytes_at(stream: BinaryIO, size: int, order: str, table: bytes, start: int, length: int) -> bytes:
    at = struct.unpack_from(order + "I", table, start)[0]
    if at + length > size:
        return b""
    stream.seek(at)
    return stream.read(length)


def _numbers(data: bytes, order: str, kind: int, count: int) -> tuple[float, ...]:
    plain = struct.unpack(f"{order}{len(_FORMATS[kind]) * count}{_FORMATS[kind][0]}", data)
    if len(_FORMATS[kind]) == 1:
        return plain
    return tuple(above / below if below else float("nan") for above, below in zip(plain[::2], plain[1::2], strict=True))
