import hashlib
import os
import struct
from fractions import Fraction

import numpy as np
import pytest
import rawpy
from hypothesis import given, settings
from hypothesis import strategies as st

from capture import PIXEL_LIMIT
from capture.reading.formats import Kind
from capture.reading.libraw import read_sensor
from capture.reading.read import read_shot
from capture.reading.tiff import directories
from capture.simulate.tiff import HEADER, directory, long, short, text
from cat_dataset.errors import InputError
from tests.capture.conftest import write_dng_file, write_jpeg_file
from tests.capture.reading.heic_sample import HEIC


def _said(reading):
    return (reading.value, reading.reader)


def test_a_dng_says_everything(tmp_path):
    path = write_dng_file(tmp_path / "a.dng", compensation=Fraction(-2, 3), white_balance_manual=True, light_source=9, flash=True)
    shot = read_shot(path)
    assert (shot.kind, shot.raw, shot.width, shot.height) == (Kind.RAW, True, 96, 64)
    assert shot.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (_said(shot.iso), _said(shot.f_number), _said(shot.shutter)) == ((400.0, "exif"), (4.0, "exif"), (1 / 60, "exif"))
    assert (_said(shot.focal_length), _said(shot.focus_distance)) == ((35.0, "exif"), (3.0, "exif"))
    assert shot.compensation.value == pytest.approx(-2 / 3)
    assert (shot.flash, shot.automatic_white_balance, shot.white_balance_mode) == (True, False, "fine weather")
    assert (shot.orientation, shot.saturation, shot.seconds) == (1, 15000, 1767323045.07)
    assert shot.gains == pytest.approx((1 / 0.45, 1, 1 / 0.65))
    assert (shot.kelvin, shot.remarks) == (None, ())


def test_a_dngs_tags_say_what_libraw_says_after_unpacking(tmp_path):
    path = write_dng_file(tmp_path / "a.dng")
    with open(path, "rb") as stream:
        found = directories(stream, path.stat().st_size)
    by_tags = read_sensor(path, path.stat().st_size, found, settings_known=True)
    assert by_tags.statements == ()  # it was not unpacked
    with rawpy.imread(str(path)) as raw:
        assert by_tags.gains == pytest.approx(tuple(np.array(raw.camera_whitebalance[:3]) / raw.camera_whitebalance[1]), rel=1e-6)
        assert by_tags.white == raw.white_level
        assert (by_tags.width, by_tags.height) == (raw.sizes.width, raw.sizes.height)
    unpacked = read_sensor(path, path.stat().st_size, found, settings_known=False)
    assert unpacked.gains == pytest.approx(by_tags.gains, rel=1e-6)
    assert unpacked.statements[0].numbers["iso"] == 400.0


def test_a_jpeg(tmp_path):
    shot = read_shot(write_jpeg_file(tmp_path / "a.jpg", automatic=True))
    assert (_said(shot.iso), shot.kelvin, shot.raw, shot.gains) == ((400.0, "exif"), None, False, None)
    assert (shot.automatic_white_balance, shot.white_balance_mode) == (True, "automatic")
    assert shot.camera.startswith("Maker One ")


def test_a_heic_is_turned_by_its_decoder_already(tmp_path):
    (tmp_path / "a.heic").write_bytes(HEIC)
    shot = read_shot(tmp_path / "a.heic")
    assert (shot.kind, shot.width, shot.height, shot.orientation) == (Kind.HEIC, 48, 64, 1)
    assert (_said(shot.iso), _said(shot.f_number), _said(shot.shutter)) == ((50.0, "exif"), (1.8, "exif"), (1 / 120, "exif"))
    assert (shot.camera, shot.seconds) == ("Maker Phone", 1767323045.25)


def _tiff(width: int, height: int, length: int) -> bytes:
    tags = {256: long(width), 257: long(height), 258: short(8), 259: short(1), 262: short(1), 271: text("Maker"), 272: text("Maker Two")}
    at = 8 + len(directory({**tags, 273: long(0), 279: long(0)}, 8))
    return HEADER + directory({**tags, 273: long(at), 279: long(length)}, 8) + bytes(length)


def test_a_tiff(tmp_path):
    (tmp_path / "a.tif").write_bytes(_tiff(64, 48, 64 * 48))
    shot = read_shot(tmp_path / "a.tif")
    assert (shot.kind, shot.width, shot.height, shot.camera) == (Kind.TIFF, 64, 48, "Maker Two")


