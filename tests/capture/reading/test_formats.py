from pathlib import Path

import pytest

from capture.reading.formats import RAW_SUFFIXES, Kind, checked_kind, format_of, kind_of
from cat_dataset.errors import InputError

HEADS = {
    ".cr2": b"II*\0\x10\0\0\0CR\x02\0",
    ".cr3": b"\0\0\0\x18ftypcrx ",
    ".crw": b"II\x1a\0\0\0HEAPCCDR",
    ".nef": b"MM\0*\0\0\0\x08",
    ".nrw": b"II*\0\x08\0\0\0",
    ".arw": b"II*\0\x08\0\0\0",
    ".raf": b"FUJIFILMCCD-RAW 0201",
    ".dng": b"II*\0\x08\0\0\0",
    ".orf": b"IIRO\x08\0\0\0",
    ".rw2": b"IIU\0\x18\0\0\0",
    ".pef": b"MM\0*\0\0\0\x08",
    ".jpg": b"\xff\xd8\xff\xe1",
    ".tiff": b"MM\0*\0\0\0\x08",
    ".heic": b"\0\0\0\x18ftypheic",
    ".exr": b"v/1\x01\x02\0\0\0",
    ".hdr": b"#?RADIANCE\n",
}


def test_every_promised_format_is_known_by_its_suffix_and_by_its_bytes():
    for suffix, head in HEADS.items():
        path = Path(f"a{suffix.upper()}")
        assert checked_kind(path, head) is kind_of(path)
    assert kind_of(Path("a.txt")) is None
    assert kind_of(Path("a.IIQ")) is Kind.RAW


def test_bytes_of_one_format_under_the_name_of_another_are_refused():
    """Among TIFF-based RAW formats the bytes cannot tell, and LibRaw judges."""
    for suffix in HEADS:
        for other, head in HEADS.items():
            path, found = Path(f"a{suffix}"), format_of(head)
            if kind_of(path) in found.kinds:
                continue
            with pytest.raises(InputError, match=f"first bytes are {found.name}; rename it to a"):
                checked_kind(path, head)
            assert kind_of(Path(f"a{other}")) in found.kinds


def test_a_raw_file_of_an_unknown_head_is_left_to_libraw():
    for suffix in RAW_SUFFIXES:
        assert checked_kind(Path(f"a{suffix}"), b"whatever it is") is Kind.RAW
    with pytest.raises(InputError, match="no camera file has"):
        checked_kind(Path("a.docx"), b"PK\x03\x04")
    with pytest.raises(InputError, match="zip archive; take it out"):
        checked_kind(Path("a.nef"), b"PK\x03\x04")
