"""Width and height of pictures that are not RAW, from their headers alone, and whether the file is all there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO

from capture import PIXEL_LIMIT
from capture.reading.containers import boxes_end
from capture.reading.formats import Kind
from capture.reading.tiff import (
    COMPRESSION,
    DNG_VERSION,
    HEIGHT,
    STRIP_OFFSETS,
    TILE_OFFSETS,
    WIDTH,
    Directory,
    number,
    pixels_end,
    raw_directory,
)
from cat_dataset.errors import InputError
from cat_dataset.jpeg import is_whole_jpeg
from cat_dataset.picture_header import picture_size

SMALLEST_SIDE = 16
JPEG_COMPRESSION = 7
_RADIANCE = re.compile(rb"\n\n-Y (\d{1,9}) \+X (\d{1,9})\n")


def check_size(path: Path, width: int, height: int) -> None:
    """Refuse a picture too small to use or too large to decode.

    Raises:
        InputError: it is.
    """
    if min(width, height) < SMALLEST_SIDE or width * height > PIXEL_LIMIT:
        limits = f"pictures of {SMALLEST_SIDE} pixels a side up to {PIXEL_LIMIT // 10**6} million are read"
        raise InputError(f"{path} says it is {width}×{height}; {limits}")


def cut(path: Path) -> InputError:
    """The error for a file that ends too early."""
    return InputError(f"{path} ends before its picture does: it was cut; copy it from the card again")


def check_whole(path: Path, stream: BinaryIO, size: int, kind: Kind, found: list[Directory]) -> None:
    """Refuse a file that is shorter than its own headers say. Nothing is decoded.

    Raises:
        InputError: it is.
    """
    stream.seek(0)
    head = stream.read(12)
    if kind is Kind.JPEG:
        stream.seek(0)
        whole = is_whole_jpeg(stream.read())
    elif head[4:8] == b"ftyp":
        whole = boxes_end(stream, size) <= size
    else:
        whole = not found or head[2:4] not in (b"*\0", b"\0*") or pixels_end(raw_directory(found)) <= size
    if not whole:
        raise cut(path)
    if found and DNG_VERSION in found[0] and not _begins_as_jpeg(stream, raw_directory(found)):
        raise InputError(f"{path} has no picture where its header says: it was damaged; copy it from the card again")


def _begins_as_jpeg(stream: BinaryIO, tags: Directory) -> bool:
    """Whether every strip or tile that is packed as JPEG starts like one. Of others LibRaw gives what lay in memory, without an error."""
    if number(tags, COMPRESSION) != JPEG_COMPRESSION:
        return True
    for at in (*tags.get(STRIP_OFFSETS, ()), *tags.get(TILE_OFFSETS, ())):
        if not 0 <= at < 1 << 62:
            return False
        stream.seek(int(at))
        if stream.read(2) != b"\xff\xd8":
            return False
    return True


def stated_size(path: Path, kind: Kind, found: list[Directory]) -> tuple[int, int]:
    """(width, height) of a JPEG, TIFF or linear picture; zeros for a RAW file, whose size LibRaw knows.

    Raises:
        InputError: its header cannot be read.
    """
    if kind is Kind.JPEG:
        return picture_size(path)
    if kind is Kind.TIFF:
        tags = raw_directory(found)
        return int(number(tags, WIDTH)), int(number(tags, HEIGHT))
    if kind is Kind.RAW:
        return 0, 0
    return _exr(path) if path.suffix.lower() == ".exr" else _radiance(path)


def heic_header(path: Path) -> tuple[tuple[int, int], bytes]:
    """(width, height) of a HEIC as libheif will turn it, and its EXIF block (empty when there is none).

    Raises:
        InputError: its header cannot be read.
    """
    import pi_heif

    try:
        picture = pi_heif.open_heif(path)
        return (int(picture.size[0]), int(picture.size[1])), bytes(picture.info.get("exif") or b"")
    except (OSError, MemoryError):
        raise
    except Exception as error:
        raise InputError(f"{path} cannot be read as HEIC ({str(error)[:120]}): it is damaged; copy it again") from None


def _exr(path: Path) -> tuple[int, int]:
    import OpenEXR

    try:
        window = OpenEXR.File(str(path), header_only=True).header()["dataWindow"]
        (left, top), (right, bottom) = window
        return int(right) - int(left) + 1, int(bottom) - int(top) + 1
    except MemoryError:
        raise
    except Exception as error:
        raise InputError(f"{path} cannot be read as OpenEXR ({str(error)[:120]}): it is damaged; make it again") from None


def _radiance(path: Path) -> tuple[int, int]:
    with open(path, "rb") as stream:
        match = _RADIANCE.search(stream.read(1 << 16).replace(b"\r\n", b"\n"))
    if match is None:
        raise InputError(f"{path} cannot be read as Radiance HDR: its header has no '-Y height +X width'; save it again as EXR")
    return int(match[2]), int(match[1])
