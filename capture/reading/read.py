"""What a camera file says about how it was taken: two readers, every value with the reader that gave it.

ExifRead reads TIFF-based files and JPEG; LibRaw (rawpy) reads RAW files ExifRead cannot. What neither knows is None, never
a default: LibRaw reports ISO 65535 on overflow and f/1.0 and 1 s where a tag is zero, and those are rejected here.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import rawpy

from capture import PIXEL_LIMIT
from capture.colour_temperature import ILLUMINANT_KELVIN, Array, ColourProfile
from capture.quiet import quiet_decoder
from capture.reading.exif import exif_tags, iso_of, number_of, numbers_of, scene_helper, text_of
from capture.reading.formats import RAW_SUFFIXES, Kind
from capture.reading.shot import Gains, Reading, Shot
from cat_dataset.errors import InputError
from cat_dataset.picture_header import picture_size

BITS_PER_PIXEL = 1.0
"""A RAW file with fewer bits per photosite was cut: lossy RAW formats keep at least four."""
AGREE_EV = 0.1


def read_shot(path: Path) -> Shot:
    """Read the metadata of a RAW or JPEG file; its pixels are not decoded.

    Raises:
        InputError: empty, of an unreadable format, cut, or larger than PIXEL_LIMIT.
    """
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty; copy it from the card again")
    tags = exif_tags(path)
    return _raw_shot(path, tags) if path.suffix.lower() in RAW_SUFFIXES else _jpeg_shot(path, tags)


def _jpeg_shot(path: Path, tags: Mapping[str, Any]) -> Shot:
    width, height = picture_size(path)
    _check_size(path, width, height)
    return _shot(path, tags, raw=False, width=width, height=height)


def _raw_shot(path: Path, tags: Mapping[str, Any]) -> Shot:
    try:
        with quiet_decoder(), rawpy.imread(str(path)) as raw:
            sizes, other = raw.sizes, raw.other
            _check_size(path, sizes.raw_width, sizes.raw_height)
            pixels = sizes.raw_width * sizes.raw_height
            if path.stat().st_size * 8 < pixels * BITS_PER_PIXEL:
                raise InputError(f"{path} has {path.stat().st_size} bytes for {pixels} photosites: it was cut; copy it from the card again")
            gains = [float(g) for g in raw.camera_whitebalance[:3]]
            daylight = [float(g) for g in raw.daylight_whitebalance[:3]]
            matrix = np.asarray(raw.rgb_xyz_matrix, np.float64)[:3]
            white = int(raw.white_level)
            libraw = {
                "iso": float(other.iso_speed), "shutter": float(other.shutter_speed), "f_number": float(other.aperture),
                "focal_length": float(other.focal_length),
            }  # fmt: skip
            stamp = other.timestamp.strftime("%Y:%m:%d %H:%M:%S") if other.timestamp.year > 1980 else ""
    except rawpy.LibRawIOError:
        raise InputError(f"{path} ends before its picture does: it was cut; copy it from the card again") from None
    except rawpy.LibRawError as error:
        raise InputError(f"{path} cannot be read as a camera RAW file ({_reason(error)}); copy it again, or convert it to DNG") from None
    as_shot = all(math.isfinite(g) and g > 0 for g in gains)
    profile = _profile(tags, matrix) if as_shot else None
    kelvin = profile.kelvin(np.array(gains)) if profile else None
    usable = gains if as_shot else daylight if all(math.isfinite(g) and g > 0 for g in daylight) else [1.0, 1.0, 1.0]
    red, green, blue = usable
    remark = "" if as_shot else f"{path.name}: no as-shot white balance is recorded; LibRaw's daylight for the body is used"
    return _shot(
        path, tags, raw=True, width=sizes.width, height=sizes.height, libraw=libraw, stamp=stamp, saturation=white, remark=remark, profile=profile,
        gains=(red / green, 1.0, blue / green), kelvin=Reading(kelvin, "libraw") if kelvin else None,
    )  # fmt: skip


def _shot(
    path: Path, tags: Mapping[str, Any], *, raw: bool, width: int, height: int, libraw: Mapping[str, float] | None = None,
    stamp: str = "", gains: Gains | None = None, kelvin: Reading | None = None, saturation: int | None = None,
    remark: str = "", profile: ColourProfile | None = None,
) -> Shot:  # fmt: skip
    exif = {
        "iso": iso_of(path, tags), "shutter": number_of(tags.get("EXIF ExposureTime")), "f_number": number_of(tags.get("EXIF FNumber")),
        "focal_length": number_of(tags.get("EXIF FocalLength")),
    }  # fmt: skip
    readings: dict[str, Reading | None] = {}
    remarks = [remark] if remark else []
    trusted = _trusted(libraw or {}, tags)
    for name, value in exif.items():
        second = trusted.get(name)
        if value is not None and second is not None and abs(math.log2(value / second)) > AGREE_EV:
            remarks.append(f"{path.name}: {name} is {value:g} in EXIF and {second:g} for LibRaw; EXIF is taken")
        readings[name] = Reading(value, "exif") if value is not None else Reading(second, "libraw") if second is not None else None
    white_balance = number_of(tags.get("EXIF WhiteBalance"), zero=True)
    orientation = number_of(tags.get("Image Orientation"))
    taken = text_of(tags, "EXIF DateTimeOriginal") or stamp
    return Shot(
        path=path, kind=Kind.RAW if raw else Kind.JPEG, width=width, height=height, camera=_camera(tags), iso=readings["iso"], f_number=readings["f_number"],
        shutter=readings["shutter"], focal_length=readings["focal_length"], kelvin=kelvin, gains=gains, profile=profile,
        automatic_white_balance=None if white_balance is None else white_balance == 0, saturation=saturation,
        orientation=int(orientation) if orientation is not None and orientation in range(1, 9) else 1, lens=text_of(tags, "EXIF LensModel"),
        seconds=_seconds(taken, text_of(tags, "EXIF SubSecTimeOriginal")),
        scene=scene_helper(text_of(tags, "Image ImageDescription", 300)), remarks=tuple(remarks),
    )  # fmt: skip


def _seconds(taken: str, fraction: str) -> float | None:
    try:
        whole = datetime.strptime(taken[:19], "%Y:%m:%d %H:%M:%S").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return None
    return whole + (float(f"0.{fraction}") if fraction.isdigit() else 0.0)


def _trusted(libraw: Mapping[str, float], tags: Mapping[str, Any]) -> dict[str, float]:
    """LibRaw's values less its fall-backs: ISO 0 or 65535, f/1.0, and 1 s unless ISO and f-number stand beside it."""
    kept = {name: value for name, value in libraw.items() if math.isfinite(value) and value > 0}
    if kept.get("iso") == 65535:
        del kept["iso"]
    if kept.get("f_number") == 1.0:
        del kept["f_number"]
    if kept.get("shutter") == 1.0 and ("EXIF ExposureTime" in tags or not {"iso", "f_number"} <= set(kept)):
        del kept["shutter"]
    return kept


