"""Writing a Bayer picture as DNG with true EXIF (Adobe DNG 1.4, TIFF 6.0, Exif 2.32). One uncompressed strip.

EXIF lives in its own IFD: writers that put it into IFD 0 make LibRaw read ISO 0.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cat_dataset.files import write_bytes

Entry = tuple[int, int, bytes]
"""TIFF field type, count, little-endian value bytes."""

ISO_OVERFLOW = 65535
"""PhotographicSensitivity is 16 bits; a higher ISO reads 65535 and stands in RecommendedExposureIndex (Exif 2.32)."""


@dataclass(frozen=True)
class DngTags:
    """What a DNG says about itself. ``noise`` is NoiseProfile (scale, offset): variance = scale·x + offset for x in 0..1."""

    iso: int
    f_number: Fraction
    exposure_time: Fraction
    focal_length_mm: float
    focus_distance_m: float
    neutral: NDArray[np.float64]
    colour_matrix: NDArray[np.float64]
    black: int
    white: int
    noise: tuple[float, float]
    taken: str
    subsecond: str
    description: str
    serial: str
    make: str = "CatSim"
    model: str = "CatSim PB-1"
    lens: str = "CatSim zoom f/1.4"
    illuminant: int = 21
    orientation: int = 1
    white_balance_manual: bool = True


def write_dng(path: Path, mosaic: NDArray[np.uint16], tags: DngTags) -> None:
    """Write an RGGB ``mosaic`` (height, width), atomically."""
    write_bytes(path, dng_bytes(mosaic, tags))


def dng_bytes(mosaic: NDArray[np.uint16], tags: DngTags) -> bytes:
    """The DNG as bytes; a pure function of its arguments."""
    pixels = np.ascontiguousarray(mosaic.astype("<u2")).tobytes()
    exif = _exif(tags)
    picture = _picture(mosaic.shape[0], mosaic.shape[1], len(pixels), tags)
    exif_at = 8 + len(_directory({**picture, 273: _long(0), 34665: _long(0)}, 8))
    pixels_at = (exif_at + len(_directory(exif, exif_at)) + 15) // 16 * 16
    head = b"II*\0" + struct.pack("<I", 8) + _directory({**picture, 273: _long(pixels_at), 34665: _long(exif_at)}, 8)
    head += _directory(exif, exif_at)
    return head.ljust(pixels_at, b"\0") + pixels


def _picture(height: int, width: int, size: int, tags: DngTags) -> dict[int, Entry]:
    variance = struct.pack("<6d", *(tags.noise * 3))
    return {
        254: _long(0), 256: _long(width), 257: _long(height), 258: _short(16), 259: _short(1), 262: _short(32803),
        270: _text(tags.description), 271: _text(tags.make), 272: _text(tags.model), 274: _short(tags.orientation), 277: _short(1),
        278: _long(height), 279: _long(size), 284: _short(1), 305: _text("cat-dataset simulated camera"), 306: _text(tags.taken),
        33421: _short(2, 2), 33422: (1, 4, bytes((0, 1, 1, 2))),
        50706: (1, 4, bytes((1, 4, 0, 0))), 50707: (1, 4, bytes((1, 1, 0, 0))), 50708: _text(tags.model), 50713: _short(1, 1),
        50714: _rational(tags.black), 50717: _long(tags.white), 50719: _long(0, 0), 50720: _long(width, height),
        50721: _signed_rational(*tags.colour_matrix.ravel()), 50728: _rational(*tags.neutral), 50735: _text(tags.serial),
        50778: _short(tags.illuminant), 50829: _long(0, 0, height, width), 51041: (12, 6, variance),
    }  # fmt: skip


def _exif(tags: DngTags) -> dict[int, Entry]:
    return {
        0x829A: _rational(tags.exposure_time), 0x829D: _rational(tags.f_number), 0x8822: _short(1),
        0x8827: _short(min(tags.iso, ISO_OVERFLOW)), 0x8830: _short(2), 0x8832: _long(tags.iso), 0x9000: (7, 4, b"0232"),
        0x9003: _text(tags.taken), 0x9004: _text(tags.taken), 0x9204: _signed_rational(0), 0x9206: _rational(tags.focus_distance_m),
        0x920A: _rational(tags.focal_length_mm), 0x9291: _text(tags.subsecond), 0x9292: _text(tags.subsecond), 0xA402: _short(1),
        0xA403: _short(int(tags.white_balance_manual)), 0xA431: _text(tags.serial), 0xA434: _text(tags.lens),
    }  # fmt: skip


def _directory(entries: dict[int, Entry], at: int) -> bytes:
    """An image file directory that lies at file offset ``at``, with its long values behind it."""
    table, values = struct.pack("<H", len(entries)), b""
    values_at = at + 2 + 12 * len(entries) + 4
    for tag, (kind, count, data) in sorted(entries.items()):
        if len(data) <= 4:
            table += struct.pack("<HHI", tag, kind, count) + data.ljust(4, b"\0")
        else:
            table += struct.pack("<HHII", tag, kind, count, values_at + len(values))
            values += data + b"\0" * (len(data) & 1)
    return table + struct.pack("<I", 0) + values


def _text(text: str) -> Entry:
    data = text.encode("ascii", "replace") + b"\0"
    return 2, len(data), data


def _short(*numbers: int) -> Entry:
    return 3, len(numbers), struct.pack(f"<{len(numbers)}H", *numbers)


def _long(*numbers: int) -> Entry:
    return 4, len(numbers), struct.pack(f"<{len(numbers)}I", *numbers)


def _fractions(numbers: tuple[float | Fraction, ...]) -> list[int]:
    exact = [Fraction(number).limit_denominator(1_000_000) for number in numbers]
    return [part for fraction in exact for part in (fraction.numerator, fraction.denominator)]


def _rational(*numbers: float | Fraction) -> Entry:
    return 5, len(numbers), struct.pack(f"<{2 * len(numbers)}I", *_fractions(numbers))


def _signed_rational(*numbers: float | Fraction) -> Entry:
    return 10, len(numbers), struct.pack(f"<{2 * len(numbers)}i", *_fractions(numbers))
