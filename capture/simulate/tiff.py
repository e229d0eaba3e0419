"""TIFF 6.0 directories as bytes: fields of each type, and whole files of nested directories and data blocks."""

from __future__ import annotations

import struct
from fractions import Fraction

Entry = tuple[int, int, bytes]
"""TIFF field type, count, little-endian value bytes."""
Directory = dict[int, Entry]
"""The entries of an image file directory by their tag number."""

HEADER = b"II*\0" + struct.pack("<I", 8)
"""Little-endian TIFF whose first directory lies at byte 8."""


def directory(entries: Directory, at: int) -> bytes:
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


def text(value: str) -> Entry:
    """ASCII; what is not becomes a question mark."""
    data = value.encode("ascii", "replace") + b"\0"
    return 2, len(data), data


def octets(*numbers: int) -> Entry:
    return 1, len(numbers), bytes(numbers)


def short(*numbers: int) -> Entry:
    return 3, len(numbers), struct.pack(f"<{len(numbers)}H", *numbers)


def long(*numbers: int) -> Entry:
    return 4, len(numbers), struct.pack(f"<{len(numbers)}I", *numbers)


def double(*numbers: float) -> Entry:
    return 12, len(numbers), struct.pack(f"<{len(numbers)}d", *numbers)


def rational(*numbers: float | Fraction) -> Entry:
    return 5, len(numbers), struct.pack(f"<{2 * len(numbers)}I", *_parts(numbers))


def signed_rational(*numbers: float | Fraction) -> Entry:
    return 10, len(numbers), struct.pack(f"<{2 * len(numbers)}i", *_parts(numbers))


def _parts(numbers: tuple[float | Fraction, ...]) -> list[int]:
    exact = [Fraction(number).limit_denominator(1_000_000) for number in numbers]
    return [part for fraction in exact for part in (fraction.numerator, fraction.denominator)]
