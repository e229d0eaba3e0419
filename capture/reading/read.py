"""What one camera file says about how it was taken; its pixels are not developed.

Runs in a worker process, once per file: ExifRead, LibRaw and, where it is installed, exiv2. What no reader knows is None,
never a default. `capture.reading.complete` adds what needs a whole folder.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from capture.reading.exif import embedded_tags, exif_statement, exif_tags, scene_helper
from capture.reading.exiv2_tags import exiv2_statement
from capture.reading.formats import HEAD_BYTES, Kind, checked_kind
from capture.reading.libraw import Sensor, read_sensor
from capture.reading.merge import merged
from capture.reading.shot import Shot, Statement
from capture.reading.sizes import check_size, check_whole, heic_header, stated_size
from capture.reading.tiff import DNG_VERSION, directories
from cat_dataset.errors import InputError
from cat_dataset.files import sha256_stream

FILE_CAP = 4 << 30
"""Bytes of the largest file that is read."""


def read_shot(path: Path) -> Shot:
    """Read one camera file.

    Raises:
        InputError: it cannot be opened, is empty, not what its name says, not readable, cut, or larger than PIXEL_LIMIT.
    """
    try:
        if not path.is_file():
            raise InputError(f"{path} cannot be opened: it is a folder, a device, or a link that leads nowhere; take it out of the folder")
        with open(path, "rb") as stream:
            return _read(path, stream, path.stat().st_size)
    except OSError as error:
        raise InputError(f"{path} cannot be opened ({error.strerror or error}); mend the link or its permissions") from None


def _read(path: Path, stream: BinaryIO, size: int) -> Shot:
    if size == 0:
        raise InputError(f"{path} is empty; copy it from the card again")
    if size > FILE_CAP:
        raise InputError(f"{path} has {size} bytes, more than the {FILE_CAP} read of one picture; take it out of the folder")
    kind = checked_kind(path, stream.read(HEAD_BYTES))
    found = directories(stream, size) if kind in (Kind.RAW, Kind.TIFF) else []
    if kind is Kind.TIFF and found and DNG_VERSION in found[0]:
        raise InputError(f"{path} is not what its name says: it is a DNG; rename it to {path.stem[:80]}.dng")
    check_whole(path, stream, size, kind, found)
    if kind is Kind.HEIC:
        (width, height), block = heic_header(path)
        tags = embedded_tags(block)
    else:
        tags = {} if kind is Kind.LINEAR else exif_tags(path)
        width, height = stated_size(path, kind, found)
    exif = exif_statement(path, tags)
    statements = [exif, *exiv2_statement(path, kind)]
    shot = Shot(path=path, kind=kind, width=width, height=height, camera="", scene=scene_helper(tags))
    if kind is Kind.RAW:
        shot, more = _with_sensor(shot, read_sensor(path, size, found, settings_known="EXIF ExposureTime" in tags))
        statements += more
    else:
        check_size(path, width, height)
    stream.seek(0)
    return merged(replace(shot, sha256=sha256_stream(stream)), statements)


def _with_sensor(shot: Shot, sensor: Sensor) -> tuple[Shot, tuple[Statement, ...]]:
    shot = replace(
        shot, width=sensor.width, height=sensor.height, gains=sensor.gains, gains_stated=sensor.stated, profile=sensor.profile,
        saturation=sensor.white, remarks=sensor.remarks,
    )  # fmt: skip
    return shot, sensor.statements
