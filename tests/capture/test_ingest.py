import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from fractions import Fraction

import cv2
import numpy as np
import pytest

from cat_dataset.series import read_series, verify_frames
from tests.capture.conftest import ROOT, folder_bytes, run, write_dng_file, write_jpeg_file


def ingest(*arguments, expect=0):
    return run("capture.ingest", *arguments, expect=expect)


@pytest.mark.parametrize(
    ("vary", "frames", "compensate", "low", "high"),
    [
        ("iso", 4, False, 100, 6400), ("iso", 4, True, 100, 6400), ("aperture", 4, False, 2, 16), ("aperture", 4, True, 2, 16),
        ("exposure", 5, False, None, None), ("white_balance", 4, False, 2800, 10000),
    ],
)  # fmt: skip
def test_each_attribute_end_to_end(tmp_path, shoot, vary, frames, compensate, low, high):
    folder = shoot(vary, frames, compensate=compensate, name="My Series-042")
    ingest(folder, "--out", tmp_path / "series", "--object", "room")
    made = tmp_path / "series" / "my_series_042"
    series = read_series(made)
    verify_frames(made, series)
    assert (series.source, series.object, series.varies, len(series.frames)) == ("dslr", "room", (vary,), frames)
    assert series.scene["scene"] == "procedural_00"
    assert series.scene["hdri"] == "procedural"
    values = [frame.values[vary] for frame in series.frames]
    assert values == sorted(values)
    if low is not None:
        assert (values[0], values[-1]) == (low, high)
    else:
        assert values[-1] - values[0] == pytest.approx(6, abs=0.02)
        assert values[2] == pytest.approx(math.log2(1 / 60 * 2 / 16), abs=0.01)
    spread = max(frame.measured["seen_ev"] for frame in series.frames) - min(frame.measured["seen_ev"] for frame in series.frames)
    assert (spread > 5) == (vary != "white_balance" and not compensate)


@pytest.mark.parametrize("vary", ["iso", "exposure", "aperture"])
def test_the_pixels_follow_the_exif(tmp_path, shoot, vary):
    """Asked and seen EV of a simulated RAW series agree over the unclipped range."""
    ingest(shoot(vary, 7, size=(192, 128)), "--out", tmp_path / "series")
    for frame in read_series(tmp_path / "series" / f"{vary}_series").frames:
        assert frame.measured["seen_ev"] == pytest.approx(frame.measured["asked_ev"], abs=0.05)


def test_white_balance_moves_the_colours_and_only_them(tmp_path, shoot):
    ingest(shoot("white_balance", 3), "--out", tmp_path / "series")
    made = tmp_path / "series" / "white_balance_series"
    warmth = []
    for frame in read_series(made).frames:
        blue, _, red = cv2.imread(str(made / frame.file)).reshape(-1, 3).mean(axis=0)
        warmth.append(red - blue)
    # a higher setting in kelvins makes the picture warmer
    assert warmth == sorted(warmth)
    assert warmth[-1] - warmth[0] > 20


def test_nothing_private_and_nothing_of_this_machine_is_written(tmp_path):
    folder = tmp_path / "card"
    for index, iso in enumerate((100, 200)):
        write_dng_file(folder / f"{index}.dng", iso=iso, serial="SECRET-4711")
    ingest(folder, "--out", tmp_path / "series")
    text = (tmp_path / "series" / "card" / "series.json").read_text(encoding="utf-8")
    assert "SECRET" not in text
    assert str(tmp_path) not in text
    provenance = json.loads(text)["provenance"]
    assert [source["file"] for source in provenance["sources"]] == ["0.dng", "1.dng"]
    assert provenance["readers"]["iso"] == "exif"
    assert {"rawpy", "libraw", "opencv"} <= set(provenance["versions"])


def test_raw_pixels_that_contradict_exif_are_told(tmp_path):
    folder = tmp_path / "card"
    for index, shutter in enumerate((Fraction(1, 100), Fraction(1, 50), Fraction(1, 25))):
        write_dng_file(folder / f"{index}.dng", exposure_time=shutter)
    done = ingest(folder, "--out", tmp_path / "series")
    assert "2 frames disagree with their EXIF" in done.stderr
    done = run("capture.ingest", folder, "--out", tmp_path / "series")
    assert "already complete" in done.stdout


