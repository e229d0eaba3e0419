import struct
from dataclasses import replace

import cv2
import numpy as np
import pytest

from capture.reading.preview import SIDE, preview
from capture.reading.read import read_shot
from capture.simulate.tiff import HEADER, directory, long, short
from tests.capture.conftest import write_dng_file, write_jpeg_file
from tests.capture.reading.heic_sample import HEIC

RAMP = np.tile(np.linspace(20, 230, 640).astype(np.uint8)[None, :, None], (400, 1, 3))
"""Dark at the left, bright at the right."""


def test_a_jpeg_is_decoded_small(tmp_path):
    found = preview(read_shot(write_jpeg_file(tmp_path / "a.jpg", picture=RAMP)))
    assert (found.shape, found.dtype) == ((100, SIDE), np.uint8)
    assert np.corrcoef(found.astype(float).mean(axis=0), np.arange(SIDE))[0, 1] > 0.999


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_upright(tmp_path, orientation):
    """Each file shows a bright top left corner once it is turned; what EXIF 2.32 says of tag 274 is undone here."""
    scene = np.full((400, 640, 3), 40, np.uint8)
    scene[:100, :160] = 220
    stored = {
        1: scene, 2: scene[:, ::-1], 3: scene[::-1, ::-1], 4: scene[::-1], 5: scene.transpose(1, 0, 2), 6: np.rot90(scene, 1),
        7: scene[::-1, ::-1].transpose(1, 0, 2), 8: np.rot90(scene, 3),
    }[orientation]  # fmt: skip
    shot = read_shot(write_jpeg_file(tmp_path / "a.jpg", picture=np.ascontiguousarray(stored), orientation=orientation))
    found = preview(shot)
    assert found.shape == (100, 160)
    assert found[:20, :35].min() > 180
    assert found[30:].max() < 90


def test_a_raw_file_gives_its_thumbnail_or_its_mosaic(tmp_path, shoot):
    path = sorted(shoot("iso", 2, size=(384, 256)).glob("*.dng"))[0]
    shot = read_shot(path)
    thumbnail = preview(shot)
    data = path.read_bytes()
    start = data.index(b"\xff\xd8\xff")
    (tmp_path / "b.dng").write_bytes(data[:start] + bytes(64) + data[start + 64 :])
    mosaic = preview(replace(shot, path=tmp_path / "b.dng"))
    assert max(thumbnail.shape) <= SIDE
    assert max(mosaic.shape) <= SIDE
    small = cv2.resize(mosaic, thumbnail.shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.corrcoef(small.ravel(), thumbnail.ravel())[0, 1] > 0.8
    assert mosaic.std() > 5


def test_tiff_and_heic(tmp_path):
    (tmp_path / "a.heic").write_bytes(HEIC)
    found = preview(read_shot(tmp_path / "a.heic"))
    assert found.shape == (64, 48)
    assert abs(np.corrcoef(found.mean(axis=1), np.arange(64))[0, 1]) > 0.99
    cv2.imwrite(str(tmp_path / "a.tif"), RAMP)
    assert preview(read_shot(tmp_path / "a.tif")).shape == (100, SIDE)


def test_what_gives_no_picture_is_none(tmp_path):
    shot = read_shot(write_dng_file(tmp_path / "a.dng"))
    (tmp_path / "b.dng").write_bytes(b"noise" * 100)
    assert preview(replace(shot, path=tmp_path / "b.dng")) is None
    assert preview(replace(shot, path=tmp_path / "gone.dng")) is None
    jpeg = write_jpeg_file(tmp_path / "a.jpg")
    data = jpeg.read_bytes()
    start = data.index(b"\xff\xc0")
    (tmp_path / "b.jpg").write_bytes(data[: start + 5] + struct.pack(">HH", 60000, 60000) + data[start + 9 :])
    assert preview(replace(read_shot(jpeg), path=tmp_path / "b.jpg")) is None
    tags = {256: long(60), 257: long(40), 258: short(8), 259: short(5), 262: short(1), 273: long(200), 279: long(10)}
    (tmp_path / "c.tif").write_bytes((HEADER + directory(tags, 8)).ljust(200, b"\0") + b"\xff" * 10)
    assert preview(read_shot(tmp_path / "c.tif")) is None
