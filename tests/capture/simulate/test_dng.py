import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction

import cv2
import exifread
import numpy as np
import pytest
import rawpy

from capture.simulate.dng import dng_bytes
from tests.capture.conftest import TAGS, write_dng_file


def test_pixels_and_levels_are_read_back_by_libraw(tmp_path):
    mosaic = np.random.default_rng(0).integers(0, 15001, (64, 96), np.uint16)
    path = tmp_path / "a.dng"
    path.write_bytes(dng_bytes(mosaic, TAGS))
    with rawpy.imread(str(path)) as raw:
        assert np.array_equal(raw.raw_image_visible, mosaic)
        assert raw.raw_pattern.tolist() == [[0, 1], [3, 2]]
        assert raw.black_level_per_channel == [2048] * 4
        assert raw.white_level == 15000
        assert 1 / np.array(raw.camera_whitebalance[:3]) == pytest.approx(TAGS.neutral, rel=1e-5)
        assert (raw.other.iso_speed, raw.other.aperture, raw.other.shutter_speed) == (400.0, 4.0, pytest.approx(1 / 60))
        # the colour matrix is applied: camera RGB of a D65 white becomes equal sRGB
        assert raw.color_matrix[:, :3].sum(axis=1) == pytest.approx([1, 1, 1], abs=0.01)


def test_exif_is_read_back_by_exifread(tmp_path):
    path = write_dng_file(tmp_path / "a.dng", orientation=6)
    with open(path, "rb") as stream:
        tags = exifread.process_file(stream, details=False)
    expected = {
        "EXIF ISOSpeedRatings": "400", "EXIF FNumber": "4", "EXIF ExposureTime": "1/60", "EXIF FocalLength": "35",
        "EXIF DateTimeOriginal": "2026:01:02 03:04:05", "EXIF SubSecTimeOriginal": "07", "EXIF SubjectDistance": "3",
        "EXIF BodySerialNumber": "SECRET-4711", "EXIF WhiteBalance": "Manual", "Image Orientation": "Rotated 90 CW",
        "Image ImageDescription": "a wall", "Image Model": "CatSim PB-1", "EXIF LensModel": "CatSim zoom f/1.4",
    }  # fmt: skip
    assert {name: str(tags[name]) for name in expected} == expected


def test_an_iso_above_65535_stands_in_the_exposure_index(tmp_path):
    path = write_dng_file(tmp_path / "a.dng", iso=102400)
    with open(path, "rb") as stream:
        tags = exifread.process_file(stream, details=False)
    assert (str(tags["EXIF ISOSpeedRatings"]), str(tags["EXIF RecommendedExposureIndex"])) == ("65535", "102400")


def test_fractions_are_exact_and_bytes_are_a_function_of_the_arguments(tmp_path):
    one = write_dng_file(tmp_path / "a.dng", exposure_time=Fraction(10, 601), f_number=Fraction(28, 10))
    two = write_dng_file(tmp_path / "b.dng", exposure_time=Fraction(10, 601), f_number=Fraction(28, 10))
    assert one.read_bytes() == two.read_bytes()
    with open(one, "rb") as stream:
        tags = exifread.process_file(stream, details=False)
    assert (str(tags["EXIF ExposureTime"]), str(tags["EXIF FNumber"])) == ("10/601", "14/5")


@pytest.mark.parametrize("compressed", [True, False])
def test_exiftool_finds_nothing_wrong(tmp_path, compressed):
    """Every optional tag written, and none."""
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed")
    mosaic = np.random.default_rng(0).integers(0, 15001, (64, 96), np.uint16)
    rich = replace(TAGS, kelvin=5200.0, light_source=3, compensation=Fraction(-4, 3), program=3, flash=True, iso=102400)
    for tags in (TAGS, rich, replace(TAGS, description="", lens="", subsecond="", f_number=Fraction(0), focal_length_mm=0.0)):
        path = tmp_path / "a.dng"
        path.write_bytes(dng_bytes(mosaic, tags, compressed=compressed))
        done = subprocess.run(["exiftool", "-validate", "-warning", "-error", "-a", str(path)], capture_output=True, text=True, check=False)
        assert done.stdout.split() == ["Validate", ":", "OK"]
    path.write_bytes(dng_bytes(mosaic, rich))
    names = ("XMP-crs:ColorTemperature", "ExposureCompensation", "LightSource", "Flash", "SubIFD:Compression", "SubIFD:NoiseProfile")
    done = subprocess.run(
        ["exiftool", "-n", "-s3", *(f"-{name}" for name in names), str(path)], capture_output=True, text=True, check=False
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "5200"
    assert float(lines[1]) == pytest.approx(-4 / 3)
    assert lines[2:5] == ["3", "1", "7"]
    assert lines[5] == "0.0001 1e-06 0.0001 1e-06 0.0001 1e-06"


def test_lossless_compression_and_its_absence_hold_the_same_numbers(tmp_path):
    mosaic = np.random.default_rng(1).normal(5000, 60, (128, 192)).astype(np.uint16)
    sizes = []
    for compressed in (True, False):
        path = tmp_path / f"{compressed}.dng"
        path.write_bytes(dng_bytes(mosaic, TAGS, compressed=compressed))
        with rawpy.imread(str(path)) as raw:
            assert np.array_equal(raw.raw_image_visible, mosaic)
        sizes.append(path.stat().st_size)
    assert sizes[0] < 0.7 * sizes[1]
    with pytest.raises(ValueError, match="14 bits"):
        dng_bytes(mosaic + np.uint16(12000), TAGS)


def test_the_preview_shows_the_picture_upright_in_colour(tmp_path):
    """A red left half and a blue right half; the preview is balanced by AsShotNeutral."""
    mosaic = np.full((512, 768), 2048, np.uint16)
    mosaic[0::2, 0:384:2] = 9000
    mosaic[1::2, 385::2] = 9000
    path = tmp_path / "a.dng"
    path.write_bytes(dng_bytes(mosaic, TAGS))
    with rawpy.imread(str(path)) as raw:
        thumb = raw.extract_thumb()
    picture = cv2.imdecode(np.frombuffer(thumb.data, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape[1] < 300
    left, right = picture[:, : picture.shape[1] // 3].mean(axis=(0, 1)), picture[:, -picture.shape[1] // 3 :].mean(axis=(0, 1))
    assert min(left[2], right[0]) > 180
    assert max(left[0], right[2]) < 40
    assert path.stat().st_size < 400_000
