"""Takes a staged frame for what was asked, or says why not."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from cat_dataset.errors import InputError
from cat_dataset.images import Rgb, check_picture, decode_rgb, encode_png

_IHDR = slice(24, 26)
"""Bit depth and colour type of a PNG (section 11.2.1)."""
_RGB, _RGBA = 2, 6
SPARE = 1 << 20


def staged_frame(frame: int) -> str:
    """The name under which the render queue writes sequence frame ``frame``: its number, zero-padded to four digits."""
    return f"{frame:04d}.png"


@dataclass(frozen=True)
class Picture:
    """A staged frame: its pixels, [height, width, 3], and the bytes that go into the series."""

    rgb: Rgb
    png: bytes


class Unfinished(InputError):
    """A frame that is not whole: it is still being written, or was cut off."""


def read_frame(path: Path, size: int) -> Picture:
    """The frame in ``path``, decoded to its last pixel.

    It is packed anew with its pixels alone: without alpha (Unreal's PNGs may have one) and without whatever else is in the file.

    Raises:
        Unfinished: absent or cut off. InputError: whole, and not an 8-bit RGB or RGBA PNG of ``size`` × ``size``.
    """
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is not a file; delete it and run again")
        there = path.stat().st_size
        if there > size * size * 8 + SPARE:
            raise InputError(f"{path} has {there} bytes, more than a frame of {size}×{size} can have; it is not from this render")
        data = path.read_bytes()
    except FileNotFoundError:
        raise Unfinished(f"{path} is missing") from None
    except OSError as error:  # Windows, while the writer has it open; or a link in a circle
        raise Unfinished(f"{path} cannot be opened: {error.strerror}") from None
    if not data.startswith(b"\x89PNG"):
        raise _not_a_png(path, data)
    try:
        found = check_picture(data, str(path))
    except InputError as error:
        raise Unfinished(str(error)) from None
    if found != (size, size):
        raise InputError(f"{path} is {found[0]}×{found[1]}, not {size}×{size}; does a project setting or a preset scale the output?")
    depth, kind = struct.unpack(">BB", data[_IHDR])
    if depth != 8 or kind not in (_RGB, _RGBA):
        raise InputError(f"{path} is a PNG of {depth} bits and colour type {kind}, not 8-bit RGB or RGBA; set the queue's output to PNG")
    rgb = decode_rgb(data, where=str(path))
    return Picture(rgb, encode_png(rgb, fast=True))


def _not_a_png(path: Path, data: bytes) -> InputError:
    if b"\x89PNG".startswith(data[:4]):
        return Unfinished(f"{path} is cut off")
    return InputError(f"{path} is no PNG; set the queue's output to PNG")