def test_jpegs_twins_repeats_and_other_files(tmp_path):
    folder = tmp_path / "card"
    for index, shutter in enumerate((Fraction(1, 50), Fraction(1, 200), Fraction(1, 50))):
        write_jpeg_file(folder / f"{index}.JPG", exposure_time=shutter, subsecond=f"0{index}")
    (folder / "notes.txt").write_text("hello", encoding="utf-8")
    (folder / "0.xmp").write_text("<x/>", encoding="utf-8")
    (folder / "phone.heic").write_bytes(b"x")
    (folder / ".hidden.jpg").write_bytes(b"x")
    done = ingest(folder, "--out", tmp_path / "series")
    assert "2 other files are ignored" in done.stderr
    assert "neither RAW nor JPEG are not read: phone.heic" in done.stderr
    assert "1 of 3 pictures repeat" in done.stderr
    series = read_series(tmp_path / "series" / "card")
    assert [source["file"] for source in series.provenance["sources"]] == ["1.JPG", "0.JPG"]
    assert series.provenance["set_aside"] == ["2.JPG"]
    assert series.constants["file_type"] == "JPEG"
    for index, shutter in enumerate((Fraction(1, 50), Fraction(1, 200))):
        write_dng_file(folder / f"{index}.dng", exposure_time=shutter)
    (folder / "2.JPG").unlink()
    done = ingest(folder, "--out", tmp_path / "raw")
    assert "2 JPEGs lie beside a RAW file" in done.stderr
    assert read_series(tmp_path / "raw" / "card").constants["file_type"] == "RAW"


def _bad_folders(root):
    """(folder, words of the message) for everything a photographer may hand over by mistake."""
    jpeg = write_jpeg_file(root / "spare.jpg").read_bytes()
    cases = {
        "missing": "does not exist",
        "empty": "no camera files",
        "texts": "no camera files .RAW or JPEG. .1 other files are ignored",
        "single": "one frame .a.dng.",
        "same": "nothing varies in 2 pictures",
        "two_settings": "more than one setting varies",
        "mixed_camera": "another camera than the rest .*: c.dng",
        "mixed_size": "another size than the rest .96×64.: c.dng .64×64.",
        "mixed_kind": "another kind of file",
        "mixed_scene": "another scene than the rest",
        "cut": "b.dng .*cut",
        "cut_jpeg": "b.jpg ends before its picture",
        "several_bad": "2 of 3 files cannot be used",
    }
    for name in cases:
        if name != "missing":
            (root / name).mkdir()
    (root / "texts" / "a.txt").write_text("x", encoding="utf-8")
    write_dng_file(root / "single" / "a.dng")
    for name in ("same", "two_settings", "mixed_camera", "mixed_size", "mixed_kind", "mixed_scene", "cut", "several_bad"):
        write_dng_file(root / name / "a.dng", iso=100)
        write_dng_file(root / name / "b.dng", iso=100 if name == "same" else 200)
    write_dng_file(root / "two_settings" / "c.dng", iso=400, exposure_time=Fraction(1, 4))
    write_dng_file(root / "mixed_camera" / "c.dng", iso=400, serial="OTHER")
    write_dng_file(root / "mixed_size" / "c.dng", iso=400, size=(64, 64))
    write_jpeg_file(root / "mixed_kind" / "c.jpg", iso=400, model="CatSim PB-1")
    write_dng_file(root / "mixed_scene" / "c.dng", iso=400, description="scene=elsewhere")
    os.truncate(root / "cut" / "b.dng", 6000)
    (root / "several_bad" / "b.dng").write_bytes(b"")
    (root / "several_bad" / "c.nef").write_bytes(b"hello" * 100)
    (root / "cut_jpeg" / "a.jpg").write_bytes(jpeg)
    write_jpeg_file(root / "cut_jpeg" / "b.jpg", exposure_time=Fraction(1, 8))
    os.truncate(root / "cut_jpeg" / "b.jpg", 3000)
    return cases


def test_bad_folders_are_named_and_do_not_stop_the_good_one(tmp_path, shoot):
    root = tmp_path / "bad"
    cases = _bad_folders(root)
    good = shoot("iso", 2)
    done = ingest(good, *(root / name for name in cases), "--out", tmp_path / "series", expect=2)
    lines = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert lines[-1].startswith(f"error: {len(cases)} of {len(cases) + 1} folders could not be ingested")
    for name, says in cases.items():
        assert any(f"{root / name}" in line and re.search(says, line) for line in lines), (name, lines)
    assert sorted(path.name for path in (tmp_path / "series").iterdir()) == ["iso_series"]
    assert read_series(tmp_path / "series" / "iso_series").varies == ("iso",)


@pytest.mark.parametrize(
    ("arguments", "says"), [(("--size", 3), "--size 3"), (("--attribute", "contrast"), "contrast"), (("--object", " "), "--object")]
)
def test_bad_flags(tmp_path, arguments, says):
    write_dng_file(tmp_path / "card" / "a.dng", iso=100)
    write_dng_file(tmp_path / "card" / "b.dng", iso=200)
    assert says in ingest(tmp_path / "card", *arguments, "--out", tmp_path / "series", expect=2).stderr
    assert not (tmp_path / "series").exists()


