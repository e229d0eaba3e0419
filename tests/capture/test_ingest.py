"""``cat-ingest`` from folder to series: labels, proof, refusals, resuming, making again."""

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
from tests.capture.commands import cat_ingest
from tests.capture.conftest import ROOT, folder_bytes, write_dng_file, write_jpeg_file

ROOMY = (192, 128)


@pytest.mark.parametrize(
    ("vary", "frames", "compensate", "low", "high"),
    [
        ("iso", 4, False, 100, 6400), ("iso", 4, True, 100, 6400), ("aperture", 4, False, 2, 16), ("aperture", 4, True, 2, 16),
        ("exposure", 5, False, None, None), ("white_balance", 4, False, 2800, 10000), ("focus_distance", 4, False, None, None),
        ("focal_length", 4, False, None, None),
    ],
)  # fmt: skip
def test_each_attribute_end_to_end(tmp_path, shoot, vary, frames, compensate, low, high):
    folder = shoot(vary, frames, compensate=compensate, name="My Series-042", size=ROOMY)
    cat_ingest(folder, "--out", tmp_path / "series", "--object", "room")
    made = tmp_path / "series" / "my_series_042"
    series = read_series(made)
    verify_frames(made, series)
    assert (series.source, series.object, series.varies, len(series.frames)) == ("dslr", "room", (vary,), frames)
    assert (series.scene["scene"], series.scene["hdri"]) == ("procedural_00", "procedural")
    assert (series.frames[0].width, series.frames[0].height) == (128, 128)
    values = [frame.values[vary] for frame in series.frames]
    assert values == sorted(values)
    if low is not None:
        assert (values[0], values[-1]) == (low, high)
    if vary == "exposure":
        assert values[-1] - values[0] == pytest.approx(6, abs=0.02)
        assert values[2] == pytest.approx(math.log2(1 / 60 * 2 / 16), abs=0.01)
    assert series.provenance["refused"] == []
    assert set(series.provenance["proof"]["verdicts"]) <= {"proved", "could not verify"}
    assert (made / "report.html").is_file()
    assert not (made / ".work").exists()


@pytest.mark.parametrize("vary", ["iso", "exposure", "aperture"])
def test_the_pixels_follow_the_exif(tmp_path, shoot, vary):
    """Claimed and measured brightness of a simulated RAW series agree."""
    cat_ingest(shoot(vary, 5, size=ROOMY), "--out", tmp_path / "series")
    measured = [frame.measured for frame in read_series(tmp_path / "series" / f"{vary}_series").frames]
    known = [one for one in measured if "brightness_measured" in one]
    assert len(known) >= 4
    for one in known:
        assert one["brightness_measured"] == pytest.approx(one["brightness_claimed"], abs=0.05)


def test_white_balance_moves_the_colours(tmp_path, shoot):
    cat_ingest(shoot("white_balance", 3), "--out", tmp_path / "series")
    made = tmp_path / "series" / "white_balance_series"
    warmth = []
    for frame in read_series(made).frames:
        blue, _, red = cv2.imread(str(made / frame.file)).reshape(-1, 3).mean(axis=0)
        warmth.append(red - blue)
    assert warmth == sorted(warmth)  # a higher setting in kelvins makes the picture warmer
    assert warmth[-1] - warmth[0] > 20


def test_nothing_private_and_nothing_of_this_machine_is_written(tmp_path):
    folder = tmp_path / "card"
    for index, iso in enumerate((100, 200)):
        write_dng_file(folder / f"{index}.dng", iso=iso, serial="SECRET-4711", level=2048 + 1000 * (index + 1))
    cat_ingest(folder, "--out", tmp_path / "series")
    made = tmp_path / "series" / "card"
    text = (made / "series.json").read_text(encoding="utf-8") + (made / "report.html").read_text(encoding="utf-8")
    assert "SECRET" not in text
    assert str(tmp_path) not in text
    provenance = read_series(made).provenance
    assert [source["file"] for source in provenance["sources"]] == ["0.dng", "1.dng"]
    assert provenance["readers"]["iso"] == "exif"
    assert {"rawpy", "libraw", "opencv"} <= set(provenance["versions"])


