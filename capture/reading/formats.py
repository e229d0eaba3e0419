"""Which files are camera files, by suffix, and what their first bytes say they really are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cat_dataset.errors import InputError

_RAW = """3fr ari arw bay cr2 cr3 crw dcr dng erf fff iiq k25 kdc mef mos mrw nef nrw orf pef raf raw rw2 rwl sr2 srf srw x3f"""
RAW_SUFFIXES = frozenset(f".{name}" for name in _RAW.split())
JPEG_SUFFIXES = frozenset((".jpg", ".jpeg", ".jpe"))
TIFF_SUFFIXES = frozenset((".tif", ".tiff"))
HEIC_SUFFIXES = frozenset((".heic", ".heif", ".hif"))
LINEAR_SUFFIXES = frozenset((".exr", ".hdr"))
"""Linear pictures: only for exact developments from one picture."""
UNREAD_SUFFIXES = frozenset((".png", ".webp", ".avif", ".gif", ".bmp"))
"""Pictures that no camera writes: named, and left alone."""

HEAD_BYTES = 32


class Kind(StrEnum):
    """How a file's pixels are made."""

    RAW = "RAW"
    JPEG = "JPEG"
    TIFF = "TIFF"
    HEIC = "HEIC"
    LINEAR = "linear"


@dataclass(frozen=True)
class Format:
    """A file format. ``kinds`` are what it may be read as (none: not at all), ``suffix`` the one it usually has."""

    name: str
    suffix: str = ""
    kinds: tuple[Kind, ...] = ()


_TIFF = Format("TIFF-based", ".tif", (Kind.TIFF, Kind.RAW))
_MAGIC: tuple[tuple[int, bytes, Format], ...] = (
    (8, b"CR\x02\0", Format("Canon CR2", ".cr2", (Kind.RAW,))),
    (0, b"\xff\xd8\xff", Format("JPEG", ".jpg", (Kind.JPEG,))),
    (0, b"II*\0", _TIFF),
    (0, b"MM\0*", _TIFF),
    (0, b"IIU\0", Format("Panasonic RW2", ".rw2", (Kind.RAW,))),
    (0, b"IIRO", Format("Olympus ORF", ".orf", (Kind.RAW,))),
    (0, b"IIRS", Format("Olympus ORF", ".orf", (Kind.RAW,))),
    (0, b"MMOR", Format("Olympus ORF", ".orf", (Kind.RAW,))),
    (0, b"FUJIFILMCCD-RAW", Format("Fujifilm RAF", ".raf", (Kind.RAW,))),
    (6, b"HEAPCCDR", Format("Canon CRW", ".crw", (Kind.RAW,))),
    (0, b"\0MRM", Format("Minolta MRW", ".mrw", (Kind.RAW,))),
    (0, b"FOVb", Format("Sigma X3F", ".x3f", (Kind.RAW,))),
    (4, b"ftypcrx ", Format("Canon CR3", ".cr3", (Kind.RAW,))),
    *((4, b"ftyp" + brand, Format("HEIC", ".heic", (Kind.HEIC,))) for brand in (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1")),
    (4, b"ftypavif", Format("AVIF", ".avif")),
    (4, b"ftyp", Format("a video")),
    (0, b"v/1\x01", Format("OpenEXR", ".exr", (Kind.LINEAR,))),
    (0, b"#?R", Format("Radiance HDR", ".hdr", (Kind.LINEAR,))),
    (0, b"\x89PNG\r\n\x1a\n", Format("PNG", ".png")),
    (8, b"WEBP", Format("WebP", ".webp")),
    (0, b"GIF8", Format("GIF", ".gif")),
    (0, b"%PDF", Format("PDF")),
    (0, b"PK\x03\x04", Format("a zip archive")),
)


def kind_of(path: Path) -> Kind | None:
    """The kind that the suffix promises; None for a file that is no picture we read."""
    suffix = path.suffix.lower()
    by_suffix = ((RAW_SUFFIXES, Kind.RAW), (JPEG_SUFFIXES, Kind.JPEG), (TIFF_SUFFIXES, Kind.TIFF), (HEIC_SUFFIXES, Kind.HEIC))
    for suffixes, kind in (*by_suffix, (LINEAR_SUFFIXES, Kind.LINEAR)):
        if suffix in suffixes:
            return kind
    return None


def format_of(head: bytes) -> Format | None:
    """The format that the first ``HEAD_BYTES`` bytes of a file announce; None where they are none known here."""
    for at, magic, found in _MAGIC:
        if head[at : at + len(magic)] == magic:
            return found
    return None


def checked_kind(path: Path, head: bytes) -> Kind:
    """The kind of a file whose suffix and first bytes agree.

    A file with another format's suffix is refused rather than read by its bytes: twins, notes and the sort go by suffix, and
    a renamed file is one of which something else may be untrue. RAW formats without a known head are left to LibRaw.

    Raises:
        InputError: suffix and bytes disagree, or the bytes are no picture.
    """
    kind, found = kind_of(path), format_of(head)
    if kind is None:
        raise InputError(f"{path} has a suffix that no camera file has; only RAW, JPEG, TIFF and HEIC are read")
    if found is None and kind is not Kind.RAW:
        raise InputError(f"{path} is no {kind} picture, by its first bytes; it is damaged or something else: take it out of the folder")
    if found is not None and kind not in found.kinds:
        mend = f"rename it to {path.stem[:80]}{found.suffix}" if found.kinds else "take it out of the folder"
        raise InputError(f"{path} is not what its name says: its first bytes are {found.name}; {mend}")
    return kind
