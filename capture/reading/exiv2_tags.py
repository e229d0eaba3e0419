"""What the exiv2 wheel finds, where it is installed (an extra: it is GPL): standard tags, and maker notes with plain units.

It parses in C++ and has crashed on odd values when asked to interpret them, so it runs only in the workers that read files,
and only its raw numbers and texts are taken.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from capture.reading.formats import Kind
from capture.reading.shot import Statement
from capture.reading.statement import iso_by_standard, seconds_of, statement

_KEYS = {
    "Exif.Photo.ISOSpeedRatings": "ISO", "Exif.Photo.SensitivityType": "SensitivityType", "Exif.Photo.ISOSpeed": "ISOSpeed",
    "Exif.Photo.StandardOutputSensitivity": "StandardOutputSensitivity", "Exif.PanasonicRaw.ISOSpeed": "PanasonicISO",
    "Exif.Photo.RecommendedExposureIndex": "RecommendedExposureIndex", "Exif.Photo.FNumber": "f_number",
    "Exif.Photo.ExposureTime": "shutter", "Exif.Photo.ExposureBiasValue": "compensation", "Exif.Photo.FocalLength": "focal_length",
    "Exif.Photo.SubjectDistance": "focus_distance", "Exif.OlympusFi.FocusDistance": "focus_millimetres",
    "Exif.Image.Orientation": "orientation", "Exif.Photo.Flash": "flash", "Exif.Photo.WhiteBalance": "white_balance",
    "Exif.Photo.DateTimeOriginal": "taken", "Exif.Photo.SubSecTimeOriginal": "fraction", "Exif.Image.Make": "make",
    "Exif.Image.Model": "model", "Exif.Photo.BodySerialNumber": "serial", "Exif.Image.CameraSerialNumber": "serial",
    "Exif.Canon.SerialNumber": "maker_serial", "Exif.Nikon3.SerialNO": "maker_serial", "Exif.Photo.LensModel": "lens",
    "Exif.Sony1.ColorTemperature": "kelvin", "Exif.Sony2.ColorTemperature": "kelvin", "Exif.Panasonic.ColorTempKelvin": "kelvin",
    "Exif.Pentax.ColorTemperature": "kelvin", "Exif.Fujifilm.ColorTemperature": "kelvin",
}  # fmt: skip
_LONGEST = 256


def exiv2_statement(path: Path, kind: Kind) -> list[Statement]:
    """One statement, or none where exiv2 is not installed, cannot read the file, or there is nothing to read."""
    if kind is Kind.LINEAR:
        return []
    library = _library()
    found = {} if library is None else _found(library, path)
    if not found:
        return []
    flash, automatic = _number(found, "flash"), _number(found, "white_balance")
    focus, olympus = _number(found, "focus_distance"), _number(found, "focus_millimetres")

    def standard(name: str) -> float | None:
        value = _number(found, name)
        return value if value is not None or name != "ISO" else _number(found, "PanasonicISO")

    numbers = {name: _number(found, name) for name in ("f_number", "shutter", "compensation", "focal_length", "orientation")}
    return [
        statement(
            "exiv2",
            {
                **numbers,
                "iso": iso_by_standard(standard, lambda: None),
                "focus_distance": focus or (olympus / 1000 if olympus else None),
                "camera_kelvin": _number(found, "kelvin"),
                "flash": None if flash is None else float(int(flash) & 1),
                "automatic_white_balance": None if automatic is None else float(automatic == 0),
                "seconds": seconds_of(found.get("taken", ""), found.get("fraction", "")),
            },
            {
                "make": found.get("make", ""), "model": found.get("model", ""), "lens": found.get("lens", ""),
                "serial": found.get("serial") or found.get("maker_serial", "").partition(" ")[0],
            },
        )
    ]  # fmt: skip


@lru_cache(maxsize=1)
def _library() -> Any:
    try:
        import exiv2
    except ImportError:
        return None
    exiv2.LogMsg.setLevel(exiv2.LogMsg.Level.mute)
    return exiv2


def _found(library: Any, path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        picture = library.ImageFactory.open(str(path))
        picture.readMetadata()
        for datum in picture.exifData():
            name = _KEYS.get(datum.key())
            if name is not None and name not in found and datum.size() <= _LONGEST:
                found[name] = datum.toString()
    except MemoryError:
        raise
    except Exception:
        return {}
    return found


def _number(found: Mapping[str, str], name: str) -> float | None:
    """A number or a fraction as exiv2 prints it; None for anything else."""
    above, _, below = found.get(name, "").partition("/")
    try:
        value = float(above) / float(below or 1)
    except (ValueError, ZeroDivisionError):
        return None
    return value if math.isfinite(value) else None
