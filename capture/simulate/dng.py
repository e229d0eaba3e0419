"""Writing a Bayer picture as DNG with true EXIF (Adobe DNG 1.4, TIFF 6.0, Exif 2.32).

IFD 0 holds the small JPEG preview and what concerns the camera, its SubIFD the mosaic in one strip (lossless JPEG of 14
bits, ITU-T T.81 annex H, or uncompressed). EXIF lives in its own IFD: writers that put it into IFD 0 make LibRaw read ISO 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from capture.simulate.preview import preview_jpeg
from capture.simulate.tiff import HEADER, Directory, directory, double, long, octets, rational, short, signed_rational, text

ISO_OVERFLOW = 65535
"""PhotographicSensitivity is 16 bits; a higher ISO reads 65535 and stands in RecommendedExposureIndex (Exif 2.32)."""

_BITS = 14


@dataclass(frozen=True)
class DngTags:
    """What a DNG says about itself. ``noise`` is NoiseProfile (scale, offset): variance = scale·x + offset for x in 0..1.

    ``kelvin`` is the camera's own statement (XMP ``crs:Temperature``: no EXIF tag exists for it), ``light_source`` the
    EXIF code of a white-balance preset, ``program`` ExposureProgram (1 manual, 3 aperture priority).
    """

    iso: int
    f_number: Fraction
    exposure_time: Fraction
    focal_length_mm: float
    focus_distance_m: float
    neutral: NDArray[np.float64]
    colour_matrix: NDArray[np.float64]
    black: int
    white: int
    noise: tuple[float, float]
    taken: str
    subsecond: str
    description: str
    serial: str
    make: str = "CatSim"
    model: str = "CatSim PB-1"
    lens: str = "CatSim zoom f/1.4"
    illuminant: int = 21
    orientation: int = 1
    white_balance_manual: bool = True
    kelvin: float | None = None
    light_source: int = 0
    compensation: Fraction = Fraction(0)
    program: int = 1
    flash: bool = False


def dng_bytes(mosaic: NDArray[np.uint16], tags: DngTags, *, compressed: bool = True) -> bytes:
    """The DNG of an RGGB ``mosaic`` (height, width; even sides) as bytes; a pure function of its arguments.

    Raises:
        ValueError: a number above 14 bits.
    """
    head, strip = dng_parts(mosaic, tags, compressed=compressed)
    return head + strip


def dng_parts(mosaic: NDArray[np.uint16], tags: DngTags, *, compressed: bool = True) -> tuple[bytes, bytes]:
    """The bytes of `dng_bytes` in two parts: everything before the mosaic's strip, and the strip."""
    height, width = mosaic.shape
    preview, small = preview_jpeg(mosaic, tags.black, tags.white, tags.neutral)
    strip, exif = _strip(mosaic, compressed), _exif(tags)

    def assemble(exif_at: int, raw_at: int, preview_at: int, strip_at: int) -> tuple[bytes, bytes, bytes]:
        first = _camera(tags) | _picture(small, len(preview), preview_at) | {330: long(raw_at), 34665: long(exif_at)}
        return (
            directory(first, 8),
            directory(exif, exif_at),
            directory(_raw((height, width), len(strip), strip_at, tags, compressed), raw_at),
        )

    # Offsets do not change lengths, so the first pass measures and the second writes.
    lengths = [len(part) for part in assemble(0, 0, 0, 0)]
    exif_at = _even(8 + lengths[0])
    raw_at = _even(exif_at + lengths[1])
    preview_at = _even(raw_at + lengths[2])
    strip_at = _even(preview_at + len(preview))
    data = HEADER
    for at, part in zip(
        (8, exif_at, raw_at, preview_at, strip_at),
        (*assemble(exif_at, raw_at, preview_at, strip_at), preview, b""),
        strict=True,
    ):
        data = data.ljust(at, b"\0") + part
    return data, strip


def _even(offset: int) -> int:
    return (offset + 15) // 16 * 16


