"""What must be read from real camera files, value by value. Skipped where they are absent: they may not be given away.

The header files hold whole metadata and cut pixels, so each reader is asked by itself, and `read_shot` must refuse them.
"""

import re
import shutil

import numpy as np
import pytest

from capture.reading.colours import body_profile, dng_gains, dng_profile, usable_gains
from capture.reading.complete import complete
from capture.reading.exif import exif_statement, exif_tags
from capture.reading.exiftool import exiftool_statements
from capture.reading.exiv2_tags import _library, exiv2_statement
from capture.reading.formats import kind_of
from capture.reading.libraw import raw_file
from capture.reading.merge import merged
from capture.reading.read import read_shot
from capture.reading.shot import Shot
from capture.reading.tiff import WHITE_LEVEL, directories, number, raw_directory
from cat_dataset.errors import InputError

X, T, L = "exif", "exiftool", "libraw"
SERIAL = " [0-9a-f]{8}"

HEADERS = {
    "exiftool_CanonRaw.cr2": {
        "camera": "Canon EOS 350D DIGITAL" + SERIAL, "iso": (400, X), "f_number": (8, X), "shutter": (1 / 15, X), "compensation": (0, X),
        "focal_length": (55, X), "focus_distance": None, "camera_kelvin": (3064, T), "lens": "18.0 - 55.0 mm",
        "automatic_white_balance": True,
        "flash": False, "orientation": 1, "seconds": 1123095558.0,
    },
    "exiftool_CanonRaw.cr3": {
        "camera": "Canon EOS M50" + SERIAL, "iso": (12800, X), "f_number": (3.5, X), "shutter": (1 / 80, X), "focal_length": (15, X),
        "focus_distance": (0.22957, T), "camera_kelvin": (3284, T), "lens": "EF-M15-45mm f/3.5-6.3 IS STM",
        "automatic_white_balance": True,
        "flash": False, "seconds": 1519214936.21,
    },
    "exiftool_DNG.dng": {
        "camera": "Canon EOS 350D DIGITAL" + SERIAL, "iso": (400, X), "f_number": (8, X), "shutter": (1 / 15, X), "focal_length": (55, X),
        "camera_kelvin": (3064, T), "white_balance_mode": "automatic", "seconds": 1123095558.0,
    },
    "exiftool_FujiFilm.raf": {
        "camera": "FUJIFILM FinePix S5Pro" + SERIAL, "iso": (100, X), "f_number": (8, X), "shutter": (1 / 250, X),
        "focal_length": (70, X),
        "camera_kelvin": None, "automatic_white_balance": True, "flash": False, "seconds": 1179842310.0,
    },
    "exiftool_Nikon.nef": {
        "camera": "NIKON CORPORATION NIKON D70" + SERIAL, "iso": (200, X), "f_number": (3.5, X), "shutter": (1 / 20, X),
        "focal_length": (18, X),
        "focus_distance": (2.3714, T), "camera_kelvin": None, "lens": "AF-S DX Zoom-Nikkor 18-70mm f/3.5-4.5G IF-ED",
        "automatic_white_balance": True, "seconds": 1086796955.0,
    },
    "exiftool_Panasonic.rw2": {
        "camera": "Panasonic DMC-LX3" + SERIAL, "iso": (80, X), "f_number": (4, X), "shutter": (1 / 250, X), "focal_length": (5.1, X),
        "camera_kelvin": None, "automatic_white_balance": True, "flash": False, "seconds": 1218036116.0,
    },
    "exiv2_iphone_IMG_1361.dng": {
        "camera": "Apple iPhone 12 Pro", "iso": (32, X), "f_number": (1.6, X), "shutter": (1 / 5556, X), "focal_length": (4.2, X),
        "orientation": 6,
        "focus_distance": None, "camera_kelvin": None, "lens": "iPhone 12 Pro back triple camera 4.2mm f/1.6",
        "automatic_white_balance": True,
        "seconds": 1609251885.7,
    },
    "imagemeta_header.arw": {
        "camera": "SONY SLT-A55V", "iso": (100, X), "f_number": (13, X), "shutter": (1 / 100, X), "focal_length": (30, X),
        "focus_distance": None,
        "camera_kelvin": None, "lens": "DT 18-200mm F3.5-6.3", "automatic_white_balance": True, "flash": False, "seconds": 1508673260.0,
    },
}  # fmt: skip
"""By file: values with the reader that gives them; None is unknown to all."""

SERIALS = (b"123456789", b"012345678", b"613040000565", b"12345678", b"F350807010058", b"20582698", b"305465770", b"94M51759")

needs_exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")


def _statements(path):
    return [exif_statement(path, exif_tags(path)), *exiv2_statement(path, kind_of(path))]


def _check(shot, expected, name):
    if name == "camera":
        assert re.fullmatch(expected, shot.camera)
    elif isinstance(expected, tuple):
        found = getattr(shot, name)
        assert (found.value, found.reader, found.others) == (pytest.approx(expected[0], rel=1e-4), expected[1], {})
    else:
        assert getattr(shot, name) == expected


@needs_exiftool
@pytest.mark.parametrize("file", HEADERS)
def test_every_value_comes_from_the_reader_that_knows_it(real_data, file):
    path = real_data / "headers" / file
    said, lines = exiftool_statements([path])
    assert lines == []
    shot = merged(Shot(path, kind_of(path), 0, 0, ""), [*_statements(path), said[path]])
    for name, expected in HEADERS[file].items():
        _check(shot, expected, name)
    assert shot.remarks == ()  # all readers agree
    assert not any(serial in repr(shot).encode() for serial in SERIALS)


