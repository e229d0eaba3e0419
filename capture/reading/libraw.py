"""What LibRaw (rawpy) knows of a RAW file: its size, and after unpacking its settings and colours.

rawpy shows nothing but the size before the mosaic is unpacked, which takes as long as half a development. A DNG that says
everything in its tags is therefore only opened. LibRaw's fall-backs are never believed: ISO 65535 on overflow, f/1.0 and
1 s where a tag is zero or missing, the year 1970.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rawpy

from capture.quiet import quiet_decoder
from capture.reading.colours import body_profile, dng_gains, dng_profile, usable_gains
from capture.reading.shot import Gains, Statement
from capture.reading.sizes import check_size, cut
from capture.reading.statement import ISO_CEILING, seconds_of, statement
from capture.reading.tiff import AS_SHOT_NEUTRAL, DNG_VERSION, WHITE_LEVEL, Directory, number, raw_directory
from cat_dataset.errors import InputError

BITS_PER_PIXEL = 1.0
"""A RAW file with fewer bits per photosite was cut: lossy RAW formats keep at least four."""


@dataclass(frozen=True)
class Sensor:
    """A RAW file's pixels and colours. ``white`` is the raw number at which a pixel is full, ``stated`` whether the gains are as shot."""

    width: int
    height: int
    gains: Gains
    profile: Any
    white: int
    stated: bool = True
    statements: tuple[Statement, ...] = ()
    remarks: tuple[str, ...] = ()


@contextmanager
def raw_file(path: Path) -> Iterator[Any]:
    """An open ``rawpy.RawPy``; what LibRaw cannot do is an InputError that names the file."""
    try:
        with quiet_decoder(), rawpy.imread(str(path)) as raw:
            yield raw
    except rawpy.LibRawIOError:
        raise cut(path) from None
    except rawpy.LibRawError as error:
        raise InputError(f"{path} cannot be read as a camera RAW file ({reason_of(error)}); copy it again, or convert it to DNG") from None


def read_sensor(path: Path, size: int, found: Sequence[Directory], settings_known: bool) -> Sensor:
    """Size, colours and settings of a RAW file of ``size`` bytes with the TIFF directories ``found``.

    ``settings_known``: EXIF states them, so that LibRaw need not be asked.

    Raises:
        InputError: LibRaw cannot read it, it was cut, or it is too large.
    """
    first: Directory = found[0] if found else {}
    with raw_file(path) as raw:
        sizes = raw.sizes
        check_size(path, sizes.raw_width, sizes.raw_height)
        pixels = sizes.raw_width * sizes.raw_height
        if size * 8 < pixels * BITS_PER_PIXEL:
            raise InputError(f"{path} has {size} bytes for {pixels} photosites: it was cut; copy it from the card again")
        profile = dng_profile(first) if DNG_VERSION in first else None
        gains = dng_gains(first, profile) if DNG_VERSION in first else None
        white = int(number(raw_directory(found), WHITE_LEVEL)) if DNG_VERSION in first else 0
        if settings_known and profile is not None and gains is not None and white > 0:
            return Sensor(sizes.width, sizes.height, gains, profile, white)
        remarks: tuple[str, ...] = ()
        if gains is None or AS_SHOT_NEUTRAL in first:
            gains = usable_gains(raw.camera_whitebalance) or gains
        stated = gains is not None
        if gains is None:
            gains = usable_gains(raw.daylight_whitebalance) or (1.0, 1.0, 1.0)
            remarks = (f"{path.name}: no as-shot white balance is recorded; LibRaw's daylight for the body is used",)
        profile = profile or body_profile(np.asarray(raw.rgb_xyz_matrix, np.float64)[:3])
        return Sensor(sizes.width, sizes.height, gains, profile, int(raw.white_level), stated, (_said(raw),), remarks)


def _said(raw: Any) -> Statement:
    other = raw.other
    numbers: Mapping[str, float | None] = {
        "iso": _short(other.iso_speed), "shutter": _short(other.shutter_speed), "f_number": _short(other.aperture),
        "focal_length": _short(other.focal_length),
    }  # fmt: skip
    known = {name: value for name, value in numbers.items() if value is not None and math.isfinite(value) and value > 0}
    if known.get("iso", 0) >= ISO_CEILING:
        del known["iso"]
    if known.get("f_number") == 1.0:
        del known["f_number"]
    if known.get("shutter") == 1.0 and not {"iso", "f_number"} <= set(known):
        del known["shutter"]
    stamp = other.timestamp
    seconds = seconds_of(stamp.strftime("%Y:%m:%d %H:%M:%S")) if stamp.year > 1980 else None
    return statement("libraw", {**known, "seconds": seconds}, {"lens": str(raw.lens.model)})


def _short(value: float) -> float:
    """A single-precision number as the shortest decimal that it stands for: 5.6, and not 5.599999904632568."""
    return float(str(np.float32(value)))


def reason_of(error: Exception) -> str:
    """LibRaw's own words, which rawpy gives as bytes."""
    text = error.args[0] if error.args else ""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