def test_folders_given_twice_and_folders_of_one_name(tmp_path, shoot):
    folder = shoot("iso", 2)
    done = ingest(folder, folder, "--out", tmp_path / "series")
    assert "given twice" in done.stderr
    other = tmp_path / "elsewhere" / "ISO series"
    shutil.copytree(folder, other)
    done = ingest(folder, other, "--out", tmp_path / "series", expect=2)
    assert "would both become series 'iso_series'" in done.stderr


def test_the_same_again_is_complete_and_other_settings_conflict(tmp_path, shoot):
    folder = shoot("iso", 2)
    ingest(folder, "--out", tmp_path / "series")
    before = folder_bytes(tmp_path / "series")
    assert "already complete" in ingest(folder, "--out", tmp_path / "series").stdout
    done = ingest(folder, "--out", tmp_path / "series", "--size", 48, expect=2)
    assert "development" in done.stderr
    assert folder_bytes(tmp_path / "series") == before


def test_an_attribute_may_be_forced(tmp_path):
    folder = tmp_path / "card"
    write_dng_file(folder / "a.dng", iso=100, level=4000)
    write_dng_file(folder / "b.dng", iso=400, level=9000, exposure_time=Fraction(1, 120))
    assert "more than one setting" in ingest(folder, "--out", tmp_path / "series", expect=2).stderr
    done = ingest(folder, "--out", tmp_path / "series", "--attribute", "iso")
    assert "varies too" in done.stderr
    assert read_series(tmp_path / "series" / "card").varies == ("iso",)


def test_a_killed_ingest_goes_on_and_ends_with_the_same_bytes(tmp_path, shoot):
    folder = shoot("exposure", 13, size=(384, 256))
    ingest(folder, "--out", tmp_path / "whole")
    journal = tmp_path / "killed" / "exposure_series" / "journal.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", "capture.ingest", str(folder), "--out", str(tmp_path / "killed")], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not (journal.is_file() and journal.read_bytes().count(b"\n") >= 4):
        assert process.poll() is None, "finished before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    process.wait()
    assert journal.is_file()
    assert not (journal.parent / "series.json").exists()
    done = ingest(folder, "--out", tmp_path / "killed")
    assert "were done before" in done.stderr
    assert folder_bytes(tmp_path / "killed") == folder_bytes(tmp_path / "whole")


@pytest.mark.skipif(os.name == "nt", reason="file size limits are POSIX")
def test_a_disk_that_fills_up_leaves_nothing_that_looks_whole(tmp_path, shoot):
    """A limit on file size stands for the full disk: the write of a frame fails half-way."""
    folder = shoot("iso", 3)
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000));"
        "sys.argv = ['cat-ingest', *sys.argv[1:]]; from capture.ingest import main; main()"
    )
    command = [sys.executable, "-c", code, str(folder), "--out", str(tmp_path / "series")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, encoding="utf-8")
    assert done.returncode == 2
    assert "error:" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "series" / "iso_series" / "series.json").exists()
    ingest(folder, "--out", tmp_path / "series")
    ingest(folder, "--out", tmp_path / "whole")
    assert folder_bytes(tmp_path / "series") == folder_bytes(tmp_path / "whole")


def test_pixels_that_turn_out_unusable_leave_no_series_behind(tmp_path):
    folder = tmp_path / "card"
    for index, iso in enumerate((100, 200, 400)):
        write_dng_file(folder / f"{index}.dng", iso=iso, size=(256, 192))
    path = folder / "2.dng"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - 256 * 192 * 2] + np.zeros((192, 256), "<u2").tobytes())
    done = ingest(folder, "--out", tmp_path / "series", expect=2)
    assert "2.dng decodes to 0 in every pixel" in done.stderr
    assert not (tmp_path / "series" / "card").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux file systems take any bytes as a name")
def test_a_name_that_is_no_text(tmp_path):
    write_dng_file(tmp_path / "card" / "a.dng")
    (tmp_path / "card" / os.fsdecode(b"b\xff.dng")).write_bytes(b"x")
    assert "not valid text" in ingest(tmp_path / "card", "--out", tmp_path / "series", expect=2).stderr
    folder = tmp_path / os.fsdecode(b"card\xff")
    write_dng_file(folder / "a.dng", iso=100)
    write_dng_file(folder / "b.dng", iso=200)
    assert "not valid text" in ingest(folder, "--out", tmp_path / "series", expect=2).stderr
    assert not (tmp_path / "series").exists()


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_link_that_leads_nowhere_is_named(tmp_path):
    write_dng_file(tmp_path / "card" / "a.dng")
    (tmp_path / "card" / "b.dng").symlink_to(tmp_path / "gone.dng")
    assert "b.dng cannot be opened" in ingest(tmp_path / "card", "--out", tmp_path / "series", expect=2).stderr
