import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.reading.statement import _SOUND, iso_by_standard, printable, seconds_of, statement


@given(
    st.dictionaries(st.sampled_from(sorted(_SOUND)), st.floats() | st.none()), st.dictionaries(st.sampled_from(("make", "lens")), st.text())
)
def test_only_sound_values_are_stated(numbers, texts):
    said = statement("exif", numbers, texts)
    assert all(math.isfinite(value) for value in said.numbers.values())
    assert not any(said.numbers.get(name, 1.0) <= 0 for name in ("iso", "f_number", "shutter", "focal_length", "orientation"))
    assert all(text.isascii() and text.isprintable() and 0 < len(text) <= 60 for text in said.texts.values())


@given(st.text())
def test_shown_text_is_one_short_line(text):
    shown = printable(text)
    assert len(shown) <= 60
    assert shown == " ".join(shown.split(" "))
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("tags", "maker", "expected"),
    [
        ({"ISO": 400}, None, 400),
        ({"ISO": 65534}, None, 65534),
        ({"ISO": 65535, "SensitivityType": 2, "RecommendedExposureIndex": 102400, "StandardOutputSensitivity": 99999}, None, 102400),
        ({"ISO": 65535, "SensitivityType": 1, "RecommendedExposureIndex": 102400, "StandardOutputSensitivity": 99999}, None, 99999),
        ({"ISO": 65535, "SensitivityType": 3, "ISOSpeed": 204800, "RecommendedExposureIndex": 102400}, None, 204800),
        ({"ISO": 65535, "SensitivityType": 7, "StandardOutputSensitivity": 99999}, None, 99999),
        ({"ISO": 65535, "SensitivityType": 99, "RecommendedExposureIndex": 102400}, None, 102400),
        ({"ISO": 65535}, 409600, 409600),
        ({"ISO": 65535}, 400, None),
        ({"ISO": 65535, "RecommendedExposureIndex": 65535}, None, None),
        ({"RecommendedExposureIndex": 800}, None, 800),
        ({}, 409600, None),
    ],
)
def test_iso_stands_where_exif_2_32_says(tags, maker, expected):
    assert iso_by_standard(tags.get, lambda: maker) == expected


@pytest.mark.parametrize(
    ("taken", "fraction", "expected"),
    [
        ("2026:01:02 03:04:05", "07", 1767323045.07),
        ("2026:01:02 03:04:05", "700 ", 1767323045.7),
        ("2026:01:02 03:04:05+02:00", "", 1767323045.0),
        ("2026-01-02 03:04:05", "x", 1767323045.0),
        ("0000:00:00 00:00:00", "", None),
        ("2026:13:45 99:99:99", "", None),
        ("", "", None),
        ("    :  :     :  :  ", "", None),
    ],
)
def test_times(taken, fraction, expected):
    assert seconds_of(taken, fraction) == expected


def test_a_clock_that_nobody_set_says_nothing():
    for taken in ("1970:01:01 00:00:00", "1904:01:01 00:00:00", "9999:12:31 23:59:59"):
        assert "seconds" not in statement("exif", {"seconds": seconds_of(taken)}, {}).numbers


def test_the_serial_is_a_hash_that_ignores_leading_zeros():
    body = {"make": "Canon", "model": "Canon EOS"}
    one = statement("exif", {}, {**body, "serial": "0012345678"}).texts["serial"]
    assert one == statement("exiftool", {}, {**body, "serial": "12345678"}).texts["serial"]
    assert one != statement("exif", {}, {**body, "serial": "12345679"}).texts["serial"]
    assert len(one) == 8
    assert "serial" not in statement("exif", {}, {**body, "serial": "0000000000"}).texts
