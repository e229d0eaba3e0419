import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from capture.colour_temperature import ColourProfile
from capture.reading.complete import complete
from capture.reading.formats import Kind
from capture.reading.read import read_shot
from capture.reading.shot import Shot
from capture.simulate.sensor import COLOUR_MATRIX
from tests.capture.conftest import write_dng_file, write_jpeg_file
from tests.capture.reading.heic_sample import HEIC


def test_kelvin_and_duv_are_computed_from_the_gains(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    profile = ColourProfile(COLOUR_MATRIX)
    shots = [read_shot(write_dng_file(tmp_path / f"{k}.dng", neutral=profile.neutral(k))) for k in (3000, 5300, 9000)]
    notes: list[str] = []
    for shot, kelvin in zip(complete(shots, notes), (3000, 5300, 9000), strict=True):
        assert shot.kelvin.reader == shot.duv.reader == "computed"
        assert 1e6 / shot.kelvin.value == pytest.approx(1e6 / kelvin, abs=0.2)
        assert abs(shot.duv.value) < 0.004
    assert notes == ["exiftool is not installed: values that only it reads stay unknown"]


def test_gains_are_converted_once_for_all_shots_that_share_them(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    asked = []
    plain = ColourProfile.kelvin_and_duv

    def counted(self, gains):
        asked.append(tuple(gains))
        return plain(self, gains)

    monkeypatch.setattr(ColourProfile, "kelvin_and_duv", counted)
    shots = [read_shot(write_dng_file(tmp_path / f"{number}.dng", seed=number)) for number in range(3)]
    other = replace(shots[0], profile=ColourProfile(np.array(COLOUR_MATRIX) * [[1.2], [1], [1]]))
    found = complete([*shots, other])
    assert len(asked) == 2
    assert found[0].kelvin.value == found[2].kelvin.value != found[3].kelvin.value


def test_a_white_balance_that_fits_no_white_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (shot,) = complete([read_shot(write_dng_file(tmp_path / "a.dng", neutral=np.array([1.0, 0.01, 1.0])))])
    assert (shot.kelvin, shot.duv) == (None, None)
    assert "kelvins are not known" in shot.remarks[-1]


def test_pictures_without_multipliers_have_no_kelvin(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (shot,) = complete([read_shot(write_jpeg_file(tmp_path / "a.jpg"))])
    assert (shot.kelvin, shot.duv) == (None, None)


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_fills_in_and_changes_nothing_else(tmp_path, monkeypatch):
    (tmp_path / "a.heic").write_bytes(HEIC)
    paths = [write_dng_file(tmp_path / "a.dng", kelvin=4800.0), write_jpeg_file(tmp_path / "a.jpg"), tmp_path / "a.heic"]
    before = [read_shot(path) for path in paths]
    after = complete(before)
    assert after[0].camera_kelvin.value == 4800.0
    assert after[0].camera_kelvin.reader == "exiftool"
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    for with_it, without in zip(after, complete(before), strict=True):
        same = replace(with_it, camera_kelvin=without.camera_kelvin, statements=without.statements)
        assert same == without
    assert after[2].orientation == 1


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_where_exiftool_disagrees_it_is_named(tmp_path):
    path = write_dng_file(tmp_path / "a.dng", iso=400)
    shot = replace(read_shot(path), path=path)
    exif = replace(shot.statements[0], numbers={**shot.statements[0].numbers, "iso": 800.0})
    (found,) = complete([replace(shot, statements=(exif,))])
    assert (found.iso.value, found.iso.others) == (800.0, {"exiftool": 400.0})
    assert any("iso is 800 for exif, which is taken, and 400 for exiftool" in line for line in found.remarks)


def test_no_shots(tmp_path):
    assert complete([]) == []
    assert Shot(Path("a"), Kind.RAW, 1, 1, "").raw
