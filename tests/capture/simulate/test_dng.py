from fractions import Fraction

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