def test_a_frame_whose_pixels_contradict_its_exif_is_refused_and_the_rest_stays(tmp_path, shoot):
    folder = shoot("exposure", 7, size=ROOMY, traps=["wrong_exif:2=0.6"])
    done = cat_ingest(folder, "--out", tmp_path / "series", expect=2)
    assert re.search(r"left out: .*cat_0002\.dng: the raw numbers", done.stderr)
    series = read_series(tmp_path / "series" / "exposure_series")
    assert len(series.frames) == 6
    assert "cat_0002.dng" not in [frame.state["source"] for frame in series.frames]
    ((refused),) = series.provenance["refused"]
    assert refused["file"] == "cat_0002.dng"
    assert refused["proof"]["verdict"] == "refused"
    again = cat_ingest(folder, "--out", tmp_path / "series", expect=2)
    assert "already complete" in again.stdout
    assert "cat_0002.dng" in again.stderr


def test_a_true_frame_takes_the_place_of_a_false_one_of_the_same_value(tmp_path, shoot):
    """A shutter time wrong by one step equals the next frame's: the first taken is refused, the other stands in."""
    folder = shoot("exposure", 7, size=ROOMY, traps=["wrong_exif:3=1"])
    done = cat_ingest(folder, "--out", tmp_path / "series", expect=2)
    assert "cat_0003.dng" in done.stderr
    series = read_series(tmp_path / "series" / "exposure_series")
    assert [frame.state["source"] for frame in series.frames] == [f"cat_{n:04d}.dng" for n in (1, 2, 4, 5, 6, 7)]
    assert [one["file"] for one in series.provenance["refused"]] == ["cat_0003.dng"]
    assert series.provenance["set_aside"] == []
    cat_ingest("--verify", tmp_path / "series" / "exposure_series")


@pytest.mark.parametrize("workers", [0, 2])
def test_one_damaged_file_never_ends_a_scene(tmp_path, shoot, workers):
    folder = shoot("exposure", 6, size=ROOMY)
    files = sorted(folder.iterdir())
    os.truncate(files[1], files[1].stat().st_size // 2)
    files[4].write_bytes(b"")
    (folder / "odd.nef").write_bytes(b"hello" * 1000)
    done = cat_ingest(folder, "--out", tmp_path / "series", expect=2, workers=workers)
    for name in (files[1].name, files[4].name, "odd.nef"):
        assert re.search(rf"left out: .*{name}", done.stderr), name
    assert "3 files or groups were left out" in done.stderr
    assert len(read_series(tmp_path / "series" / "exposure_series").frames) == 4


def test_the_number_of_workers_does_not_change_a_bit(tmp_path, shoot):
    folder = shoot("iso", 8, size=ROOMY)
    for workers in (0, 2):  # with one: see the killed ingests
        cat_ingest(folder, "--out", tmp_path / str(workers), workers=workers)
    assert folder_bytes(tmp_path / "0") == folder_bytes(tmp_path / "2")


def test_hand_held_frames_are_aligned_and_cut_alike(tmp_path, shoot):
    folder = shoot("exposure", 5, size=(384, 256), limits=(-1, 1), traps=["hand_held"])
    cat_ingest(folder, "--out", tmp_path / "series", "--size", 128)
    made = tmp_path / "series" / "exposure_series"
    series = read_series(made)
    assert {(frame.width, frame.height) for frame in series.frames} == {(128, 128)}
    assert max(frame.measured["drift_px"] for frame in series.frames) > 0.5
    greys = [cv2.imread(str(made / frame.file), cv2.IMREAD_GRAYSCALE).astype(np.float32) for frame in series.frames]
    window = cv2.createHanningWindow((128, 128), cv2.CV_32F)
    for grey in greys:
        (x, y), _ = cv2.phaseCorrelate(greys[2], grey, window)
        assert math.hypot(x, y) < 0.5
    cat_ingest("--verify", made)


def test_jpegs_twins_repeats_and_other_files(tmp_path):
    folder = tmp_path / "card"
    for index, shutter in enumerate((Fraction(1, 50), Fraction(1, 200), Fraction(1, 50))):
        write_jpeg_file(folder / f"{index}.JPG", exposure_time=shutter, subsecond=f"0{index}")
    (folder / "notes.txt").write_text("hello", encoding="utf-8")
    (folder / "0.xmp").write_text("<x/>", encoding="utf-8")
    (folder / "screen.png").write_bytes(b"x")
    (folder / ".hidden.jpg").write_bytes(b"x")
    done = cat_ingest(folder, "--out", tmp_path / "series", expect=2)
    assert "2 other files are ignored" in done.stderr
    assert "no camera writes are not read (1): screen.png" in done.stderr
    assert "0.JPG" in done.stderr  # the same pixels under two shutter times


def _bad_folders(root):
    """(folder, words of the message) for everything a photographer may hand over by mistake."""
    jpeg = write_jpeg_file(root / "spare.jpg").read_bytes()
    cases = {
        "missing": "does not exist",
        "empty": "no camera files",
        "texts": "no camera files .*1 other file is ignored",
        "single": "a.dng",
        "same": "nothing varies",
        "cut": "b.dng .*cut",
        "cut_jpeg": "b.jpg ends before its picture",
        "several_bad": "b.dng",
    }
    for name in cases:
        if name != "missing":
            (root / name).mkdir()
    (root / "texts" / "a.txt").write_text("x", encoding="utf-8")
    write_dng_file(root / "single" / "a.dng")
    for name in ("same", "cut", "several_bad"):
        write_dng_file(root / name / "a.dng", iso=100)
        write_dng_file(root / name / "b.dng", iso=100 if name == "same" else 200, subsecond="08")
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
    done = cat_ingest(good, *(root / name for name in cases), "--out", tmp_path / "series", expect=2)
    assert f"{len(cases)} failed" in done.stderr
    for name, says in cases.items():
        assert re.search(f"{re.escape(str(root / name))}.*{says}", done.stderr), (name, done.stderr)
    assert sorted(path.name for path in (tmp_path / "series").iterdir() if path.is_dir()) == ["iso_series"]
    assert read_series(tmp_path / "series" / "iso_series").varies == ("iso",)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--size", 3), "--size 3"), (("--attribute", "contrast"), "contrast"), (("--object", " "), "--object"), (("--bits", 12), "--bits"),
        (("--linear",), "--bits 16"), (("--shape", "round"), "round"), (("--memory", 0), "--memory"), (("--time-limit", 0), "--time-limit"),
        (("--explain", "--hue", "0,10"), "do not go together"), (("--hue", "0,10", "--attribute", "iso"), "--attribute"),
        (("--white-balance", "401"), "401"), (("--gamma", "1:9:3"), "--gamma"), (("--saturation", "x"), "--saturation"),
    ],
)  # fmt: skip
def test_bad_flags(tmp_path, arguments, says):
    write_dng_file(tmp_path / "card" / "a.dng", iso=100)
    write_dng_file(tmp_path / "card" / "b.dng", iso=200)
    assert says in cat_ingest(tmp_path / "card", *arguments, "--out", tmp_path / "series", expect=2).stderr
    assert not (tmp_path / "series").exists()


