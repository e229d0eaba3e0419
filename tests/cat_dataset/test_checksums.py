"""The quick CRC-32 is the one that everyone else computes."""

from __future__ import annotations

import zlib

from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.checksums import crc32


@given(st.binary(max_size=5000), st.integers(0, 20))
def test_equals_zlib(data: bytes, start: int) -> None:
    assert crc32(data) == zlib.crc32(data)
    assert crc32(memoryview(data)[start:]) == zlib.crc32(data[start:])
