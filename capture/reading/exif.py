"""What ExifRead finds, as a statement. Files are untrusted: it may raise anything, and then it has nothing to say."""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import exifread

from capture.reading.containers import exif_streams
from capture.reading.formats import HEAD_BYTES
from capture.reading.shot import Statement
from capture.reading.statement import iso_by_standard, seconds_of, statement
from cat_dataset.files import slug

Tags = Mapping[str, Any]

_ISO_NAMES = {"ISO": "ISOSpeedRatings"}
_PANASONIC_ISO = "Image Tag 0x0017"

logging.getLogger("exifread").setLevel(logging.CRITICAL)


def exif_tags(path: Path, maker_notes: bool = False) -> Tags:
    """ExifRead's tags, of all EXIF blocks of the file; an empty mapping where it finds none."""
    with open(path, "rb") as stream:
        head = stream.read(HEAD_BYTES)
        tags: dict[str, Any] = {}
        for block in exif_streams(stream, head):
            tags = {**_tags(block, maker_notes), **tags}
        return tags


def embedded_tags(data: bytes) -> Tags:
    """The tags of one EXIF block (with or without its ``Exif`` head), as a HEIC file holds it."""
    start = max(data.find(b"II*\0", 0, 16), data.find(b"MM\0*", 0, 16), 0)
    return _tags(io.BytesIO(data[start:]), False)


def exif_statement(path: Path, tags: Tags) -> Statement:
    """The settings that ``tags`` state; the maker note is opened only for an ISO above 65534 that stands nowhere else."""

    def standard(name: str) -> float | None:
        value = number_of(tags, _ISO_NAMES.get(name, name))
        return value if value is not None or name != "ISO" else _first_number(tags.get(_PANASONIC_ISO))

    def maker() -> float | None:
        return _first_number(exif_tags(path, maker_notes=True).get("MakerNote ISO"))

    automatic = number_of(tags, "WhiteBalance", zero=True)
    light = _printed(tags.get("EXIF LightSource"))
    flash = number_of(tags, "Flash", zero=True)
    taken = text_of(tags, "DateTimeOriginal") or text_of(tags, "DateTimeDigitized")
    return statement(
        "exif",
        {
            "iso": iso_by_standard(standard, maker),
            "f_number": number_of(tags, "FNumber"),
            "shutter": number_of(tags, "ExposureTime"),
            "compensation": number_of(tags, "ExposureBiasValue", signed=True),
            "focal_length": number_of(tags, "FocalLength"),
            "focus_distance": number_of(tags, "SubjectDistance"),
            "orientation": _first_number(tags.get("Image Orientation")),
            "flash": None if flash is None else float(int(flash) & 1),
            "automatic_white_balance": None if automatic is None else float(automatic == 0),
            "seconds": seconds_of(taken, text_of(tags, "SubSecTimeOriginal")) if taken else None,
        },
        {
            "make": text_of(tags, "Make"),
            "model": text_of(tags, "Model") or _text(tags.get("Image Tag 0xC614")),
            "serial": text_of(tags, "BodySerialNumber") or _text(tags.get("Image Tag 0xC62F")),
            "lens": text_of(tags, "LensModel"),
            "white_balance_mode": "" if automatic is None else "automatic" if automatic == 0 else light,
        },
    )


def scene_helper(tags: Tags) -> dict[str, str]:
    """Scene keys that the simulated camera writes into ImageDescription: ``scene=NAME; hdri=NAME``."""
    description = text_of(tags, "ImageDescription")[:300]
    if not description.startswith("scene="):
        return {}
    pairs = (part.strip().partition("=") for part in description.split(";"))
    return {key: slug(value, 60) for key, _, value in pairs if key in ("scene", "hdri") and value}


def number_of(tags: Tags, name: str, *, zero: bool = False, signed: bool = False) -> float | None:
    """The first number of the tag; None when it is absent, no number, negative (unless ``signed``), or 0 (unless allowed)."""
    value = _first_number(tags.get(f"EXIF {name}", tags.get(f"Image {name}")))
    if value is None or signed:
        return value
    return value if value > 0 or (zero and value == 0) else None


def text_of(tags: Tags, name: str) -> str:
    """The tag's text as it stands (untrusted)."""
    return _text(tags.get(f"EXIF {name}", tags.get(f"Image {name}")))


def _tags(stream: BinaryIO, maker_notes: bool) -> dict[str, Any]:
    try:
        return dict(exifread.process_file(stream, details=maker_notes, extract_thumbnail=False))
    except MemoryError:
        raise
    except Exception:  # among them OSError, from offsets before the file
        return {}


def _first_number(tag: Any) -> float | None:
    values = getattr(tag, "values", None)
    if not isinstance(values, list) or not values:
        return None
    try:
        value = float(values[0])
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def _text(tag: Any) -> str:
    value = getattr(tag, "values", "")
    return value if isinstance(value, str) else ""


def _printed(tag: Any) -> str:
    shown = getattr(tag, "printable", "")
    return shown if isinstance(shown, str) else ""
