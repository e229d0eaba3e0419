"""From exiftool's tags to a statement: which group is believed for which value, and what makers mean by theirs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from capture.reading.shot import Statement
from capture.reading.statement import ISO_CEILING, iso_by_standard, seconds_of, statement

SERIALS = ("SerialNumber", "CameraSerialNumber", "InternalSerialNumber")
NUMBERS = (
    "ISO", "SensitivityType", "StandardOutputSensitivity", "RecommendedExposureIndex", "ISOSpeed", "FNumber", "ExposureTime",
    "ExposureCompensation", "FocalLength", "SubjectDistance", "FocusDistance", "FocusDistance2", "FocusDistanceUpper",
    "FocusDistanceLower", "ObjectDistance", "ApproximateFocusDistance", "Flash", "FlashFired", "Orientation", "ColorTempAsShot",
    "ColorTemperature", "WhiteBalanceTemperature", "ColorTempKelvin", "ColorTemperatureAuto", *SERIALS,
)  # fmt: skip
"""Tags asked for as they are stored, not as exiftool words them."""
TEXTS = (
    "Make", "Model", "UniqueCameraModel", "DateTimeOriginal", "SubSecTimeOriginal", "LensModel", "LensID", "Lens", "WhiteBalance",
    "LightSource",
)  # fmt: skip
"""Tags asked for in words: a maker's code for a lens or a white balance means nothing by itself."""

_STANDARD, _CAMERA, _MAKER, _DERIVED, _EDITOR = range(5)
_FAR = 600.0
"""Metres from which a maker's focus distance stands for infinity."""

Tags = Mapping[str, Sequence[tuple[int, str, str]]]
"""(rank, group, text) of each occurrence of a tag, best rank first."""


def exiftool_statement(entry: Mapping[str, Any]) -> Statement | None:
    """What the tags of one file (``Group:Tag`` to text) say; None when they say nothing."""
    tags = _by_name(entry)
    if not tags:
        return None
    mode = _white_balance(tags)
    fired, flash = _number(tags, "FlashFired", zero=True), _number(tags, "Flash", zero=True)
    if flash is None and (truth := _text(tags, "FlashFired").lower()) in ("true", "false"):
        fired = float(truth == "true")
    return statement(
        "exiftool",
        {
            "iso": iso_by_standard(lambda name: _number(tags, name), lambda: _large_iso(tags)),
            "f_number": _number(tags, "FNumber"),
            "shutter": _number(tags, "ExposureTime"),
            "compensation": _number(tags, "ExposureCompensation", zero=True, signed=True),
            "focal_length": _number(tags, "FocalLength"),
            "focus_distance": _focus_distance(tags),
            "camera_kelvin": _kelvin(tags, mode),
            "orientation": _number(tags, "Orientation", groups=("IFD0",)),
            "flash": fired if flash is None else float(int(flash) & 1),
            "automatic_white_balance": None if not mode else float("auto" in mode.lower()),
            "seconds": seconds_of(_text(tags, "DateTimeOriginal"), _text(tags, "SubSecTimeOriginal")),
        },
        {
            "make": _text(tags, "Make"),
            "model": _text(tags, "Model") or _text(tags, "UniqueCameraModel"),
            "serial": next((found for name in SERIALS if (found := _text(tags, name))), ""),
            "lens": _text(tags, "LensModel") or _text(tags, "LensID") or _text(tags, "Lens"),
            "white_balance_mode": "automatic" if mode.lower() == "auto" else mode,
        },
    )


def _by_name(entry: Mapping[str, Any]) -> Tags:
    """Tags without their groups. Thumbnails and colour profiles speak of themselves and are left out."""
    tags: dict[str, list[tuple[int, str, str]]] = {}
    for key, value in entry.items():
        group, colon, name = key.partition(":")
        if colon and isinstance(value, (str, bool)) and not group.startswith(("IFD1", "ICC", "ExifTool", "System", "File")):
            tags.setdefault(name, []).append((_rank(group), group, str(value)))
    return {name: sorted(found, key=lambda one: one[0]) for name, found in tags.items()}


def _rank(group: str) -> int:
    """Standard tags before the camera's directory, maker notes, values exiftool derives, and what an editor wrote (XMP)."""
    if group == "ExifIFD":
        return _STANDARD
    if group == "IFD0":
        return _CAMERA
    if group.startswith("XMP"):
        return _EDITOR
    return _DERIVED if group == "Composite" else _MAKER


def _number(tags: Tags, name: str, *, zero: bool = False, signed: bool = False, groups: tuple[str, ...] = ()) -> float | None:
    for _, group, text in tags.get(name, ()):
        value = _plain(text)
        if value is not None and (not groups or group in groups) and (value > 0 or (signed and value < 0) or (zero and value == 0)):
            return value
    return None


def _text(tags: Tags, name: str) -> str:
    sound = (text.strip() for _, _, text in tags.get(name, ()))
    return next((text for text in sound if text and not text.lower().startswith(("unknown", "n/a", "none", "----"))), "")


def _large_iso(tags: Tags) -> float | None:
    values = (_plain(text) for rank, _, text in tags.get("ISO", ()) if rank == _MAKER)
    return next((value for value in values if value is not None and value > ISO_CEILING), None)


def _focus_distance(tags: Tags) -> float | None:
    """Metres; None at infinity. Canon states two limits: the middle of their dioptres."""
    for name in ("SubjectDistance", "FocusDistance", "FocusDistance2", "ObjectDistance", "ApproximateFocusDistance"):
        value = _number(tags, name)
        if value is not None and value < _FAR:
            return value
    limits = [value for name in ("FocusDistanceUpper", "FocusDistanceLower") if (value := _number(tags, name)) and value < _FAR]
    return 2 / sum(1 / value for value in limits) if len(limits) == 2 else None


def _kelvin(tags: Tags, mode: str) -> float | None:
    """The camera's own kelvins. Canon's ColorTemperature is the dial's position, which counts only in its Kelvin mode."""
    for name in ("ColorTempAsShot", "ColorTemperature", "WhiteBalanceTemperature", "ColorTempKelvin", "ColorTemperatureAuto"):
        for _, group, text in tags.get(name, ()):
            value = _plain(text)
            dial = name == "ColorTemperature" and group.startswith(("Canon", "Track")) and "kelvin" not in mode.lower()
            if value is not None and value > 0 and not dial:
                return value
    return None


def _white_balance(tags: Tags) -> str:
    """The maker's word for the mode where there is one (it tells tungsten from custom), else the standard's."""
    found = tags.get("WhiteBalance", ())
    maker = next((text.strip() for rank, _, text in found if rank == _MAKER and not text.lower().startswith("unknown")), "")
    plain = next((text.strip() for rank, _, text in found if rank != _MAKER), "")
    if maker:
        return maker
    light = _text(tags, "LightSource")
    return light if plain.lower() == "manual" and light else plain.lower()


def _plain(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