def test_folders_given_twice_and_folders_of_one_name(tmp_path, shoot):
    folder = shoot("iso", 2)
    assert "given twice" in cat_ingest(folder, folder, "--out", tmp_path / "series").stderr
    other = tmp_path / "elsewhere" / "ISO series"
    shutil.copytree(folder, other)
    done = cat_ingest(folder, other, "--out", tmp_path / "series", expect=2)
    assert "would both become series 'iso_series'" in done.stderr


def test_the_same_again_is_complete_and_other_settings_conflict(tmp_path, shoot):
    folder = shoot("iso", 2)
    cat_ingest(folder, "--out", tmp_path / "series")
    before = folder_bytes(tmp_path / "series")
    assert "already complete" in cat_ingest(folder, "--out", tmp_path / "series").stdout
    done = cat_ingest(folder, "--out", tmp_path / "series", "--size", 48, expect=2)
    assert "development" in done.stderr
    assert folder_bytes(tmp_path / "series") == before
    (tmp_path / "series" / "iso_series" / "report.html").unlink()
    cat_ingest(folder, "--out", tmp_path / "series")
    assert folder_bytes(tmp_path / "series") == before


def test_explain_says_what_would_be_made_and_writes_nothing(tmp_path, shoot):
    folder = shoot("iso", 3)
    write_dng_file(folder / "zz_other.dng", serial="OTHER")
    done = cat_ingest(folder, "--explain", "--out", tmp_path / "series")
    assert "iso_series" in done.stdout
    assert "ISO 100" in done.stdout
    assert "zz_other.dng" in done.stdout
    assert not (tmp_path / "series").exists()


def test_scene_yaml_names_things_and_fills_in(tmp_path, shoot):
    folder = shoot("aperture", 3, size=ROOMY, traps=["manual_lens"])
    names = sorted(path.name for path in folder.iterdir())
    assert "f_numbers" in cat_ingest(folder, "--out", tmp_path / "without", expect=2).stderr
    lines = ["object: teapot", "scene: kitchen", "f_numbers: [2.0, 5.7, 16.0]", "leave_out: []", ""]
    (folder / "scene.yaml").write_text("\n".join(lines), encoding="utf-8")
    cat_ingest(folder, "--out", tmp_path / "series")
    series = read_series(tmp_path / "series" / "aperture_series")
    assert (series.object, series.scene["scene"]) == ("teapot", "kitchen")
    assert [frame.values["aperture"] for frame in series.frames] == [2.0, 5.7, 16.0]
    assert series.provenance["readers"]["f_number"] == "side-car"
    assert [frame.state["source"] for frame in series.frames] == names


