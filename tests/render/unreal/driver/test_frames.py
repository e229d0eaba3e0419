"""Only whole frames of the right kind are taken, and a frame that is still being written is waited for."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from cat_dataset.checksums import crc32
from cat_dataset.errors import InputError
from cat_dataset.images import decode_rgb
from render.unreal.driver.frames import Unfinished, read_frame

RGBA = np.random.default_rng(0).integers(0, 255, (16, 16, 4), np.uint8)


def png(pixels: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".png", pixels)[1])


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc32(name + body))


def test_alpha_and_notes_go_and_every_pixel_stays(tmp_path: Path) -> None:
    path, plain = tmp_path / "0000.png", png(RGBA)
    path.write_bytes(plain[:33] + chunk(b"tEXt", b"Host\0C:/Users/somebody") + plain[33:])
    found = read_frame(path, 16)
    assert np.array_equal(found.rgb, RGBA[:, :, 2::-1])
    assert np.array_equal(decode_rgb(found.png), found.rgb)
    assert b"somebody" not in found.png
    path.write_bytes(png(RGBA[:, :, :3]))
    assert read_frame(path, 16).png == found.png


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.7, 0.99])
def test_a_frame_that_is_not_whole_yet_is_unfinished(tmp_path: Path, share: float) -> None:
    whole = png(RGBA)
    (tmp_path / "0000.png").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(Unfinished):
        read_frame(tmp_path / "0000.png", 16)


def test_a_frame_that_is_not_there_is_unfinished(tmp_path: Path) -> None:
    with pytest.raises(Unfinished, match="is missing"):
        read_frame(tmp_path / "0000.png", 16)


def test_what_is_no_file_is_no_frame(tmp_path: Path) -> None:
    (tmp_path / "0000.png").mkdir()
    with pytest.raises(InputError, match="is not a file"):
        read_frame(tmp_path / "0000.png", 16)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (png(RGBA[:8]), "is 16×8, not 16×16"),
        (png(RGBA.astype(np.uint16)), "a PNG of 16 bits"),
        (png(RGBA[:, :, 0]), "colour type 0"),
        (b"\xff\xd8\xff" + bytes(100), "is no PNG"),
        (b"\x76\x2f\x31\x01" + bytes(100), "is no PNG"),
        (bytes(2 << 20), "more than a frame of 16×16 can have"),
    ],
)
def test_another_kind_of_frame_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "0000.png").write_bytes(data)
    with pytest.raises(InputError, match=message) as caught:
        read_frame(tmp_path / "0000.png", 16)
    assert not isinstance(caught.value, Unfinished)
