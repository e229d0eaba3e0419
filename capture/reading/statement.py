"""Building a reader's statement from untrusted values: what cannot be a sound value is left out."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone

from capture.reading.shot import Statement

ISO_CEILING = 65535
"""Largest PhotographicSensitivity; the true ISO then stands elsewhere (Exif 2.32)."""

_SOUND = {
    "iso": (1.0, 1e8), "f_number": (0.3, 1000.0), "shutter": (1e-7, 1e6), "compensation": (-20.0, 20.0), "focal_length": (0.1, 1e4),
    "focus_distance": (1e-4, 1e5), "camera_kelvin": (1000.0, 50000.0), "orientation": (1.0, 8.0), "flash": (0.0, 1.0),
    "automatic_white_balance": (0.0, 1.0), "seconds": (315532800.0, 4102444800.0),
}  # fmt: skip
"""Least and largest value believed; times from 1980 to 2100. Zero stands for "unknown" in EXIF (a manual lens has f/0)."""

_LONGEST_TEXT = 60
_NO_TEXT = frozenset(("", "n/a", "none", "unknown", "----", "0"))


def statement(reader: str, numbers: Mapping[str, float | None], texts: Mapping[str, str]) -> Statement:
    """What ``reader`` says, less what cannot be: numbers out of range or not finite, empty texts. The serial is hashed."""
    sound = {}
    for name, value in numbers.items():
        low, high = _SOUND[name]
        if value is not None and math.isfinite(value) and low <= value <= high:
            sound[name] = float(value)
    kept = {name: short for name, text in texts.items() if (short := printable(text)).lower() not in _NO_TEXT}
    if serial := kept.pop("serial", "").lstrip("0"):
        private = f"{kept.get('make', '')}|{kept.get('model', '')}|{serial}"
        kept["serial"] = hashlib.sha256(private.encode()).hexdigest()[:8]
    return Statement(reader, sound, kept)


def printable(text: str, longest: int = _LONGEST_TEXT) -> str:
    """Short printable ASCII: what a hostile file says is shown, never obeyed."""
    return re.sub(r"[^\x21-\x7e]+", " ", text[: 8 * longest]).strip()[:longest].strip()


def iso_by_standard(number: Callable[[str], float | None], maker: Callable[[], float | None]) -> float | None:
    """ISO by Exif 2.32: PhotographicSensitivity, and at its ceiling of 65535 the value SensitivityType points to.

    ``number`` gives a standard tag by exiftool's name, ``maker`` the maker note's ISO (asked last, at the ceiling only).
    """
    plain = number("ISO")
    if plain and plain < ISO_CEILING:
        return plain
    names = {1: "StandardOutputSensitivity", 2: "RecommendedExposureIndex", 3: "ISOSpeed"}
    order = {1: (1,), 2: (2,), 3: (3,), 4: (2, 1), 5: (3, 1), 6: (3, 2), 7: (3, 2, 1)}
    kind = number("SensitivityType")
    for key in (*order.get(int(kind) if kind and kind < 8 else 0, ()), 2, 3, 1):
        value = number(names[key])
        if value and value != ISO_CEILING:
            return value
    if plain:
        value = maker()
        return value if value and value > ISO_CEILING else None
    return None


def seconds_of(taken: str, fraction: str = "") -> float | None:
    """Seconds since 1970 of an EXIF date, as if in UTC: cameras state no time zone, or one nobody set."""
    try:
        whole = datetime.strptime(taken.strip()[:19].replace("-", ":"), "%Y:%m:%d %H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    digits = fraction.strip()[:9]
    return whole.timestamp() + (float(f"0.{digits}") if digits.isascii() and digits.isdigit() else 0.0)
