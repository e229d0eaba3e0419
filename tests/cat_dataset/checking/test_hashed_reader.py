"""Every byte is handed out or passed over once, in order, and hashed."""

from __future__ import annotations

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.checking import hashed_reader
from cat_dataset.checking.hashed_reader import HashedReader


class Trickle(io.BytesIO):
    """Gives fewer bytes than asked for, as sockets do."""

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return super().readinto(buffer[:7])


@given(st.binary(max_size=300), st.lists(st.tuples(st.booleans(), st.integers(0, 90))), st.sampled_from([io.BytesIO, Trickle]))
def test_any_walk(data: bytes, steps: list[tuple[bool, int]], kind: type[io.BytesIO]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashed_reader, "CHUNK", 16)
        reader, at = HashedReader(kind(data)), 0
        for takes, count in steps:
            left = data[at : at + count]
            if takes:
                assert reader.take(count) == left
            else:
                assert reader.skip(count) == len(left)
            at += len(left)
            assert reader.position == at
        assert reader.finish() == (len(data), hashlib.sha256(data).hexdigest())
        assert (reader.take(5), reader.skip(5), reader.position) == (b"", 0, len(data))
