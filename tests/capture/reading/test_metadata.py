import struct
from fractions import Fraction

import pytest

from capture.reading.read import read_shot
from cat_dataset.errors import InputError
from tests.capture.conftest import write_dng_file, write_jpeg_file


def test_every_value_names_its_reader(tmp_path):
    shot = read_shot(write_dng_file(tmp_path / "a.dng"))
    assert (shot.iso.value, shot.iso.reader) == (400.0, "exif")
    assert (shot.kelvin.reader, shot.raw, shot.width, shot.height) == ("libraw", True, 96, 64)
    assert shot.remarks == ()
    assert shot.seconds == 1767323045.07
    jpeg = read_shot(write_jpeg_file(tmp_path / "a.jpg"))
    assert (jpeg.iso.value, jpeg.kelvin, jpeg.raw, jpeg.gains) == (400.0, None, False, None)
    assert jpeg.camera.startswith("Maker One ")


def test_an_iso_above_the_16_bit_ceiling(tmp_path):
    assert read_shot(write_dng_file(tmp_path / "a.dng", iso=102400)).iso.value == 102400.0
    assert read_shot(write_jpeg_file(tmp_path / "a.jpg", iso=409600)).iso.value == 409600.0


def test_zeros_are_unknown_and_not_a_readers_default(tmp_path):
    """LibRaw says f/1.0, 1 s and ISO 0 here."""
    shot = read_shot(write_dng_file(tmp_path / "a.dng", iso=0, f_number=Fraction(0), exposure_time=Fraction(0)))
    assert (shot.iso, shot.f_number, shot.shutter) == (None, None, None)


def test_the_serial_number_is_hashed(tmp_path):
    one = read_shot(write_dng_file(tmp_path / "a.dng", serial="SECRET-1")).camera
    two = read_shot(write_dng_file(tmp_path / "b.dng", serial="SECRET-2")).camera
    assert one != two
    assert "SECRET" not in one
    assert one.startswith("CatSim PB-1 ")


def test_hostile_text_is_only_shown(tmp_path):
    shot = read_shot(
        write_dng_file(tmp_path / "a.dng", model="../../../etc/passwd\x1b[31m" + "x" * 500, description="scene=../../up; hdri=\n\n")
    )
    assert "\x1b" not in shot.camera
    assert len(shot.camera) < 140
    assert shot.scene == {"scene": "up"}


def test_an_ordinary_description_is_no_scene_name(tmp_path):
    assert read_shot(write_dng_file(tmp_path / "a.dng")).scene == {}


def _with_size(data: bytes, width: int, height: int, compression: int = 1) -> bytes:
    """``data`` of a DNG with other sizes and compression in its first directory."""
    count = struct.unpack_from("<H", data, 8)[0]
    edited = bytearray(data)
    for at in range(10, 10 + 12 * count, 12):
        tag = struct.unpack_from("<H", data, at)[0]
        changed = {256: width, 257: height, 259: compression}
        if tag in changed:
            struct.pack_into("<I", edited, at + 8, changed[tag])
    return bytes(edited)


def test_files_that_cannot_be_read_are_refused(tmp_path):
    good = write_dng_file(tmp_path / "good.dng").read_bytes()
    jpeg = write_jpeg_file(tmp_path / "good.jpg").read_bytes()
    start = jpeg.index(b"\xff\xc0")
    cases = {
        "empty.dng": (b"", "empty"),
        "text.nef": (b"hello world " * 100, "RAW file"),
        "huge.dng": (_with_size(good, 60000, 60000), "too big"),
        "thin.dng": (_with_size(good, 1000, 1000, compression=7), "it was cut"),
        "head.dng": (good[:600], "cut|RAW file"),
        "huge.jpg": (jpeg[: start + 5] + struct.pack(">HH", 60000, 60000) + jpeg[start + 9 :], "60000×60000"),
        "text.jpg": (b"hello", "JPEG"),
    }
    for name, (data, says) in cases.items():
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(InputError, match=says) as caught:
            read_shot(path)
        assert name in str(caught.value)
