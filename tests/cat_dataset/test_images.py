"""Pictures: round trips, reduced decoding, and damage that decoders alone let pass."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest

from cat_dataset.errors import InputError
from cat_dataset.images import check_picture, decode_rgb, encode_jpeg, encode_png, resize_area
from tests.cat_dataset.factory import picture


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / (np.mean((one.astype(float) - other.astype(float)) ** 2) + 1e-9)))


def smooth(width: int = 160, height: int = 96) -> np.ndarray:
    """A gradient with a red left half: channel order and orientation show."""
    y, x = np.mgrid[:height, :width]
    return np.stack([np.where(x < width // 2, 220, 30), 255 * y // height, 255 * x // width], axis=2).astype(np.uint8)


def test_png_is_lossless_and_deterministic() -> None:
    rgb = picture(1, 33, 17)
    assert np.array_equal(decode_rgb(encode_png(rgb)), rgb)
    assert encode_png(rgb) == encode_png(rgb.copy())


def test_jpeg_keeps_full_chroma() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2], stripes[:, 1::2] = (200, 40, 40), (40, 40, 200)
    assert psnr(decode_rgb(encode_jpeg(stripes)), stripes) > 30  # 4:2:0 smears them to 14 dB


@pytest.mark.parametrize("encode", [encode_png, encode_jpeg])
@pytest.mark.parametrize("short_side", [96, 50, 48, 24, 12, 7])
def test_short_side(encode, short_side: int) -> None:
    rgb = smooth()
    small = decode_rgb(encode(rgb), short_side=short_side)
    assert small.shape == (short_side, max(short_side, round(160 * short_side / 96)), 3)
    assert psnr(small, resize_area(rgb, small.shape[1], small.shape[0])) > 25


def test_a_smaller_picture_keeps_its_size() -> None:
    assert decode_rgb(encode_jpeg(smooth(40, 30)), short_side=64).shape == (30, 40, 3)


def test_exif_orientation_is_ignored() -> None:
    jpeg = encode_jpeg(smooth())
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x03\0\0\0\0\0\0\0"  # orientation 3: upside down
    turned = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]
    upright = cv2.imdecode(np.frombuffer(turned, np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(upright[::-1, ::-1, ::-1], decode_rgb(jpeg)), "OpenCV alone turns it"
    assert np.array_equal(decode_rgb(turned), decode_rgb(jpeg))


def test_grey_alpha_and_16_bit_become_rgb() -> None:
    def png(array: np.ndarray) -> bytes:
        return bytes(cv2.imencode(".png", array)[1])

    assert decode_rgb(png(np.full((4, 5), 77, np.uint8))).tolist() == np.full((4, 5, 3), 77).tolist()
    assert decode_rgb(png(np.full((4, 5, 4), (1, 2, 3, 9), np.uint8)))[0, 0].tolist() == [3, 2, 1]
    assert decode_rgb(png(np.full((4, 5, 3), 0x1234, np.uint16)))[0, 0].tolist() == [0x12] * 3


@pytest.mark.parametrize("encode", [encode_png, encode_jpeg])
@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_cut_off(encode, keep: float) -> None:
    data = encode(smooth())
    with pytest.raises(InputError, match=r"cut off or damaged|not a whole PNG or JPEG"):
        decode_rgb(data[: int(keep * len(data))])


def test_a_flipped_bit_in_a_png_is_found() -> None:
    data = bytearray(encode_png(smooth()))
    data[len(data) // 2] ^= 1
    with pytest.raises(InputError, match="damaged"):
        decode_rgb(bytes(data))


def test_a_png_whose_pixels_do_not_unpack_is_refused() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    lies = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"not deflate") + chunk(b"IEND", b"")
    assert check_picture(lies) == (8, 8)
    with pytest.raises(InputError, match="make it again"):
        decode_rgb(lies)


def test_a_bomb_is_refused_by_its_header() -> None:
    header = struct.pack(">IIBBBBB", 1 << 15, 1 << 15, 8, 2, 0, 0, 0)
    with pytest.raises(InputError, match="make it smaller"):
        decode_rgb(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header)


def test_other_formats_are_refused() -> None:
    with pytest.raises(InputError, match="not a whole PNG or JPEG"):
        decode_rgb(b"GIF89a" + bytes(100))


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("fast", [False, True])
def test_png_keeps_every_number(depth: type, fast: bool) -> None:
    """``fast`` only changes how the same numbers are packed."""
    picture = smooth().astype(depth) * (1 if depth is np.uint8 else 257)
    data = encode_png(picture, fast=fast)
    assert data == encode_png(picture.copy(), fast=fast)
    again = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)[..., ::-1]
    assert again.dtype == depth
    assert np.array_equal(again, picture)
    check_picture(data)


def test_wrong_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match="uint8"):
        encode_png(np.zeros((4, 4), np.uint8))


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 1), (33, 20)])
def test_fast_png_of_any_size(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 65536, (*size, 3)).astype(np.uint16)
    for one in (picture, picture.astype(np.uint8)):
        again = cv2.imdecode(np.frombuffer(encode_png(one, fast=True), np.uint8), cv2.IMREAD_UNCHANGED)[..., ::-1]
        assert again.dtype == one.dtype
        assert np.array_equal(again, one)