def _profile(tags: Mapping[str, Any], libraw_matrix: Array) -> ColourProfile | None:
    """Colour matrices of a DNG (with calibration and analogue balance), else LibRaw's own for the body, else None."""
    balance = numbers_of(tags.get("Image Tag 0xC627"), 3)
    analogue = np.diag(balance) if balance is not None else np.eye(3)
    matrices = []
    for matrix_tag, calibration_tag, light_tag in (("0xC621", "0xC623", "0xC65A"), ("0xC622", "0xC624", "0xC65B")):
        matrix = numbers_of(tags.get(f"Image Tag {matrix_tag}"), 9)
        light = number_of(tags.get(f"Image Tag {light_tag}"))
        if matrix is None:
            continue
        calibration = numbers_of(tags.get(f"Image Tag {calibration_tag}"), 9)
        whole = analogue @ (calibration.reshape(3, 3) if calibration is not None else np.eye(3)) @ matrix.reshape(3, 3)
        matrices.append((whole, ILLUMINANT_KELVIN.get(int(light or 21), 6504.0)))
    if len(matrices) == 2:
        return ColourProfile(matrices[0][0], matrices[0][1], matrices[1][0], matrices[1][1])
    if matrices:
        return ColourProfile(matrices[0][0], matrices[0][1])
    return ColourProfile(libraw_matrix) if np.abs(libraw_matrix).sum() > 0 else None


def _camera(tags: Mapping[str, Any]) -> str:
    """Make, model and a short hash of the serial number: bodies differ, and the number itself stays private."""
    make, model = text_of(tags, "Image Make"), text_of(tags, "Image Model") or text_of(tags, "Image Tag 0xC614")
    name = model if model.lower().startswith(make.lower()) else f"{make} {model}"
    serial = next((found for key in ("EXIF BodySerialNumber", "Image Tag 0xC62F") if (found := text_of(tags, key))), "")
    if not serial:
        return name.strip()
    return f"{name.strip()} {hashlib.sha256(f'{make}|{model}|{serial}'.encode()).hexdigest()[:8]}".strip()


def _check_size(path: Path, width: int, height: int) -> None:
    if not min(width, height) >= 16 or width * height > PIXEL_LIMIT:
        raise InputError(f"{path} says it is {width}×{height}; pictures of 16 pixels a side up to {PIXEL_LIMIT // 10**6} million are read")


def _reason(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