class TestVerify:
    def test_every_frame_comes_out_the_same(self, tmp_path, shoot):
        cat_ingest(shoot("iso", 3), "--out", tmp_path / "series")
        made = tmp_path / "series" / "iso_series"
        assert "3 frames made again, every bit the same" in cat_ingest("--verify", made).stdout
        assert "every bit the same" in cat_ingest("--verify", made, workers=1).stdout

    def test_a_frame_that_was_changed_and_a_source_that_was(self, tmp_path, shoot):
        folder = shoot("iso", 3)
        cat_ingest(folder, "--out", tmp_path / "series")
        made = tmp_path / "series" / "iso_series"
        frame = made / "frames" / "0001.png"
        frame.write_bytes(frame.read_bytes()[:-1] + b"x")
        (folder / "cat_0003.dng").write_bytes(b"other")
        done = cat_ingest("--verify", made, expect=2)
        assert "0001.png is not the file that series.json describes" in done.stderr
        assert "cat_0003.dng is not the file" in done.stderr
        (folder / "cat_0001.dng").unlink()
        assert "'cat_0001.dng' is not in" in cat_ingest("--verify", made, expect=2).stderr

    def test_edited_labels_of_development_are_noticed(self, tmp_path, shoot):
        cat_ingest(shoot("iso", 3), "--out", tmp_path / "series")
        path = tmp_path / "series" / "iso_series" / "series.json"
        found = json.loads(path.read_text(encoding="utf-8"))
        found["provenance"]["recipe"]["gains"] = [2.0, 1.0, 1.0]
        path.write_text(json.dumps(found), encoding="utf-8")
        assert "comes out differently" in cat_ingest("--verify", path.parent, expect=2).stderr
        found["provenance"]["recipe"]["sharpen"] = 1
        path.write_text(json.dumps(found), encoding="utf-8")
        assert "sharpen" in cat_ingest("--verify", path.parent, expect=2).stderr
        found["provenance"]["sources"] = [1, 2]
        del found["provenance"]["recipe"]["sharpen"]
        path.write_text(json.dumps(found), encoding="utf-8")
        assert "no list of files" in cat_ingest("--verify", path.parent, expect=2).stderr
        found["provenance"]["versions"] = "x"
        path.write_text(json.dumps(found), encoding="utf-8")
        assert "other versions" in cat_ingest("--verify", path.parent, expect=2).stderr

    def test_several_series_at_once(self, tmp_path, shoot):
        for vary in ("iso", "exposure"):
            cat_ingest(shoot(vary, 2), "--out", tmp_path / "series")
        made = [tmp_path / "series" / f"{vary}_series" for vary in ("iso", "exposure")]
        assert cat_ingest("--verify", *made).stdout.count("every bit the same") == 2
        assert "one folder of camera files at most" in cat_ingest("--verify", made[0], tmp_path, tmp_path / "cards", expect=2).stderr

    def test_where_the_files_are_must_be_known(self, tmp_path, shoot):
        folder = shoot("iso", 2)
        cat_ingest(folder, "--out", tmp_path / "series")
        moved = tmp_path / "moved" / "iso_series"
        shutil.move(tmp_path / "series" / "iso_series", moved)
        assert "not known here" in cat_ingest("--verify", moved, expect=2).stderr
        cat_ingest(folder, "--verify", moved)