def test_linear_pictures_give_their_size(tmp_path):
    import OpenEXR

    pixels = np.ones((20, 30, 3), np.float32)
    with OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": OpenEXR.Channel("RGB", pixels)}) as picture:
        picture.write(str(tmp_path / "a.exr"))
    (tmp_path / "a.hdr").write_bytes(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 20 +X 30\n" + bytes(2400))
    for name in ("a.exr", "a.hdr"):
        shot = read_shot(tmp_path / name)
        assert (shot.kind, shot.width, shot.height, shot.iso, shot.camera) == (Kind.LINEAR, 30, 20, None, "")


def test_zeros_are_unknown_and_not_a_readers_default(tmp_path):
    """A manual lens; LibRaw would say f/1.0, 1 s and ISO 0 here."""
    shot = read_shot(write_dng_file(tmp_path / "a.dng", iso=0, f_number=Fraction(0), exposure_time=Fraction(0), focal_length_mm=0.0))
    assert (shot.iso, shot.f_number, shot.shutter, shot.focal_length) == (None, None, None, None)


def test_an_iso_above_the_16_bit_ceiling(tmp_path):
    assert read_shot(write_dng_file(tmp_path / "a.dng", iso=102400)).iso.value == 102400.0
    assert read_shot(write_jpeg_file(tmp_path / "a.jpg", iso=409600)).iso.value == 409600.0


def test_the_serial_number_is_hashed(tmp_path):
    shots = [read_shot(write_dng_file(tmp_path / f"{serial}.dng", serial=serial)) for serial in ("SECRET-1", "SECRET-2")]
    assert shots[0].camera != shots[1].camera
    assert "SECRET" not in repr([(shot.camera, shot.statements) for shot in shots])
    assert shots[0].camera.startswith("CatSim PB-1 ")


def test_hostile_text_is_only_shown(tmp_path):
    shot = read_shot(
        write_dng_file(tmp_path / "a.dng", model="../../../etc/passwd\x1b[31m" + "x" * 500, description="scene=../../up; hdri=\n\n")
    )
    assert "\x1b" not in shot.camera
    assert len(shot.camera) < 140
    assert shot.scene == {"scene": "up"}
    assert read_shot(write_dng_file(tmp_path / "b.dng")).scene == {}


def test_ten_megabytes_of_text_cost_no_file(tmp_path):
    shot = read_shot(write_dng_file(tmp_path / "a.dng", model="M" * 10_000_000, lens="L" * 10_000_000))
    assert (len(shot.lens), shot.iso.value) == (60, 400.0)


def _with_tags(data: bytes, at: int, changes: dict[int, int]) -> bytes:
    """``data`` with other numbers in the directory at offset ``at``."""
    count = struct.unpack_from("<H", data, at)[0]
    edited = bytearray(data)
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag = struct.unpack_from("<H", data, entry)[0]
        if tag in changes:
            struct.pack_into("<HI", edited, entry + 2, 4, 1)
            struct.pack_into("<I", edited, entry + 8, changes[tag])
    return bytes(edited)


def _pixels_at(data: bytes) -> int:
    """Offset of the SubIFD that holds the mosaic."""
    count = struct.unpack_from("<H", data, 8)[0]
    return next(
        struct.unpack_from("<I", data, at + 8)[0] for at in range(10, 10 + 12 * count, 12) if struct.unpack_from("<H", data, at)[0] == 330
    )


def test_files_that_cannot_be_read_are_refused(tmp_path):
    good = write_dng_file(tmp_path / "good.dng").read_bytes()
    jpeg = write_jpeg_file(tmp_path / "good.jpg").read_bytes()
    start = jpeg.index(b"\xff\xc0")
    tall = struct.pack(">HH", 60000, 60000)
    ispe = HEIC.index(b"ispe") + 8
    cases = {
        "empty.dng": (b"", "is empty"),
        "text.nef": (b"hello world " * 100, "RAW file"),
        "huge.dng": (_with_tags(good, _pixels_at(good), {256: 60000, 257: 60000}), "too big|60000×60000"),
        "thin.dng": (_with_tags(good, _pixels_at(good), {256: 1000, 257: 1000}), "it was cut"),
        "cut.dng": (good[:-200], "it was cut"),
        "head.dng": (good[:600], "cut|RAW file"),
        "huge.jpg": (jpeg[: start + 5] + tall + jpeg[start + 9 :], "60000×60000"),
        "cut.jpg": (jpeg[:-100], "it was cut"),
        "text.jpg": (b"hello", "no JPEG picture"),
        "huge.tif": (_tiff(60000, 60000, 100), "60000×60000"),
        "cut.tif": (_tiff(64, 48, 64 * 48)[:-1], "it was cut"),
        "empty_ifd.tif": (b"II*\0\x08\0\0\0\0\0\0\0\0\0", "0×0"),
        "cut.heic": (HEIC[:-20], "it was cut"),
        "huge.heic": ((HEIC[:ispe] + struct.pack(">II", 60000, 60000) + HEIC[ispe + 8 :]).replace(b"clap", b"free"), "60000"),
        "broken.heic": (HEIC[:40] + bytes(600), "HEIC"),
        "broken.exr": (b"v/1\x01" + bytes(100), "OpenEXR"),
        "huge.hdr": (b"#?RADIANCE\n\n-Y 60000 +X 60000\n", "60000×60000"),
        "bare.hdr": (b"#?RADIANCE\nhello", "Radiance"),
        "jpeg.dng": (jpeg, "first bytes are JPEG; rename it to jpeg.jpg"),
        "dng.jpg": (good, "first bytes are TIFF"),
        "dng.tif": (good, "it is a DNG; rename it to dng.dng"),
        "png.jpg": (b"\x89PNG\r\n\x1a\n" + bytes(50), "PNG; take it out"),
        "film.heic": (b"\0\0\0\x18ftypqt  " + bytes(20), "a video; take it out"),
    }
    for name, (data, says) in cases.items():
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(InputError, match=says) as caught:
            read_shot(path)
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_what_is_no_file_is_refused(tmp_path):
    (tmp_path / "a.dng").symlink_to(tmp_path / "b.dng")
    (tmp_path / "b.dng").symlink_to(tmp_path / "a.dng")
    (tmp_path / "c.dng").mkdir()
    (tmp_path / "d.dng").symlink_to(tmp_path / "gone.dng")
    for name in ("a.dng", "c.dng", "d.dng", "missing.dng"):
        with pytest.raises(InputError, match=f"{name} cannot be opened"):
            read_shot(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no permissions of this kind")
def test_a_file_without_permission_is_named(tmp_path):
    path = write_dng_file(tmp_path / "a.dng")
    path.chmod(0)
    mine = os.geteuid()
    if mine == 0:  # to whom nothing is unreadable
        os.seteuid(65534)
    try:
        with pytest.raises(InputError, match=r"a.dng cannot be opened \(Permission denied\)"):
            read_shot(path)
    finally:
        os.seteuid(mine)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.dng")
    with pytest.raises(InputError, match="a device"):
        read_shot(tmp_path / "a.dng")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return [write_dng_file(folder / "a.dng"), write_jpeg_file(folder / "a.jpg")]


@settings(max_examples=40, deadline=None)  # ExifRead takes seconds over a directory of 65535 entries
@given(st.integers(0, 1), st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 255)), max_size=30), st.integers(0, 100))
def test_damaged_headers_are_input_errors_or_shots_that_say_less(whole, which, changes, cut):
    path = whole[which]
    data = bytearray(path.read_bytes())
    for at, value in changes:
        data[at] = value
    damaged = path.with_stem("damaged")
    damaged.write_bytes(data[: len(data) - cut * 10] if cut > 90 else data)
    try:
        shot = read_shot(damaged)
    except InputError as error:
        assert "damaged" in str(error)
    else:
        assert 16 <= shot.width * shot.height <= PIXEL_LIMIT
        assert shot.gains is None or all(0 < gain < 1e3 for gain in shot.gains)


def test_a_packed_strip_that_is_no_jpeg_is_refused(tmp_path, shoot):
    folder = shoot("exposure", 3, size=(192, 128), traps=["dead_strip:2"])
    with pytest.raises(InputError, match=r"cat_0002\.dng has no picture where its header says"):
        read_shot(folder / "cat_0002.dng")
    read_shot(folder / "cat_0001.dng")
