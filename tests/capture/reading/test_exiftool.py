import math
import os
import shutil
import stat
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.reading import exiftool
from capture.reading.exiftool import exiftool_statements
from capture.reading.exiftool_tags import NUMBERS, TEXTS, exiftool_statement
from tests.capture.conftest import write_dng_file, write_jpeg_file

needs_exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
posix = pytest.mark.skipif(os.name == "nt", reason="a shell script stands for exiftool")


@needs_exiftool
def test_one_call_reads_a_folder_whatever_its_names(tmp_path):
    names = ["-w.dng", "a b.dng", "#c.dng", "ü.dng", " d.dng", "back\\slash.dng", "quote'\".dng", "$(e).dng", "-", "@f.dng"]
    if os.name == "nt":
        names = names[:5]
    paths = [write_dng_file(tmp_path / name, iso=100 + number) for number, name in enumerate(names)]
    found, lines = exiftool_statements(paths)
    assert lines == []
    assert [found[path].numbers["iso"] for path in paths] == [100.0 + number for number in range(len(paths))]


@needs_exiftool
def test_a_name_with_a_line_break_and_relative_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = [write_dng_file(tmp_path / name).relative_to(tmp_path) for name in ("-config.dng", "two\nlines.dng")]
    assert set(exiftool_statements(paths)[0]) == set(paths)


@needs_exiftool
def test_it_says_what_exifread_says(tmp_path):
    paths = [write_dng_file(tmp_path / "a.dng", iso=204800, kelvin=5300.0), write_jpeg_file(tmp_path / "a.jpg", automatic=True)]
    raw, jpeg = (exiftool_statements(paths)[0][path] for path in paths)
    assert raw.numbers["iso"] == 204800
    assert raw.numbers["focus_distance"] == 3.0
    assert raw.numbers["camera_kelvin"] == 5300.0
    assert jpeg.numbers["automatic_white_balance"] == 1.0
    assert "SECRET" not in repr([raw, jpeg])


@needs_exiftool
def test_a_file_it_cannot_read_costs_nothing_else(tmp_path):
    (tmp_path / "noise.dng").write_bytes(os.urandom(500))
    paths = [write_dng_file(tmp_path / "a.dng"), tmp_path / "noise.dng", tmp_path / "gone.dng"]
    found, lines = exiftool_statements(paths)
    assert set(found) == {paths[0]}
    assert lines == []


def test_without_exiftool_there_is_a_note(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    found, (line,) = exiftool_statements([tmp_path / "a.dng"])
    assert found == {}
    assert "exiftool is not installed" in line
    assert exiftool_statements([])[0] == {}


def _fake(folder, monkeypatch, body: str):
    """A program of that name, which gets the file names by its standard input."""
    program = folder / "bin" / "exiftool"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nimport sys, time\nnames = sys.stdin.read()\n{body}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(program.parent))


@posix
def test_the_file_that_spoils_a_batch_is_found_by_halving(tmp_path, monkeypatch):
    body = (
        "import json\n"
        "if 'bad' in names: sys.exit(3)\n"
        "files = [line for line in names.splitlines() if line.startswith('/')]\n"
        "print(json.dumps([{'SourceFile': name, 'ExifIFD:ISO': 100} for name in files]))"
    )
    _fake(tmp_path, monkeypatch, body)
    paths = [tmp_path / f"{name}.dng" for name in ("a", "b", "bad", "c", "d", "e", "f")]
    found, (line,) = exiftool_statements(paths)
    assert set(found) == set(paths) - {tmp_path / "bad.dng"}
    assert "on 1 files" in line
    assert line.endswith("bad.dng")


@posix
@pytest.mark.parametrize("body", ["print('[' * 5000)", "print('no json')", "print('{}')", "print('[1, 2]')", "print()", "sys.exit(1)"])
def test_what_is_not_exiftools_json_is_ignored(tmp_path, monkeypatch, body):
    _fake(tmp_path, monkeypatch, body)
    assert exiftool_statements([tmp_path / "a.dng"])[0] == {}


@posix
def test_it_may_neither_hang_nor_print_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(exiftool, "_START_SECONDS", 0.3)
    monkeypatch.setattr(exiftool, "_FILE_SECONDS", 0.0)
    _fake(tmp_path, monkeypatch, "time.sleep(60)")
    began = time.monotonic()
    found, (line,) = exiftool_statements([tmp_path / "a.dng"])
    assert found == {}
    assert "took too long" in line
    assert time.monotonic() - began < 20
    shutil.rmtree(tmp_path / "bin")
    monkeypatch.setattr(exiftool, "_START_SECONDS", 30.0)
    monkeypatch.setattr(exiftool, "_OUTPUT_CAP", 1000)
    _fake(tmp_path, monkeypatch, "while True: print('x' * 999)")
    assert exiftool_statements([tmp_path / "a.dng"])[0] == {}


