import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.reading import exiv2_tags
from capture.reading.exif import exif_statement, exif_tags
from capture.reading.exiv2_tags import _KEYS, exiv2_statement
from capture.reading.formats import Kind
from tests.capture.conftest import write_dng_file, write_jpeg_file


def test_it_says_what_exifread_says(tmp_path):
    pytest.importorskip("exiv2")
    for path, kind in ((write_dng_file(tmp_path / "a.dng", iso=102400), Kind.RAW), (write_jpeg_file(tmp_path / "a.jpg"), Kind.JPEG)):
        (said,) = exiv2_statement(path, kind)
        plain = exif_statement(path, exif_tags(path))
        assert said.numbers == pytest.approx(dict(plain.numbers))
        assert {name: said.texts[name] for name in ("make", "model", "serial", "lens")} == {
            name: plain.texts[name] for name in ("make", "model", "serial", "lens")
        }


def test_what_it_cannot_read_it_says_nothing_of(tmp_path):
    (tmp_path / "a.dng").write_bytes(b"noise" * 99)
    assert exiv2_statement(tmp_path / "a.dng", Kind.RAW) == []
    assert exiv2_statement(tmp_path / "gone.dng", Kind.RAW) == []
    assert exiv2_statement(tmp_path / "a.exr", Kind.LINEAR) == []


def test_without_the_wheel_the_other_readers_do(tmp_path, monkeypatch):
    monkeypatch.setattr(exiv2_tags, "_library", lambda: None)
    assert exiv2_statement(write_dng_file(tmp_path / "a.dng"), Kind.RAW) == []


odd = st.sampled_from(("1/0", "0/0", "inf", "nan", "-1/3", "1/-3", "65535", "x", "", "1/2/3", "1e999")) | st.text(max_size=9)


@given(st.dictionaries(st.sampled_from(sorted(set(_KEYS.values()))), odd, min_size=1))
def test_whatever_a_file_holds_the_statement_is_sound(found):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exiv2_tags, "_library", lambda: exiv2_tags)
        patch.setattr(exiv2_tags, "_found", lambda *_: found)
        (said,) = exiv2_statement(None, Kind.RAW)
    assert all(math.isfinite(value) for value in said.numbers.values())
