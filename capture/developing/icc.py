"""What an ICC profile (ISO 15076-1) embedded in a picture says of its numbers: sRGB, another space, or linear light."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

from capture.reading.formats import Kind

_TAGS_CAP = 100
_PROFILE_CAP = 1 << 22


@dataclass(frozen=True)
class Profile:
    """``linear``: the numbers are linear light. ``remark``: why colours may be off; empty for sRGB or no profile."""

    name: str = ""
    linear: bool = False

    @property
    def remark(self) -> str:
        """What a user should know; empty where the profile is sRGB, linear sRGB, or absent."""
        if not self.name or "srgb" in self.name.lower():
            return ""
        return f"its colour profile is {self.name!r}; it is read as sRGB, so that its colours are a little off"


def embedded_profile(path: Path, kind: Kind) -> Profile:
    """The profile of a JPEG, TIFF or HEIC; an empty one where there is none or it cannot be read."""
    from PIL import Image

    try:
        if kind is Kind.HEIC:
            import pi_heif

            data = pi_heif.open_heif(path).info.get("icc_profile") or b""
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with Image.open(path) as picture:
                    data = picture.info.get("icc_profile") or b""
    except Exception:  # a picture that Pillow cannot open at all: its numbers are taken as they are
        return Profile()
    return parse_profile(data) if isinstance(data, bytes) else Profile()


def parse_profile(data: bytes) -> Profile:
    """The description and the curve of a profile; an empty one where it is no sound profile."""
    if not 132 <= len(data) <= _PROFILE_CAP or data[36:40] != b"acsp":
        return Profile()
    (count,) = struct.unpack_from(">I", data, 128)
    tags = {}
    for index in range(min(count, _TAGS_CAP, (len(data) - 132) // 12)):
        name, offset, size = struct.unpack_from(">4sII", data, 132 + 12 * index)
        tags[name] = data[offset : offset + size]
    return Profile(_text(tags.get(b"desc", b"")), _is_linear(tags.get(b"rTRC", b"")))


def _text(tag: bytes) -> str:
    """A textDescriptionType (version 2) or multiLocalizedUnicodeType (version 4) as short printable text."""
    text = ""
    if tag[:4] == b"desc" and len(tag) >= 12:
        (length,) = struct.unpack_from(">I", tag, 8)
        text = tag[12 : 12 + min(length, 200)].decode("ascii", "replace")
    elif tag[:4] == b"mluc" and len(tag) >= 28:
        length, offset = struct.unpack_from(">II", tag, 20)
        text = tag[offset : offset + min(length, 400)].decode("utf-16-be", "replace")
    return "".join(letter for letter in text if letter.isprintable()).strip()[:60] or "without a name"


def _is_linear(tag: bytes) -> bool:
    """A curveType that is the identity (no entry, or a gamma of 1), or a parametricCurveType x^1."""
    if tag[:4] == b"curv" and len(tag) >= 12:
        (count,) = struct.unpack_from(">I", tag, 8)
        return count == 0 or (count == 1 and tag[12:14] == b"\x01\x00")
    return tag[:4] == b"para" and tag[8:10] == b"\x00\x00" and tag[12:16] == b"\x00\x01\x00\x00"