@pytest.mark.parametrize("file", HEADERS)
def test_without_exiftool_the_settings_are_the_same(real_data, file):
    path = real_data / "headers" / file
    shot = merged(Shot(path, kind_of(path), 0, 0, ""), _statements(path))
    for name in ("iso", "f_number", "shutter", "focal_length", "seconds"):
        _check(shot, HEADERS[file][name], name)
    assert shot.camera_kelvin is None


def test_exiv2_reads_all_but_a_cut_cr3(real_data):
    if _library() is None:
        pytest.skip("exiv2 is not installed")
    for file, expected in HEADERS.items():
        path = real_data / "headers" / file
        said = exiv2_statement(path, kind_of(path))
        if file.endswith(".cr3"):
            assert said == []
            continue
        assert said[0].numbers["iso"] == expected["iso"][0]
        assert said[0].numbers["shutter"] == pytest.approx(expected["shutter"][0])


@pytest.mark.parametrize(
    ("file", "white", "kelvin", "duv"),
    [
        ("headers/exiftool_DNG.dng", 4095, 3585, 0.0008),  # the camera says 3064 K
        ("headers/exiv2_iphone_IMG_1361.dng", 65535, 5183, 0.0020),
        ("raw/tinydng_colorchart.dng", 15000, 5303, 0.0111),
    ],
)
def test_white_balance_from_the_tags_of_a_dng_is_libraws_after_unpacking(real_data, file, white, kelvin, duv):
    path = real_data / file
    with open(path, "rb") as stream:
        found = directories(stream, path.stat().st_size)
    profile = dng_profile(found[0])
    gains = dng_gains(found[0], profile)
    assert profile.kelvin_and_duv(np.array(gains)) == (pytest.approx(kelvin, rel=0.002), pytest.approx(duv, abs=0.0005))
    with raw_file(path) as raw:
        assert gains == pytest.approx(usable_gains(raw.camera_whitebalance), rel=1e-5)
        assert number(raw_directory(found), WHITE_LEVEL) == raw.white_level == white


@pytest.mark.parametrize(("file", "kelvin", "duv"), [("exiftool_Panasonic.rw2", 5088, 0.0021), ("imagemeta_header.arw", 4753, -0.0006)])
def test_white_balance_through_libraws_matrix_for_the_body(real_data, file, kelvin, duv):
    with raw_file(real_data / "headers" / file) as raw:
        profile = body_profile(np.asarray(raw.rgb_xyz_matrix, np.float64)[:3])
        found = profile.kelvin_and_duv(np.array(usable_gains(raw.camera_whitebalance)))
    assert found == (pytest.approx(kelvin, rel=0.002), pytest.approx(duv, abs=0.0005))


def test_every_header_file_is_refused_as_cut(real_data):
    for file in HEADERS:
        with pytest.raises(
            InputError, match=f"{file} (has .* it was cut|ends before|has no picture where|cannot be read as a camera RAW file)"
        ):
            read_shot(real_data / "headers" / file)


@needs_exiftool
def test_an_old_camera_that_only_libraw_and_exiftool_know(real_data):
    """The D30's CRW has no EXIF; exiv2 derives its 5 s as 1 s, and no as-shot white balance is recorded."""
    before = read_shot(real_data / "raw" / "canon_eos_d30.crw")
    assert (before.iso.reader, before.shutter.reader, before.shutter.value) == (L, L, pytest.approx(4.96743))
    assert (before.gains_stated, before.saturation) == (False, 4095)
    (shot,) = complete([before])
    assert (shot.kelvin, shot.flash) == (None, None)
    assert (shot.iso.value, shot.iso.reader, shot.compensation.value) == (100, T, pytest.approx(-2 / 3))
    assert (shot.shutter.value, shot.shutter.reader) == (pytest.approx(5.04, abs=0.01), T)
    assert shot.focus_distance.value == pytest.approx(1.354, abs=0.001)
    assert re.fullmatch("Canon EOS D30" + SERIAL, shot.camera)
    assert "as-shot white balance" in shot.remarks[0]
    if _library() is not None:
        assert shot.shutter.others == {"exiv2": 1.0}
        assert "shutter is 5.03968 s for exiftool" in shot.remarks[1]


def test_zeros_of_a_manual_lens_stay_unknown(real_data):
    """LibRaw says f/1.0 and 1 s here, and the year 1970."""
    (shot,) = complete([read_shot(real_data / "raw" / "tinydng_colorchart.dng")])
    assert (shot.iso, shot.f_number, shot.shutter, shot.focal_length, shot.seconds) == (None, None, None, None, None)
    assert (shot.camera, shot.saturation, shot.kelvin.reader) == ("Canon EOS Kiss X4", 15000, "computed")


@needs_exiftool
@pytest.mark.parametrize(
    ("folder", "files", "camera", "isos", "f_numbers"),
    [
        ("exposure_xh1_ex1", 14, "FUJIFILM X-H1" + SERIAL, {400}, {1.4}),
        ("exposure_5d2_frobisher", 3, "Canon EOS 5D Mark II", {100}, {8}),
        ("bracket_rx100m6_groups", 15, "SONY DSC-RX100M6", None, None),
    ],
)
def test_jpeg_series(real_data, folder, files, camera, isos, f_numbers):
    paths = [path for path in sorted((real_data / "series" / folder).iterdir()) if path.suffix.lower() == ".jpg"]
    shots = complete([read_shot(path) for path in paths])
    assert len(shots) == files
    assert all(re.fullmatch(camera, shot.camera) for shot in shots)
    assert all(shot.shutter.reader == shot.iso.reader == X for shot in shots)
    assert [line for shot in shots for line in shot.remarks] == []
    assert isos is None or {shot.iso.value for shot in shots} == isos
    assert f_numbers is None or {shot.f_number.value for shot in shots} == f_numbers
    assert [shot.path for shot in sorted(shots, key=lambda shot: shot.order)] == paths