class TestOnePicture:
    def test_any_kelvins_of_one_raw(self, tmp_path, shoot):
        raw = sorted(shoot("iso", 2).iterdir())[0]
        cat_ingest(raw, "--white-balance", 8, "--out", tmp_path / "series")
        made = tmp_path / "series" / "cat_0001-white_balance"
        series = read_series(made)
        assert (series.source, len(series.frames)) == ("developed", 9)
        mireds = [1e6 / frame.values["white_balance"] for frame in series.frames]
        assert np.diff(mireds) == pytest.approx([-0.5] * 8)
        assert "daylight" in series.provenance["formula"]
        cat_ingest("--verify", made)

    def test_several_changes_of_several_pictures(self, tmp_path, shoot):
        folder = shoot("iso", 2)
        flags = ("--exposure", "-1:1:3", "--gamma", "1,2.2", "--hue", "-30,0", "--saturation", "0,100", "--contrast", "50,100")
        done = cat_ingest(folder, *flags, "--out", tmp_path / "series")
        assert len(done.stdout.splitlines()) == 10
        made = tmp_path / "series" / "cat_0001-exposure"
        series = read_series(made)
        assert [frame.values["exposure"] for frame in series.frames] == [-1.0, 0.0, 1.0]
        means = [cv2.imread(str(made / frame.file)).mean() for frame in series.frames]
        assert means == sorted(means)
        grey = tmp_path / "series" / "cat_0001-saturation"
        picture = cv2.imread(str(grey / "frames" / "0000.png")).astype(int)
        assert np.abs(picture.max(axis=-1) - picture.min(axis=-1)).max() <= 2
        assert "already complete" in cat_ingest(folder, *flags, "--out", tmp_path / "series").stdout

    def test_a_file_that_cannot_be_developed_leaves_nothing_behind(self, tmp_path):
        path = tmp_path / "cut.hdr"
        cv2.imwrite(str(path), np.random.default_rng(0).random((48, 64, 3)).astype(np.float32))
        path.write_bytes(path.read_bytes()[:2000])
        done = cat_ingest(path, "--exposure", "-1,0", "--out", tmp_path / "series", expect=2)
        assert "cut.hdr" in done.stderr
        assert not list((tmp_path / "series").glob("*"))

    def test_a_jpeg_has_no_other_white_balance(self, tmp_path):
        path = write_jpeg_file(tmp_path / "a.jpg")
        assert "no RAW" in cat_ingest(path, "--white-balance", "4000,5000", "--out", tmp_path / "series", expect=2).stderr
        cat_ingest(path, "--exposure", "-1,0", "--out", tmp_path / "series")

    def test_sixteen_bits_of_linear_light(self, tmp_path, shoot):
        raw = sorted(shoot("iso", 2).iterdir())[0]
        cat_ingest(raw, "--exposure", "-1,0", "--bits", 16, "--linear", "--out", tmp_path / "series")
        made = tmp_path / "series" / "cat_0001-exposure"
        dark, light = (cv2.imread(str(made / "frames" / name), cv2.IMREAD_UNCHANGED) for name in ("0000.png", "0001.png"))
        assert dark.dtype == np.uint16
        inside = (light > 500) & (light < 60000)
        assert (light[inside] / dark[inside]).mean() == pytest.approx(2, abs=0.01)


def _killed(arguments, journal, lines):
    """Run ``cat-ingest`` in a process of its own and kill it once ``journal`` has ``lines`` lines."""
    process = subprocess.Popen(
        [sys.executable, "-m", "capture.ingest", *map(str, arguments), "--workers", "1"], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 300
    while not (journal.is_file() and journal.read_bytes().count(b"\n") >= lines):
        assert process.poll() is None, "finished before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    process.wait()


def test_a_killed_ingest_goes_on_and_ends_with_the_same_bytes(tmp_path, shoot):
    folder = shoot("exposure", 9, size=(384, 256), limits=(-1, 1), traps=["hand_held", "wrong_exif:7=2"])
    cat_ingest(folder, "--out", tmp_path / "whole", expect=2)
    for number, (journal, lines) in enumerate(((".work/examined.jsonl", 4), (".work/aligned/examined.jsonl", 3), ("journal.jsonl", 4))):
        out = tmp_path / f"killed{number}"
        made = out / "exposure_series"
        _killed([folder, "--out", out], made / journal, lines)
        assert not (made / "series.json").exists()
        cat_ingest(folder, "--out", out, expect=2)
        assert folder_bytes(out) == folder_bytes(tmp_path / "whole"), journal


@pytest.mark.skipif(os.name == "nt", reason="file size limits are POSIX")
def test_a_disk_that_fills_up_leaves_nothing_that_looks_whole(tmp_path, shoot):
    """A limit on file size stands for the full disk: the write of a frame fails half-way."""
    folder = shoot("iso", 3, size=ROOMY)
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000));"
        "sys.argv = ['cat-ingest', *sys.argv[1:]]; from capture.ingest import main; main()"
    )
    command = [sys.executable, "-c", code, str(folder), "--out", str(tmp_path / "series"), "--workers", "0"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, encoding="utf-8")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "series" / "iso_series" / "series.json").exists()
    cat_ingest(folder, "--out", tmp_path / "series")
    cat_ingest(folder, "--out", tmp_path / "whole")
    assert folder_bytes(tmp_path / "series") == folder_bytes(tmp_path / "whole")
