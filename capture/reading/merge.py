"""One value from what several readers say, with the ones that say otherwise kept beside it.

Order of trust, best first. The side-car is the photographer's word. ExifRead comes before exiftool, because it is always
installed and labels must not depend on what else is; where both know a value they nearly always agree. exiftool alone knows
the maker notes. LibRaw's numbers are single precision and partly from the maker's rounded tables; exiv2 derives some old
Canon values from whole exposure steps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from capture.reading.formats import Kind
from capture.reading.shot import Reading, Shot, Statement

TRUST = ("side-car", "exif", "exiftool", "libraw", "exiv2")

AGREE_EV = 0.1
AGREE_SHARE = 0.01

_STOPS = {"iso": 1.0, "shutter": 1.0, "f_number": 2.0}
_READINGS = ("iso", "f_number", "shutter", "compensation", "focal_length", "focus_distance", "camera_kelvin")
_UNITS = {"shutter": " s", "compensation": " EV", "focal_length": " mm", "focus_distance": " m", "camera_kelvin": " K"}


def merged(shot: Shot, statements: Sequence[Statement]) -> Shot:
    """``shot`` with every value taken from ``statements`` anew."""
    ordered = tuple(sorted(statements, key=lambda one: TRUST.index(one.reader)))
    values: dict[str, Any] = {name: _reading(name, ordered) for name in _READINGS}
    flash, automatic = _first("flash", ordered), _first("automatic_white_balance", ordered)
    mode = _text("white_balance_mode", ordered).lower() or ("" if automatic is None else "automatic" if automatic else "manual")
    old = _remarks(shot)
    fresh = replace(
        shot, **values, camera=_camera(ordered), lens=_text("lens", ordered), white_balance_mode=mode,
        flash=None if flash is None else flash > 0, automatic_white_balance=None if automatic is None else automatic > 0,
        orientation=_orientation(shot.kind, ordered), seconds=_first("seconds", ordered), statements=ordered,
    )  # fmt: skip
    return replace(fresh, remarks=(*(line for line in shot.remarks if line not in old), *_remarks(fresh)))


def apart(name: str, one: float, other: float) -> bool:
    """Whether two readers' values of ``name`` are different settings, and not the same one rounded differently."""
    if name in _STOPS:
        return _STOPS[name] * abs(math.log2(one / other)) > AGREE_EV
    return abs(one - other) > (AGREE_EV if name == "compensation" else AGREE_SHARE * max(abs(one), abs(other)))


def _reading(name: str, ordered: Sequence[Statement]) -> Reading | None:
    known = [(one.reader, one.numbers[name]) for one in ordered if name in one.numbers]
    if not known:
        return None
    reader, value = known[0]
    return Reading(value, reader, {other: said for other, said in known[1:] if apart(name, value, said)})


def _remarks(shot: Shot) -> list[str]:
    lines = []
    for name in _READINGS:
        reading: Reading | None = getattr(shot, name)
        if reading is not None and reading.others:
            unit = _UNITS.get(name, "")
            others = " and ".join(f"{value:g}{unit} for {reader}" for reader, value in reading.others.items())
            lines.append(f"{shot.path.name}: {name} is {reading.value:g}{unit} for {reading.reader}, which is taken, and {others}")
    return lines


def _first(name: str, ordered: Sequence[Statement]) -> float | None:
    return next((one.numbers[name] for one in ordered if name in one.numbers), None)


def _text(name: str, ordered: Sequence[Statement]) -> str:
    return next((one.texts[name] for one in ordered if name in one.texts), "")


def _orientation(kind: Kind, ordered: Sequence[Statement]) -> int:
    """EXIF orientation; 1 for a HEIC, whose pixels libheif turns itself."""
    return 1 if kind is Kind.HEIC else int(_first("orientation", ordered) or 1)


def _camera(ordered: Sequence[Statement]) -> str:
    """Make, model and a short hash of the serial number: bodies differ, and the number itself stays private."""
    make, model = _text("make", ordered), _text("model", ordered)
    name = model if model.lower().startswith(make.lower()) else f"{make} {model}"
    return f"{name} {_text('serial', ordered)}".strip()
