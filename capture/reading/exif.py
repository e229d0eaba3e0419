"""Single EXIF tags as plain values. Files are untrusted: what cannot be a sound value is None or empty text."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import exifread
import numpy as np

from capture.colour_temperature import Array
from cat_dataset.files import slug

ISO_CEILING = 65535
"""Largest PhotographicSensitivity; the true ISO then stands elsewhere (Exif 2.32)."""

logging.getLogger("exifread").setLevel(logging.CRITICAL)


def exif_tags(path: Path, maker_notes: bool = False) -> Mapping[str, Any]:
    """ExifRead's tags; an empty mapping where it cannot read the file (it raises all kinds of errors on hostile ones)."""
    try:
        with open(path, "rb") as stream:
            return dict(exifread.process_file(stream, details=maker_notes, extract_thumbnail=False))
    except OSError:
        raise
    except Exception:
        return {}


def iso_of(path: Path, tags: Mapping[str, Any]) -> float | None:
    """ISO by Exif 2.32: PhotographicSensitivity, and at its ceiling of 65535 the value SensitivityType points to."""
    plain = number_of(tags.get("EXIF ISOSpeedRatings"))
    if plain is not None and plain < ISO_CEILING:
        return plain
    names = {1: "StandardOutputSensitivity", 2: "RecommendedExposureIndex", 3: "ISOSpeed"}
    order = {1: (1,), 2: (2,), 3: (3,), 4: (2, 1), 5: (3, 1), 6: (3, 2), 7: (3, 2, 1)}
    kind = int(number_of(tags.get("EXIF SensitivityType")) or 0)
    for key in (*order.get(kind, ()), 2, 3, 1):
        value = number_of(tags.get(f"EXIF {names[key]}"))
        if value is not None:
            return value
    if plain is not None:
        value = number_of(exif_tags(path, maker_notes=True).get("MakerNote ISO"))
        return value if value is not None and value > ISO_CEILING else None
    return None


def scene_helper(description: str) -> dict[str, str]:
    """Scene keys that the simulated camera writes into ImageDescription: ``scene=NAME; hdri=NAME``."""
    if not description.startswith("scene="):
        return {}
    pairs = (part.strip().partition("=") for part in description.split(";"))
    return {key: slug(value, 60) for key, _, value in pairs if key in ("scene", "hdri") and value}


def number_of(tag: Any, zero: bool = False) -> float | None:
    """The first value of a tag; None when absent, not a number, negative, or zero (unless ``zero``)."""
    values = numbers_of(tag, None)
    if values is None or len(values) == 0:
        return None
    value = float(values[0])
    return value if value > 0 or (zero and value == 0) else None


def numbers_of(tag: Any, count: int | None) -> Array | None:
    values = getattr(tag, "values", None)
    if not isinstance(values, list) or (count is not None and len(values) != count):
        return None
    try:
        found = np.array([float(value) for value in values[:64]], np.float64)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return found if np.isfinite(found).all() else None


def text_of(tags: Mapping[str, Any], name: str, longest: int = 60) -> str:
    """A tag as short printable text: what a hostile file says is shown, never obeyed."""
    value = getattr(tags.get(name), "values", "")
    if not isinstance(value, str):
        return ""
    return re.sub(r"\s+", " ", re.sub(r"[^\x20-\x7e]+", " ", value)).strip()[:longest].strip()
