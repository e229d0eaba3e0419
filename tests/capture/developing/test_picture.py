"""Pictures that are no RAW: what each format's numbers mean, and files that are cut, damaged or hostile."""

from __future__ import annotations

import base64
import io
import struct
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest
from PIL import Image, ImageCms

from capture.developing.decode import decode
from capture.developing.icc import parse_profile
from capture.developing.recipe import FrameRecipe
from capture.srgb import Linear, decoded16, linear16
from cat_dataset.errors import InputError
from tests.capture.conftest import write_jpeg_file
from tests.capture.developing.files import plain, shot_of

HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAVZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAABeg"
    "ABAAAAAAAAABwAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA1mlwcnAAAAC3aXBjbwAAAHhodmNDAQNwAAAAkAAAAAAAHvAA"
    "/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQArQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbqSSmubgIaDAgAAAMAyAAAAwAIQGIAAQAHRAHBcrAiQA"
    "AAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABAAAAAQAAAABBwaXhpAAAAAAMICAgAAAAXaXBtYQAAAAAAAAABAAEEgQIDBAAAACRtZGF0AAAAGCgBrxmA9wfI"
    "s5zSx7wMCY0tW9L87N6PwA=="
)
"""64×64 pixels, a grey ramp from 20 on the left to 230 on the right, made with x265."""

PICTURE = cv2.resize(np.random.default_rng(0).integers(0, 255, (8, 12, 3), np.uint8), (96, 64), interpolation=cv2.INTER_CUBIC)


def linear_of(path: Path, size: tuple[int, int] = (96, 64)) -> tuple[Linear, tuple[str, ...]]:
    decoded = decode(shot_of(path, *size), plain())
    return decoded.picture(FrameRecipe(), plain()), decoded.remarks


def write_tiff(path: Path, rgb: np.ndarray, **options: object) -> Path:
    """A TIFF of 8 bits by Pillow, or of 16 bits or float by OpenCV."""
    if rgb.dtype == np.uint8:
        Image.fromarray(rgb).save(path, "TIFF", **options)
    else:
        cv2.imwrite(str(path), rgb[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, 1])
    return path


def profile_bytes(gamma: float | None, name: bytes) -> bytes:
    """An ICC profile (version 2) that holds a description and a red curve: of ``gamma``, or the identity for None."""
    text = b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name + b"\0"
    curve = b"curv\0\0\0\0" + (struct.pack(">I", 0) if gamma is None else struct.pack(">IH", 1, round(gamma * 256)))
    at = 132 + 2 * 12
    table = struct.pack(">I4sII4sII", 2, b"desc", at, len(text), b"rTRC", at + len(text), len(curve))
    return b"\0" * 36 + b"acsp" + b"\0" * 88 + table + text + curve


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate"])
def test_tiff_of_eight_bits_is_srgb(tmp_path: Path, compression: str | None) -> None:
    linear, remarks = linear_of(write_tiff(tmp_path / "a.tif", PICTURE, compression=compression))
    assert np.array_equal(linear, (linear16()[PICTURE] * np.float32(1 / 65535)).astype(np.float32))
    assert remarks == ()


def test_tiff_of_sixteen_bits_is_srgb(tmp_path: Path) -> None:
    deep = PICTURE.astype(np.uint16) * 250 + 3
    assert linear_of(write_tiff(tmp_path / "a.tiff", deep))[0] == pytest.approx(decoded16()[deep], abs=1e-7)


def test_tiff_of_floats_is_linear(tmp_path: Path) -> None:
    light = PICTURE.astype(np.float32) / 100
    assert linear_of(write_tiff(tmp_path / "a.tif", light))[0] == pytest.approx(light, abs=1e-6)


@pytest.mark.parametrize("gamma", [None, 1.0])
def test_a_linear_profile_declares_linear_light(tmp_path: Path, gamma: float | None) -> None:
    path = write_tiff(tmp_path / "a.tif", PICTURE, icc_profile=profile_bytes(gamma, b"linear sRGB"))
    linear, remarks = linear_of(path)
    assert linear == pytest.approx(PICTURE / 255, abs=1e-6)
    assert remarks == ()


