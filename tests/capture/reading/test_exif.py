import io
import math
import struct
from fractions import Fraction

import exifread
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.reading.containers import boxes, boxes_end
from capture.reading.exif import embedded_tags, exif_statement, exif_tags, scene_helper
from capture.simulate.tiff import HEADER, directory, long, rational, short, text
from tests.capture.conftest import write_dng_file, write_jpeg_file

CAMERA = {271: text("Maker"), 272: text("Maker One"), 274: short(6)}
EXPOSURE = {0x829A: rational(Fraction(1, 80)), 0x829D: rational(3.5), 0x8827: short(800), 0x9003: text("2026:01:02 03:04:05")}


def _tiff(tags) -> bytes:
    return HEADER + directory(tags, 8)


def _with_exif(first, exif) -> bytes:
    at = 8 + len(directory({**first, 34665: long(0)}, 8))
    return _tiff({**first, 34665: long(at)}) + directory(exif, at)


def _statement(path):
    return exif_statement(path, exif_tags(path))


def test_a_raf_is_read_through_its_embedded_jpeg(tmp_path):
    jpeg = write_jpeg_file(tmp_path / "a.jpg").read_bytes()
    head = b"FUJIFILMCCD-RAW 0201FF389501".ljust(84, b"\0") + struct.pack(">II", 160, len(jpeg))
    (tmp_path / "a.raf").write_bytes(head.ljust(160, b"\0") + jpeg)
    assert _statement(tmp_path / "a.raf") == _statement(tmp_path / "a.jpg")
    for cut in (20, 86, 150, 170):
        (tmp_path / "b.raf").write_bytes((head.ljust(160, b"\0") + jpeg)[:cut])
        assert _statement(tmp_path / "b.raf").numbers == {}


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def test_a_cr3_is_read_through_its_tiff_blocks(tmp_path):
    canon = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    blocks = _box(b"CMT1", _tiff(CAMERA)) + _box(b"CMT2", _tiff(EXPOSURE)) + _box(b"CMT3", b"noise")
    whole = _box(b"ftyp", b"crx \0\0\0\1") + _box(b"moov", _box(b"uuid", canon, blocks)) + _box(b"mdat", bytes(100))
    (tmp_path / "a.cr3").write_bytes(whole)
    said = _statement(tmp_path / "a.cr3")
    assert said.numbers == {"shutter": 1 / 80, "f_number": 3.5, "iso": 800.0, "orientation": 6.0, "seconds": 1767323045.0}
    assert said.texts == {"make": "Maker", "model": "Maker One"}
    for cut in range(0, len(whole), 7):
        (tmp_path / "b.cr3").write_bytes(whole[:cut])
        _statement(tmp_path / "b.cr3")


@given(st.binary(max_size=300))
def test_boxes_end_on_any_bytes(noise):
    for data in (noise, b"\0\0\0\1moov\xff\xff\xff\xff\xff\xff\xff\xff" + noise, b"\0\0\0\0free" + noise):
        assert len(list(boxes(io.BytesIO(data), 0, len(data)))) <= 1000
        boxes_end(io.BytesIO(data), len(data))


def test_the_maker_note_is_asked_for_an_iso_that_stands_nowhere_else(tmp_path, monkeypatch):
    (tmp_path / "a.tif").write_bytes(_with_exif(CAMERA, {**EXPOSURE, 0x8827: short(65535)}))
    assert "iso" not in _statement(tmp_path / "a.tif").numbers
    plain = exifread.process_file

    def with_maker_note(stream, details, **more):
        tags = plain(stream, details=details, **more)
        if details:
            tags["MakerNote ISO"] = type("Tag", (), {"values": [102400]})()
        return tags

    monkeypatch.setattr(exifread, "process_file", with_maker_note)
    assert _statement(tmp_path / "a.tif").numbers["iso"] == 102400


def test_panasonics_own_iso(tmp_path):
    (tmp_path / "a.rw2").write_bytes(b"IIU\0" + _tiff({0x0017: short(80), **CAMERA})[4:])
    assert _statement(tmp_path / "a.rw2").numbers["iso"] == 80.0


@pytest.mark.parametrize("error", [RecursionError, AssertionError, IndexError, OSError(22, "Invalid argument"), KeyError("x"), TypeError])
def test_whatever_exifread_raises_it_then_has_nothing_to_say(tmp_path, monkeypatch, error):
    def broken(*_, **__):
        raise error

    monkeypatch.setattr(exifread, "process_file", broken)
    assert exif_tags(write_dng_file(tmp_path / "a.dng")) == {}


def test_an_exif_block_with_and_without_its_head():
    block = _with_exif(CAMERA, EXPOSURE)
    for data in (block, b"Exif\0\0" + block):
        assert str(embedded_tags(data)["EXIF FNumber"]) == "7/2"
    assert embedded_tags(b"") == {}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=40), st.integers(0, 10_000))
def test_damaged_exif_is_never_an_error(changes, cut):
    """Loops, absurd counts and offsets, zero denominators: whatever the bytes, a statement of sound numbers."""
    data = bytearray(_with_exif(CAMERA, {**EXPOSURE, 0x9206: rational(2), 0xA434: text("lens"), 0x9209: short(1)}))
    for at, value in changes:
        data[at % len(data)] = value
    tags = embedded_tags(bytes(data[: max(8, cut % (len(data) + 1))]))
    assert all(math.isfinite(value) for value in exif_statement(None, tags).numbers.values())


def test_scene_names_of_the_simulated_camera(tmp_path):
    tags = exif_tags(write_dng_file(tmp_path / "a.dng", description="scene=Wall 7; hdri=sky; object=x"))
    assert scene_helper(tags) == {"scene": "wall_7", "hdri": "sky"}
