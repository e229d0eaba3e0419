import io
import struct

from hypothesis import given
from hypothesis import strategies as st

from capture.reading.tiff import directories, number, pixels_end, raw_directory
from capture.simulate.tiff import HEADER, directory, long, rational, short


def _read(data: bytes):
    return directories(io.BytesIO(data), len(data))


def test_directories_chained_and_nested():
    second_at = 8 + len(directory({256: long(8), 330: long(0)}, 8))
    data = HEADER + directory({256: long(8), 330: long(second_at)}, 8)
    data += directory(
        {256: long(96), 257: long(64), 262: short(32803), 273: long(500), 279: long(70), 0xC627: rational(1, 0.5, 2)}, second_at
    )
    first, second = _read(data)
    assert (number(first, 256), number(first, 257)) == (8, 0)
    assert raw_directory([first, second]) is second
    assert (second[0xC627], pixels_end(second)) == ((1, 0.5, 2), 570)


def test_both_byte_orders():
    data = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 256, 3, 1, 640, 0, 0)
    assert number(_read(data)[0], 256) == 640


def test_loops_end():
    itself = HEADER + struct.pack("<HHHII", 1, 256, 3, 1, 5) + struct.pack("<I", 8)
    assert len(_read(itself)) == 1
    sub = HEADER + struct.pack("<HHHII", 1, 330, 4, 1, 8) + struct.pack("<I", 8)
    assert len(_read(sub)) == 1


def test_values_outside_the_file_or_of_absurd_length_are_absent():
    for count, at in ((100, 0xFFFFFFF0), (0xFFFFFFFF, 8), (1 << 20, 8)):
        (tags,) = _read(HEADER + struct.pack("<HHHII", 1, 273, 4, count, at) + struct.pack("<I", 0) + bytes(64))
        assert tags == {}


def test_a_zero_denominator_is_no_number():
    (tags,) = _read(HEADER + struct.pack("<HHHII", 1, 0xC627, 5, 1, 26) + struct.pack("<III", 0, 1, 0))
    assert str(tags[0xC627][0]) == "nan"


@given(st.binary(max_size=600))
def test_noise_is_no_error(noise):
    for head in (b"", HEADER, b"MM\0*\0\0\0\x08"):
        _read(head + noise)
