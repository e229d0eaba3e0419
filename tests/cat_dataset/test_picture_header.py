"""Picture sizes from headers, against OpenCV's own encoders."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.errors import InputError
from cat_dataset.picture_header import picture_size, stream_size

sides = st.integers(1, 70)


@given(sides, sides, st.sampled_from([".png", ".jpg"]), st.booleans())
def test_size(width: int, height: int, extension: str, progressive: bool) -> None:
    options = [cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive), cv2.IMWRITE_JPEG_RST_INTERVAL, 2] if extension == ".jpg" else []
    data = bytes(cv2.imencode(extension, np.zeros((height, width, 3), np.uint8), options)[1])
    assert stream_size(io.BytesIO(data), "it") == (width, height)


@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n"]))
def test_anything_else_is_refused_or_has_a_size(data: bytes, start: bytes) -> None:
    try:
        width, height = stream_size(io.BytesIO(start + data), "it")
    except InputError as error:
        assert str(error).startswith("it is not a whole")
    else:
        assert width > 0
        assert height > 0


def test_the_path_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"\x89PNG")
    with pytest.raises(InputError, match=r"x\.png is not a whole"):
        picture_size(tmp_path / "x.png")
