"""Traps in what files say, read back by ExifRead and LibRaw."""

from datetime import datetime
from itertools import pairwise

import numpy as np
import pytest
import rawpy

from capture.simulate.sensor import Sensor
from tests.capture.simulate.looking import brightness, correlation, files, green, number, tags


@pytest.fixture
def trapped(shoot):
    def take(vary, *traps, frames=3, **more):
        folder = shoot(vary, frames, traps=traps, name=f"{vary}_{len(shoot.truth)}", **{"size": (96, 64), **more})
        return files(folder), shoot.truth[folder]

    return take


def claimed_ev(path):
    """log2(t·ISO/N²) as the file says."""
    iso, shutter, aperture = (number(path, f"EXIF {name}") for name in ("ISOSpeedRatings", "ExposureTime", "FNumber"))
    return float(np.log2(shutter * iso / aperture**2))


@pytest.mark.parametrize(
    ("vary", "trap", "tag"),
    [
        ("iso", "wrong_exif", "ISOSpeedRatings"),
        ("aperture", "wrong_exif", "FNumber"),
        ("exposure", "wrong_exif", "ExposureTime"),
        ("exposure", "wrong_iso", "ISOSpeedRatings"),
        ("iso", "wrong_aperture", "FNumber"),
        ("iso", "wrong_shutter", "ExposureTime"),
    ],
)
def test_a_wrong_setting_is_claimed_and_the_pixels_say_otherwise(trapped, vary, trap, tag):
    limits = {"iso": (100, 400), "aperture": (4, 8), "exposure": (-1, 1)}[vary]
    honest, _ = trapped(vary, limits=limits, size=(192, 128))
    paths, told = trapped(vary, f"{trap}:2=1.5", limits=limits, size=(192, 128))
    different = [name for name in ("ISOSpeedRatings", "FNumber", "ExposureTime")
                 if number(paths[1], f"EXIF {name}") != number(honest[1], f"EXIF {name}")]  # fmt: skip
    assert different == [tag]
    assert honest[0].read_bytes() == paths[0].read_bytes()
    seen, asked = brightness(paths[1], paths[0]), claimed_ev(paths[1]) - claimed_ev(paths[0])
    assert asked - seen == pytest.approx(1.5, abs=0.05)
    assert told[1]["traps"] == [{"trap": trap, "tag": {"ISOSpeedRatings": "iso", "FNumber": "f_number", "ExposureTime": "shutter"}[tag],
                                 "claimed_ev": 1.5}]  # fmt: skip
    assert told[1]["done"] == told[1]["claimed"] | {
        key: told[1]["done"][key] for key in ("iso", "f_number", "shutter") if told[1]["done"][key] != told[1]["claimed"][key]
    }


def when(path):
    return datetime.strptime(str(tags(path)["EXIF DateTimeOriginal"]), "%Y:%m:%d %H:%M:%S")


def test_the_clock_jumps_back(trapped):
    paths, _ = trapped("iso", "clock:3=7200", frames=4)
    steps = [(when(after) - when(before)).total_seconds() for before, after in pairwise(paths)]
    assert steps == [1, 1 - 7200, 1 + 7200]


def test_a_burst_in_one_second_without_fractions(trapped):
    paths, _ = trapped("iso", "same_second")
    assert len({when(path) for path in paths}) == 1
    assert not any("EXIF SubSecTimeOriginal" in tags(path) for path in paths)


def test_another_body_has_another_number_and_another_pattern(trapped):
    """The fixed pattern, made strong here, is what remains when the average of its surroundings is taken off."""
    rough = {"sensor": Sensor(non_uniformity=0.1), "size": (192, 128)}
    paths, _ = trapped("white_balance", "other_camera:3", "flicker=0.1", **rough)
    serials = [str(tags(path)["EXIF BodySerialNumber"]) for path in paths]
    assert serials[0] == serials[1] != serials[2]
    patterns = []
    for path in paths:
        one = np.log(np.maximum(green(path), 0.01))
        patterns.append((one - (np.roll(one, 1, 1) + np.roll(one, -1, 1) + np.roll(one, 1, 0) + np.roll(one, -1, 0)) / 4)[1:-1, 1:-1])
    flat = np.abs(patterns[0]) < 0.3
    assert correlation(patterns[0][flat], patterns[1][flat]) > 0.5 + correlation(patterns[0][flat], patterns[2][flat]) / 2
    assert correlation(patterns[0][flat], patterns[1][flat]) > correlation(patterns[0][flat], patterns[2][flat]) + 0.2


def test_another_lens(trapped):
    paths, _ = trapped("iso", "other_lens:2")
    assert [str(tags(path)["EXIF LensModel"]) for path in paths] == ["CatSim zoom f/1.4", "CatSim 50mm f/1.8", "CatSim zoom f/1.4"]


def test_a_manual_lens_says_nothing(trapped):
    paths, told = trapped("iso", "manual_lens")
    for path in paths:
        assert (number(path, "EXIF FNumber"), number(path, "EXIF FocalLength")) == (0, 0)
        assert "EXIF LensModel" not in tags(path)
    assert told[0]["done"]["f_number"] == 4


def test_a_turned_orientation(trapped):
    paths, _ = trapped("iso", "rotated:2=6")
    flips = []
    for path in paths:
        with rawpy.imread(str(path)) as raw:
            flips.append(raw.sizes.flip)
    assert flips == [0, 6, 0]


def test_automatic_white_balance_drifts(trapped):
    paths, told = trapped("exposure", "auto_wb=40", frames=5)
    assert {str(tags(path)["EXIF WhiteBalance"]) for path in paths} == {"Auto"}
    kelvins = [one["done"]["kelvin"] for one in told]
    ratios = []
    for path in paths:
        with rawpy.imread(str(path)) as raw:
            ratios.append(raw.camera_whitebalance[0] / raw.camera_whitebalance[2])
    assert len(set(ratios)) == 5
    assert all(abs(1e6 / kelvin - 1e6 / 6504) < 40.1 for kelvin in kelvins)
    assert np.argsort(ratios).tolist() == np.argsort(kelvins).tolist()
