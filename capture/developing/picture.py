"""Pictures that are no RAW, as linear light: JPEG, TIFF (8, 16 bit or float), HEIC, OpenEXR and Radiance HDR.

Files are untrusted: the size that the header states is checked before anything is decoded, and what decodes to less than
was promised is refused. JPEG, TIFF and HEIC are taken as sRGB unless their ICC profile is linear.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from capture import PIXEL_LIMIT
from capture.developing.icc import embedded_profile
from capture.quiet import quiet_decoder
from capture.reading.formats import Kind
from capture.reading.shot import Shot
from capture.reading.sizes import cut
from capture.srgb import decoded16, linear16
from cat_dataset.errors import InputError
from cat_dataset.jpeg import is_whole_jpeg

Pixels = NDArray[np.uint16] | NDArray[np.float32]


def read_picture(shot: Shot) -> tuple[Pixels, float, tuple[str, ...]]:
    """Linear RGB (height, width, 3) as stored, the factor that makes it 0..1, and remarks.

    Raises:
        InputError: too large, cut, damaged or of one colour.
    """
    if shot.width * shot.height > PIXEL_LIMIT:
        raise InputError(
            f"{shot.path} says it is {shot.width}×{shot.height}; pictures up to {PIXEL_LIMIT // 10**6} million pixels are read"
        )
    try:
        with quiet_decoder():
            picture = _READERS[shot.kind](shot.path)
    except cv2.error:
        picture = None
    if picture is None:
        raise InputError(f"{shot.path} cannot be decoded as {shot.kind} picture: it is damaged; copy it from the card again")
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype not in (np.uint8, np.uint16, np.float32):
        raise InputError(f"{shot.path} is not stored as RGB with 8, 16 or 32 bits; convert it first")
    if picture.min() == picture.max():
        raise InputError(f"{shot.path} decodes to one colour in every pixel: it is damaged; copy it from the card again")
    if picture.dtype == np.float32:
        if not np.isfinite(picture).all():
            raise InputError(f"{shot.path} has pixels that are not finite; mend it in the program that made it")
        return np.ascontiguousarray(picture, np.float32), 1.0, ()
    profile = embedded_profile(shot.path, shot.kind)
    remarks = (f"{shot.path.name}: {profile.remark}",) if profile.remark else ()
    if profile.linear:
        return np.ascontiguousarray(picture, np.uint16), 1 / 255 if picture.dtype == np.uint8 else 1 / 65535, remarks
    if picture.dtype == np.uint8:
        return np.asarray(cv2.LUT(picture, linear16()), np.uint16), 1 / 65535, remarks
    return np.take(decoded16(), np.asarray(picture, np.uint16)), 1.0, remarks


def _jpeg(path: Path) -> NDArray[np.uint8] | None:
    data = path.read_bytes()
    if not is_whole_jpeg(data):
        raise cut(path)
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)  # type: ignore[no-any-return]


def _tiff(path: Path) -> Pixels | NDArray[np.uint8] | None:
    # OpenCV 4.11 returns wrong numbers for 16-bit TIFF with IMREAD_COLOR_RGB
    mode = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    found = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), mode)
    return None if found is None else np.asarray(cv2.cvtColor(found, cv2.COLOR_BGR2RGB))


def _heic(path: Path) -> NDArray[np.uint8] | None:
    try:
        import pi_heif
    except ImportError:
        raise InputError(f"{path} is HEIC, which needs pi-heif: pip install pi-heif") from None
    try:
        found = pi_heif.open_heif(path, convert_hdr_to_8bit=True)
        if found.size[0] * found.size[1] > PIXEL_LIMIT:
            raise InputError(f"{path} says it is {found.size[0]}×{found.size[1]}; too large")
        return np.array(found, np.uint8)[..., :3].copy()  # its buffer dies with it
    except InputError:
        raise
    except Exception as error:  # libheif's errors share no base class
        raise InputError(f"{path} cannot be read as HEIC ({str(error)[:80]}): it was cut or damaged; copy it again") from None


def _linear(path: Path) -> NDArray[np.float32] | None:
    with open(path, "rb") as stream:
        magic = stream.read(4)
    if magic == b"\x76\x2f\x31\x01":
        return _exr(path)
    found = cv2.imread(str(path), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR) if magic[:2] == b"#?" else None
    return None if found is None else np.asarray(found, np.float32)[..., ::-1]


def _exr(path: Path) -> NDArray[np.float32]:
    import OpenEXR

    try:
        channels = OpenEXR.File(str(path)).channels()
    except Exception as error:  # OpenEXR's errors share no base class
        raise InputError(f"{path} cannot be read as OpenEXR ({str(error).splitlines()[0][:120]}); get it again") from None
    for name in ("RGB", "RGBA"):
        if name in channels:
            return np.asarray(channels[name].pixels, np.float32)[..., :3]
    raise InputError(f"{path} has channels {', '.join(map(str, channels))[:80]} and not R, G, B; give a colour picture")


_READERS: dict[Kind, Callable[[Path], Pixels | NDArray[np.uint8] | None]] = {
    Kind.JPEG: _jpeg, Kind.TIFF: _tiff, Kind.HEIC: _heic, Kind.LINEAR: _linear,
}  # fmt: skip