def test_other_colour_spaces_are_named(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", PICTURE, icc_profile=profile_bytes(2.2, b"Adobe RGB (1998)"))
    assert "'Adobe RGB (1998)'; it is read as sRGB" in linear_of(path)[1][0]
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    stream = io.BytesIO()
    Image.fromarray(PICTURE).save(stream, "JPEG", icc_profile=srgb)
    (tmp_path / "a.jpg").write_bytes(stream.getvalue())
    assert linear_of(tmp_path / "a.jpg")[1] == ()
    wide = srgb.replace("sRGB".encode("utf-16-be"), "P3xx".encode("utf-16-be"))
    assert parse_profile(wide).remark != ""
    assert not parse_profile(wide).linear


@pytest.mark.parametrize("data", [b"", b"\0" * 200, profile_bytes(1.0, b"x")[:131], b"\0" * 36 + b"acsp" + b"\xff" * 300])
def test_profiles_that_are_none_change_nothing(data: bytes) -> None:
    assert not parse_profile(data).linear


def test_heic(tmp_path: Path) -> None:
    path = tmp_path / "a.heic"
    path.write_bytes(HEIC)
    linear, _ = linear_of(path, (64, 64))
    expected = linear16()[np.linspace(20, 230, 64).astype(np.uint8)] / 65535
    assert linear[..., 1].mean(axis=0) == pytest.approx(expected, abs=0.06)
    path.write_bytes(HEIC[:-20])
    with pytest.raises(InputError, match="cannot be read as HEIC"):
        linear_of(path, (64, 64))


@pytest.mark.parametrize("alpha", [False, True])
def test_exr_and_hdr_are_linear(tmp_path: Path, alpha: bool) -> None:
    light = (PICTURE.astype(np.float32) / 50).astype(np.float32)
    planes = np.dstack([light, np.ones((64, 96), np.float32)]) if alpha else light
    OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}, {"RGBA" if alpha else "RGB": planes}).write(
        str(tmp_path / "a.exr")
    )
    assert linear_of(tmp_path / "a.exr")[0] == pytest.approx(light, abs=1e-6)
    cv2.imwrite(str(tmp_path / "a.hdr"), light[..., ::-1])
    assert linear_of(tmp_path / "a.hdr")[0] == pytest.approx(light, abs=0.05)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    tiff = write_tiff(tmp_path / "whole.tif", PICTURE).read_bytes()
    lzw = write_tiff(tmp_path / "lzw.tif", PICTURE, compression="tiff_lzw").read_bytes()
    jpeg = write_jpeg_file(tmp_path / "whole.jpg").read_bytes()
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": PICTURE.astype(np.float32)}).write(str(tmp_path / "whole.exr"))
    exr = (tmp_path / "whole.exr").read_bytes()
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": np.full((64, 96, 3), np.nan, np.float32)}).write(str(tmp_path / "nan.exr"))
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {"Z": np.ones((64, 96), np.float32)}).write(str(tmp_path / "depth.exr"))
    grey = write_jpeg_file(tmp_path / "one.jpg", picture=np.full((64, 96, 3), 90, np.uint8)).read_bytes()
    cases = {
        "cut.tif": (tiff[: len(tiff) // 2], "damaged"), "cut_lzw.tif": (lzw[: len(lzw) // 2], "damaged"),
        "cut.jpg": (jpeg[:-900], "ends before its picture"), "one_colour.jpg": (grey, "one colour"),
        "cut.exr": (exr[: len(exr) // 2], "cannot be read as OpenEXR"), "no.exr": (b"hello" * 99, "damaged"),
        "not_finite.exr": ((tmp_path / "nan.exr").read_bytes(), "not finite"),
        "no_colour.exr": ((tmp_path / "depth.exr").read_bytes(), "not R, G, B"),
        "empty.tif": (b"", "damaged"), "empty.jpg": (b"", "ends before"), "no.heic": (b"hello" * 99, "cannot be read as HEIC"),
    }  # fmt: skip
    for name, (data, says) in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=says) as caught:
            linear_of(tmp_path / name)
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_size_that_is_too_large_is_refused_before_decoding(tmp_path: Path) -> None:
    path = write_jpeg_file(tmp_path / "a.jpg")
    with pytest.raises(InputError, match="says it is 60000×60000"):
        linear_of(path, (60000, 60000))
