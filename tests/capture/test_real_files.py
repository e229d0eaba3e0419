"""The tool on pictures from real cameras. Skipped where those are absent: they may not be given away with the project."""

import math

import cv2
import numpy as np
import pytest
import rawpy

from capture.developing.develop import develop, recipe_for
from capture.reading.read import read_shot
from cat_dataset.series import read_series, verify_frames
from tests.capture.conftest import run


def test_a_bracket_of_fourteen_shutter_times(tmp_path, real_data):
    run("capture.ingest", real_data / "series" / "exposure_xh1_ex1", "--out", tmp_path, "--size", 256)
    made = tmp_path / "exposure_xh1_ex1"
    series = read_series(made)
    verify_frames(made, series)
    assert (series.varies, len(series.frames)) == (("exposure",), 14)
    values = [frame.values["exposure"] for frame in series.frames]
    assert values[-1] - values[0] == pytest.approx(math.log2(0.00625 / 0.00025), abs=0.01)
    assert series.scene["camera"].startswith("FUJIFILM X-H1 ")
    seen = [frame.measured["seen_ev"] for frame in series.frames]
    assert seen == sorted(seen)


def test_three_frames_over_six_stops(tmp_path, real_data):
    run("capture.ingest", real_data / "series" / "exposure_5d2_frobisher", "--out", tmp_path, "--size", 256)
    series = read_series(tmp_path / "exposure_5d2_frobisher")
    assert [frame.values["exposure"] for frame in series.frames] == [-9.0, -6.0, -3.0]


def test_brackets_in_which_more_changes_are_refused(tmp_path, real_data):
    done = run("capture.ingest", real_data / "series" / "bracket_rx100m6_groups", "--out", tmp_path, expect=2)
    assert "more than one setting varies (ISO: 3200" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_cut_files_of_eight_cameras_are_each_named(tmp_path, real_data):
    done = run("capture.ingest", real_data / "headers", "--out", tmp_path, expect=2)
    assert "8 of 8 files cannot be used" in done.stderr
    for path in (real_data / "headers").iterdir():
        assert path.name in done.stderr


def test_raw_files_of_two_old_cameras_develop(real_data):
    for name in ("canon_eos_d30.crw", "tinydng_colorchart.dng"):
        shot = read_shot(real_data / "raw" / name)
        linear = develop(shot, shot.gains, recipe_for([shot], [shot.gains], 512, False, 1))
        assert max(linear.shape) == 512
        with rawpy.imread(str(shot.path)) as raw:
            fixed = {"no_auto_bright": True, "adjust_maximum_thr": 0.0, "gamma": (1, 1), "output_bps": 16, "user_flip": 0}
            theirs = raw.postprocess(user_wb=[*shot.gains, 1.0], half_size=True, **fixed)
        theirs = cv2.resize(theirs, linear.shape[1::-1], interpolation=cv2.INTER_AREA) / 65535
        usable = (theirs.min(axis=-1) > 0.02) & (theirs.max(axis=-1) < 0.6)
        assert usable.mean() > 0.1
        ratio = np.median(linear[usable] / theirs[usable], axis=0)
        assert ratio == pytest.approx(np.full(3, ratio[1]), rel=0.01)
        assert ratio[1] == pytest.approx(1, abs=0.05)
        assert 0.005 < linear.mean() < 0.7


def test_one_file_is_no_series(tmp_path, real_data):
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "d30.crw").write_bytes((real_data / "raw" / "canon_eos_d30.crw").read_bytes())
    assert "one frame (d30.crw)" in run("capture.ingest", folder, "--out", tmp_path / "series", expect=2).stderr