def _strip(mosaic: NDArray[np.uint16], compressed: bool) -> bytes:
    if int(mosaic.max(initial=0)) >> _BITS:
        raise ValueError(f"a number in the mosaic has more than {_BITS} bits")
    if not compressed:
        return np.ascontiguousarray(mosaic, "<u2").tobytes()
    # Two rows beside each other: the pixel above is then of the same colour, which the encoder's predictor looks at.
    height, width = mosaic.shape
    pairs = np.ascontiguousarray(mosaic, np.uint16).reshape(height // 2, 2 * width)
    return bytes(imagecodecs.ljpeg_encode(pairs, bitspersample=_BITS))


def _picture(size: tuple[int, int], length: int, at: int) -> Directory:
    """The preview: a JPEG of (height, width) ``size``, in sRGB."""
    height, width = size
    return {
        254: long(1), 256: long(width), 257: long(height), 258: short(8, 8, 8), 259: short(7), 262: short(6), 273: long(at), 277: short(3),
        278: long(height), 279: long(length), 284: short(1), 530: short(2, 2), 531: short(1), 532: rational(0, 255, 128, 255, 128, 255),
        50970: long(2),
    }  # fmt: skip


def _camera(tags: DngTags) -> Directory:
    found: Directory = {
        271: text(tags.make), 272: text(tags.model), 274: short(tags.orientation),
        305: text("cat-dataset simulated camera"), 306: text(tags.taken), 50706: octets(1, 4, 0, 0), 50707: octets(1, 1, 0, 0),
        50708: text(tags.model), 50721: signed_rational(*tags.colour_matrix.ravel()), 50728: rational(*tags.neutral),
        50735: text(tags.serial), 50778: short(tags.illuminant), 51041: double(*(tags.noise * 3)),
    }  # fmt: skip
    if tags.description:
        found[270] = text(tags.description)
    if tags.kelvin is not None:
        found[700] = octets(*_xmp(tags.kelvin))
    return found


def _raw(size: tuple[int, int], length: int, at: int, tags: DngTags, compressed: bool) -> Directory:
    height, width = size
    return {
        254: long(0), 256: long(width), 257: long(height), 258: short(_BITS if compressed else 16), 259: short(7 if compressed else 1),
        262: short(32803), 273: long(at), 277: short(1), 278: long(height), 279: long(length), 284: short(1),
        33421: short(2, 2), 33422: octets(0, 1, 1, 2), 50710: octets(0, 1, 2), 50711: short(1), 50713: short(1, 1),
        50714: rational(tags.black), 50717: long(tags.white), 50718: rational(1, 1), 50719: long(0, 0), 50720: long(width, height),
        50829: long(0, 0, height, width), 51041: double(*(tags.noise * 3)),
    }  # fmt: skip


def _exif(tags: DngTags) -> Directory:
    found: Directory = {
        0x829A: rational(tags.exposure_time), 0x829D: rational(tags.f_number), 0x8822: short(tags.program),
        0x8827: short(min(tags.iso, ISO_OVERFLOW)), 0x8830: short(2), 0x8832: long(tags.iso), 0x9000: (7, 4, b"0232"),
        0x9003: text(tags.taken), 0x9004: text(tags.taken), 0x9204: signed_rational(tags.compensation),
        0x9206: rational(tags.focus_distance_m), 0x9208: short(tags.light_source), 0x9209: short(int(tags.flash)),
        0x920A: rational(tags.focal_length_mm), 0xA402: short(int(tags.program == 1)), 0xA403: short(int(tags.white_balance_manual)),
        0xA431: text(tags.serial),
    }  # fmt: skip
    if tags.lens:
        found[0xA434] = text(tags.lens)
    if tags.subsecond:
        found |= {0x9291: text(tags.subsecond), 0x9292: text(tags.subsecond)}
    return found


def _xmp(kelvin: float) -> bytes:
    """XMP packet (ISO 16684-1) with the Camera Raw schema's colour temperature."""
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        f' xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" crs:WhiteBalance="Custom" crs:Temperature="{kelvin:.0f}"/>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    ).encode("ascii")
