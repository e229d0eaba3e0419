"""Which files are camera files, by suffix. What a file really is, its first bytes say when it is read."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

_RAW = """3fr ari arw bay cr2 cr3 crw dcr dng erf fff iiq k25 kdc mef mos mrw nef nrw orf pef raf raw rw2 rwl sr2 srf srw x3f"""
RAW_SUFFIXES = frozenset(f".{name}" for name in _RAW.split())
JPEG_SUFFIXES = frozenset((".jpg", ".jpeg", ".jpe"))
TIFF_SUFFIXES = frozenset((".tif", ".tiff"))
HEIC_SUFFIXES = frozenset((".heic", ".heif", ".hif"))
LINEAR_SUFFIXES = frozenset((".exr", ".hdr"))
"""Linear pictures: only for exact developments from one picture."""
UNREAD_SUFFIXES = frozenset((".png", ".webp", ".avif", ".gif", ".bmp"))
"""Pictures that no camera writes: named, and left alone."""


class Kind(StrEnum):
    """How a file's pixels are made."""

    RAW = "RAW"
    JPEG = "JPEG"
    TIFF = "TIFF"
    HEIC = "HEIC"
    LINEAR = "linear"


def kind_of(path: Path) -> Kind | None:
    """The kind that the suffix promises; None for a file that is no picture we read."""
    suffix = path.suffix.lower()
    by_suffix = ((RAW_SUFFIXES, Kind.RAW), (JPEG_SUFFIXES, Kind.JPEG), (TIFF_SUFFIXES, Kind.TIFF), (HEIC_SUFFIXES, Kind.HEIC))
    for suffixes, kind in (*by_suffix, (LINEAR_SUFFIXES, Kind.LINEAR)):
        if suffix in suffixes:
            return kind
    return None
