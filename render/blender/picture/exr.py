"""OpenEXR files of float32 channels: read as Blender writes them uncompressed, written with a header of our own.

Blender puts dates, render times and memory into its headers. A channel is its rows one after the other, top row first, 4
bytes a pixel, little-endian. Format: https://openexr.com/en/latest/OpenEXRFileLayout.html. Standard library only.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Mapping

MAGIC = 20000630
_FLOAT, _PLAIN, _ZIP = 2, 0, 3
_BLOCK = 16
"""Rows that the ZIP compression packs together."""
_UNSUPPORTED = 0x200 | 0x800 | 0x1000
"""Flags of tiles, deep pixels, several parts."""


def read_exr(data: bytes, wanted: Collection[str]) -> tuple[int, int, dict[str, bytes]]:
    """Width, height, and the ``wanted`` channels by the last part of their names (``X`` of ``ViewLayer.Normal.X``: ``Normal.X``).

    Raises:
        ValueError: cut off, without such channels, or not the plain kind that Blender writes when asked to.
    """
    try:
        header, here = _header(data)
        names = _float_channels(header["channels"])
        left, top, right, bottom = struct.unpack("<4i", header["dataWindow"])
        if header["compression"][0] != _PLAIN:
            raise ValueError("compressed")
        width, height = right - left + 1, bottom - top + 1
        row = 4 * width
        places = struct.unpack_from(f"<{height}Q", data, here)
        if any(struct.unpack_from("<2i", data, place) != (top + y, row * len(names)) for y, place in enumerate(places)):
            raise ValueError("cut off")  # on a full disk the table stays empty, and would point at the header
        starts = [place + 8 for place in places]
    except (KeyError, IndexError, struct.error) as error:
        raise ValueError(f"not a whole EXR: {error}") from None
    found = {}
    for place, name in enumerate(names):
        short = ".".join(name.split(".")[-2:])
        if short in wanted:
            shift = place * row
            found[short] = b"".join(data[start + shift : start + shift + row] for start in starts)
            if len(found[short]) != row * height:
                raise ValueError("cut off")
    if set(found) != set(wanted):
        raise ValueError(f"it has {', '.join(names)}")
    return width, height, found


def write_exr(width: int, height: int, channels: Mapping[str, bytes]) -> bytes:
    """A file of float32 ``channels``, ZIP compressed."""
    names = sorted(channels)
    listed = b"".join(_text(name) + struct.pack("<iB3xii", _FLOAT, 0, 1, 1) for name in names) + b"\0"
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    attributes = {
        "channels": ("chlist", listed), "compression": ("compression", bytes([_ZIP])), "dataWindow": ("box2i", window),
        "displayWindow": ("box2i", window), "lineOrder": ("lineOrder", b"\0"), "pixelAspectRatio": ("float", struct.pack("<f", 1.0)),
        "screenWindowCenter": ("v2f", struct.pack("<2f", 0.0, 0.0)), "screenWindowWidth": ("float", struct.pack("<f", 1.0)),
    }  # fmt: skip
    head = struct.pack("<2i", MAGIC, 2)
    head += b"".join(_text(name) + _text(kind) + struct.pack("<i", len(value)) + value for name, (kind, value) in attributes.items())
    head += b"\0"
    row, blocks = 4 * width, []
    for top in range(0, height, _BLOCK):
        rows = range(top, min(top + _BLOCK, height))
        raw = b"".join(channels[name][y * row : (y + 1) * row] for y in rows for name in names)
        packed = _packed(raw)
        blocks.append(struct.pack("<2i", top, len(packed)) + packed)
    offset, offsets = len(head) + 8 * len(blocks), []
    for block in blocks:
        offsets.append(offset)
        offset += len(block)
    return b"".join([head, struct.pack(f"<{len(offsets)}Q", *offsets), *blocks])


def _packed(raw: bytes) -> bytes:
    """A block as the ZIP compression has it: low and high bytes apart, differences, deflate; as it is if that is no shorter."""
    packed = zlib.compress(_differences(raw[0::2] + raw[1::2]), 4)
    return packed if len(packed) < len(raw) else raw


def _differences(data: bytes) -> bytes:
    """Each byte less the one before it, plus 128, modulo 256; the first stays. All bytes at once, as one long number."""
    high = int.from_bytes(b"\x80" * len(data), "little")
    here = int.from_bytes(data, "little")
    before = int.from_bytes(b"\0" + data[:-1], "little")
    low = before & ~high  # with the top bits set in one and clear in the other, no byte borrows from its neighbour
    return data[:1] + (((here | high) - low) ^ ((here ^ before) & high)).to_bytes(len(data), "little")[1:]


def _header(data: bytes) -> tuple[dict[str, bytes], int]:
    """The attributes' values by name, and where the offset table begins."""
    magic, version = struct.unpack_from("<2i", data)
    if magic != MAGIC or version & _UNSUPPORTED:
        raise ValueError("not an EXR of one part with plain rows")
    values, here = {}, 8
    while data[here] != 0:
        name, here = _word(data, here)
        _, here = _word(data, here)
        (length,) = struct.unpack_from("<i", data, here)
        if length < 0:
            raise IndexError(f"{name} has a negative length")
        values[name] = data[here + 4 : here + 4 + length]
        here += 4 + length
    return values, here + 1


def _float_channels(listed: bytes) -> list[str]:
    """Names in the order in which each row holds them."""
    names, here = [], 0
    while listed[here] != 0:
        name, here = _word(listed, here)
        if struct.unpack_from("<iB3xii", listed, here) != (_FLOAT, listed[here + 4], 1, 1):
            raise ValueError(f"channel {name} is not float32 at full size")
        names.append(name)
        here += 16
    return names


def _word(data: bytes, here: int) -> tuple[str, int]:
    end = data.find(b"\0", here)
    if end < 0:
        raise IndexError("a name without an end")
    return data[here:end].decode("utf-8"), end + 1


def _text(word: str) -> bytes:
    return word.encode("utf-8") + b"\0"
