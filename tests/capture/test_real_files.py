"""The tool on pictures from real cameras. Skipped where those are absent: they may not be given away with the project.

What their metadata say is in reading/test_real_metadata.py, how their folders are sorted in sorting/test_real_folders.py.
"""

import math

import pytest

from cat_dataset.series import read_series, verify_frames
from tests.capture.commands import cat_ingest


def test_a_bracket_of_fourteen_shutter_times(tmp_path, real_data):
    cat_ingest(real_data / "series" / "exposure_xh1_ex1", "--out", tmp_path)
    made = tmp_path / "exposure_xh1_ex1"
    series = read_series(made)
    verify_frames(made, series)
    assert (series.varies, len(series.frames)) == (("exposure",), 14)
    values = [frame.values["exposure"] for frame in series.frames]
    assert values[-1] - values[0] == pytest.approx(math.log2(0.00625 / 0.00025), abs=0.01)
    assert series.scene["camera"].startswith("FUJIFILM X-H1 ")
    # a tripod, and a tone curve that bends: nothing moved, brightness rises, no more can be said of a JPEG
    assert max(frame.measured["drift_px"] for frame in series.frames) < 0.5
    seen = [frame.measured["brightness_measured"] for frame in series.frames if "brightness_measured" in frame.measured]
    assert seen == sorted(seen)
    assert series.provenance["proof"]["verdicts"] == {"could not verify": 14}
    cat_ingest(real_data / "series" / "exposure_xh1_ex1", "--verify", made)


def test_three_frames_over_six_stops(tmp_path, real_data):
    cat_ingest(real_data / "series" / "exposure_5d2_frobisher", "--out", tmp_path, "--size", 256)
    series = read_series(tmp_path / "exposure_5d2_frobisher")
    assert [frame.values["exposure"] for frame in series.frames] == [-9.0, -6.0, -3.0]


def test_brackets_among_single_shots_in_which_iso_changes_too(tmp_path, real_data):
    done = cat_ingest(real_data / "series" / "bracket_rx100m6_groups", "--out", tmp_path, "--size", 256, expect=2)
    for said in (
        "DSC08199.JPG has ISO 4000, the other 4 have ISO 6400",
        "DSC08204.JPG has ISO 4000",
        "DSC08191.JPG, DSC08192.JPG: nothing varies",
    ):
        assert said in done.stderr
    made = {path.name: len(read_series(path).frames) for path in tmp_path.iterdir() if path.is_dir()}
    name = "bracket_rx100m6_groups-exposure-dsc0"
    assert made == {f"{name}8194": 2, f"{name}8196": 4, f"{name}8201": 4}


def test_cut_files_of_eight_cameras_are_each_named(tmp_path, real_data):
    done = cat_ingest(real_data / "headers", "--out", tmp_path, expect=2, workers=1)
    assert "8 of 8 files cannot be used" in done.stderr
    for path in (real_data / "headers").iterdir():
        assert path.name in done.stderr


@pytest.mark.parametrize(("file", "kelvin"), [("canon_eos_d30.crw", None), ("tinydng_colorchart.dng", 5303)])
def test_exact_changes_of_real_raw_files(tmp_path, real_data, file, kelvin):
    path = real_data / "raw" / file
    if kelvin is not None:
        cat_ingest(path, "--white-balance", 4, "--out", tmp_path, "--size", 256)
        (series,) = (read_series(one) for one in tmp_path.iterdir() if one.is_dir())
        assert series.frames[2].values["white_balance"] == pytest.approx(kelvin, abs=1)
    cat_ingest(path, "--exposure", "-1,0", "--out", tmp_path / "exposure", "--size", 256)


def test_one_file_is_no_series(tmp_path, real_data):
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "d30.crw").write_bytes((real_data / "raw" / "canon_eos_d30.crw").read_bytes())
    assert "d30.crw: one picture; a series needs at least two" in cat_ingest(folder, "--out", tmp_path / "series", expect=2).stderr