@pytest.mark.parametrize(
    ("tags", "name", "value"),
    [
        ({"Canon:FNumber": "3.56", "ExifIFD:FNumber": "3.5", "Composite:Aperture": "3"}, "f_number", 3.5),
        ({"XMP-exif:FNumber": "4", "Canon:FNumber": "3.56"}, "f_number", 3.56),
        ({"ExifIFD:FNumber": "0", "XMP-exif:FNumber": "4"}, "f_number", 4.0),
        ({"ExifIFD:FNumber": "undef"}, "f_number", None),
        ({"ExifIFD:ExposureCompensation": "-0.6667"}, "compensation", -0.6667),
        ({"ExifIFD:SubjectDistance": "4294967295"}, "focus_distance", None),
        ({"Composite:FocusDistance2": "inf"}, "focus_distance", None),
        ({"Nikon:FocusDistance": "2.37"}, "focus_distance", 2.37),
        ({"Canon:FocusDistanceUpper": "1", "Canon:FocusDistanceLower": "3"}, "focus_distance", 1.5),
        ({"Canon:FocusDistanceUpper": "655.35", "Canon:FocusDistanceLower": "3"}, "focus_distance", None),
        ({"Canon:ColorTemperature": "5200", "Canon:WhiteBalance": "Auto"}, "camera_kelvin", None),
        ({"Canon:ColorTemperature": "5200", "Canon:WhiteBalance": "Manual Temperature (Kelvin)"}, "camera_kelvin", 5200.0),
        ({"Canon:ColorTemperature": "5200", "Canon:ColorTempAsShot": "3064"}, "camera_kelvin", 3064.0),
        ({"Sony:ColorTemperature": "0"}, "camera_kelvin", None),
        ({"ExifIFD:Flash": "16"}, "flash", 0.0),
        ({"ExifIFD:Flash": "25"}, "flash", 1.0),
        ({"XMP-exif:FlashFired": "True"}, "flash", 1.0),
        ({"IFD1:Orientation": "6", "IFD0:Orientation": "8"}, "orientation", 8.0),
        ({"IFD1:Orientation": "6"}, "orientation", None),
        ({"ExifIFD:ISO": "65535", "Nikon:ISO": "102400"}, "iso", 102400.0),
        ({"ExifIFD:ISO": "65535", "Nikon:ISO": "0 200"}, "iso", None),
        ({"ExifIFD:WhiteBalance": "Manual", "Nikon:WhiteBalance": "AUTO        "}, "automatic_white_balance", 1.0),
        ({"ExifIFD:WhiteBalance": "Manual"}, "automatic_white_balance", 0.0),
    ],
)
def test_which_tag_is_believed(tags, name, value):
    said = exiftool_statement({"SourceFile": "x", "ExifIFD:Saturation": "0", **tags})
    assert said.numbers.get(name) == value


@pytest.mark.parametrize(
    ("tags", "name", "value"),
    [
        ({"ExifIFD:WhiteBalance": "Manual", "Canon:WhiteBalance": "Tungsten"}, "white_balance_mode", "Tungsten"),
        ({"ExifIFD:WhiteBalance": "Manual", "ExifIFD:LightSource": "Cloudy"}, "white_balance_mode", "Cloudy"),
        ({"ExifIFD:WhiteBalance": "Manual", "ExifIFD:LightSource": "Unknown"}, "white_balance_mode", "manual"),
        ({"Composite:LensID": "Unknown (251) 16-35mm", "Composite:Lens": "16.0 - 35.0 mm"}, "lens", "16.0 - 35.0 mm"),
        ({"ExifIFD:LensModel": "50mm\x1b[0m", "Composite:LensID": "other"}, "lens", "50mm [0m"),
        ({"ICC-header:Make": "icc", "IFD0:Make": "Canon"}, "make", "Canon"),
    ],
)
def test_which_text_is_believed(tags, name, value):
    assert exiftool_statement(tags).texts.get(name) == value


def test_a_file_with_nothing_to_say():
    assert exiftool_statement({"SourceFile": "a.dng", "ExifTool:Error": "File format error"}) is None


names = st.builds(
    "{}:{}".format, st.sampled_from(("ExifIFD", "IFD0", "Canon", "Composite", "XMP-exif")), st.sampled_from((*NUMBERS, *TEXTS))
)
odd = st.sampled_from(("inf", "-inf", "nan", "0", "-1", "65535", "1e999", "1_0", "0 200", "AUTO", "undef", ""))


@given(st.dictionaries(names, odd | st.text(max_size=20) | st.floats().map(str) | st.booleans(), max_size=12))
def test_whatever_a_file_holds_the_statement_is_sound(entry):
    said = exiftool_statement(entry)
    if said is not None:
        assert all(math.isfinite(value) for value in said.numbers.values())
        assert all(text.isprintable() and len(text) <= 60 for text in said.texts.values())
