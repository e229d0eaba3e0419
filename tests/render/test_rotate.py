"""The rotation sweep from the command line to a series on disk."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cat_dataset.series import find_series, read_series, verify_frames
from tests.render.runs import ROOT, TINY, command, error_lines, hashes, inside_blender, rotate, tiny_under

KEPT_WHEN_KILLED = 3
TOYS = ("blend", "fbx", "glb", "gltf", "obj", "ply", "stl", "usdc")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two series rendered in one go, without Blender's chatter."""
    out = tmp_path_factory.mktemp("undisturbed") / "series"
    run = rotate(*TINY, "--states", 8, "--asset", "builtin:car", "builtin:mug", "--out", out)
    assert run.returncode == 0, run.stderr
    assert "2 series rendered" in run.stdout
    for noise in ("Fra:", "Saved:", "Time:"):
        assert noise not in run.stdout + run.stderr
    return out


def test_writes_series_that_read_back_and_verify(undisturbed: Path) -> None:
    folders = list(find_series(undisturbed))
    assert [folder.name for folder in folders] == ["rotate_z-car-studio-v00", "rotate_z-mug-studio-v00"]
    for folder, name in zip(folders, ("car", "mug"), strict=True):
        series = read_series(folder)
        verify_frames(folder, series)
        assert series.source == "blender"
        assert series.varies == ("rotation_z",)
        assert series.object == name
        assert series.scene == {"asset": f"builtin:{name}", "hdri": "builtin:studio", "view": "v00"}
        asked = [frame.values["rotation_z"] for frame in series.frames]
        assert asked == pytest.approx([-90 + 180 * i / 7 for i in range(8)], abs=1e-6)
        assert [frame.measured["rotation_z"] for frame in series.frames] == pytest.approx(asked, abs=0.01)
        assert len({frame.sha256 for frame in series.frames}) == 8
        assert {(frame.width, frame.height) for frame in series.frames} == {(64, 64)}


def test_says_nothing_about_this_machine(undisturbed: Path) -> None:
    for path in undisturbed.rglob("*.json"):
        text = path.read_text(encoding="utf-8")
        assert str(undisturbed) not in text
        assert str(ROOT) not in text
    for path in undisturbed.rglob("*.png"):
        assert b"tEXt" not in path.read_bytes()


def test_killed_and_run_again_gives_the_same_bytes(undisturbed: Path, tmp_path: Path) -> None:
    out = tmp_path / "series"
    flags = [*TINY, "--states", 8, "--asset", "builtin:car", "builtin:mug", "--out", out]
    killed = subprocess.Popen(command(*flags), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = out / "rotate_z-car-studio-v00" / "journal.jsonl"
    deadline = time.monotonic() + 120
    while not (journal.is_file() and journal.read_bytes().count(b"\n") > KEPT_WHEN_KILLED):
        assert killed.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.002)
    killed.kill()
    killed.wait()
    assert not (out / "rotate_z-car-studio-v00" / "series.json").exists()
    kept = out / "rotate_z-car-studio-v00" / "frames" / "0000.png"
    born = kept.stat().st_mtime_ns
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[2] = json.dumps({**json.loads(lines[2]), "values": {"rotation_z": 12.0}}) + "\n"
    journal.write_text("".join(lines), encoding="utf-8")

    again = rotate(*flags)
    assert again.returncode == 0, again.stderr
    assert "were done before" in again.stderr
    assert "the journal's frame 1 is none of this sweep" in again.stderr
    assert kept.stat().st_mtime_ns == born
    assert hashes(out) == hashes(undisturbed)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Ctrl-C cannot be sent to one process on this system")
def test_ctrl_c_leaves_a_resumable_state(tmp_path: Path) -> None:
    flags = [*TINY, "--states", 40, "--out", tmp_path]
    process = subprocess.Popen(command(*flags), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    journal = tmp_path / "rotate_z-car-studio-v00" / "journal.jsonl"
    while not (journal.is_file() and journal.read_bytes().count(b"\n") > 1):
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "run the same command again" in errors
    begun = hashes(tmp_path)
    assert journal.is_file()
    other = rotate(*flags, "--seed", 9)
    assert other.returncode == 2
    (line,) = error_lines(other)
    assert "was begun with seed = 0, not 9" in line
    assert hashes(tmp_path) == begun


AT_BLENDERS_IMPORT = """
import os, signal, sys, threading

class Impatient:
    def find_spec(self, name, *_):
        if name == "bpy":
            sys.meta_path.remove(self)
            threading.Timer(0.05, os.kill, (os.getpid(), signal.NUMBER)).start()

sys.meta_path.insert(0, Impatient())
from render.blender.program import run_script
from render.blender.rotate import parser, sweep_of
run_script(parser, sweep_of)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Ctrl-C cannot be sent to one process on this system")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_ctrl_c_while_blender_is_imported_is_heard(tmp_path: Path, number: str) -> None:
    code = AT_BLENDERS_IMPORT.replace("NUMBER", number)
    flags = [*TINY, "--out", str(tmp_path / "series")]
    run = subprocess.run([sys.executable, "-c", code, *flags], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 130, run.stderr
    assert len(error_lines(run)) == 1
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "series").exists()


def test_complete_series_are_counted_and_left_alone(undisturbed: Path) -> None:
    before = hashes(undisturbed)
    run = rotate(*TINY, "--states", 8, "--asset", "builtin:car", "builtin:mug", "--out", undisturbed)
    assert run.returncode == 0, run.stderr
    assert "0 series rendered" in run.stdout
    assert "2 already complete" in run.stdout
    assert hashes(undisturbed) == before


def test_other_settings_are_refused_before_anything_is_rendered(undisturbed: Path, tmp_path: Path) -> None:
    out = tmp_path / "series"
    shutil.copytree(undisturbed / "rotate_z-mug-studio-v00", out / "rotate_z-mug-studio-v00")
    before = hashes(out)
    run = rotate(*TINY, "--states", 8, "--seed", 5, "--asset", "builtin:car", "builtin:mug", "--out", out)
    assert run.returncode == 2
    (line,) = error_lines(run)
    assert "was made with seed = 0, not 5" in line
    assert hashes(out) == before


def test_a_bad_asset_in_a_batch_is_named_and_the_rest_is_rendered(assets: Path, tmp_path: Path) -> None:
    run = rotate(*TINY, "--asset", "builtin:car", assets / "empty.fbx", tmp_path / "absent.obj", "--out", tmp_path / "series")
    assert run.returncode == 2
    lines = error_lines(run)
    assert len(lines) == 3
    assert any("empty.fbx holds no mesh" in line for line in lines)
    assert any("absent.obj does not exist" in line for line in lines)
    assert "2 failures" in lines[-1]
    assert [folder.name for folder in find_series(tmp_path / "series")] == ["rotate_z-car-studio-v00"]


SIZES = """
import sys
from pathlib import Path

sys.path.insert(0, ".")
import bpy

from cat_dataset.errors import CatError
from render.blender.assets import files as asset_files
from render.blender.picture import engine
from render.blender.assets.loading import load
from render.blender.sources import gather

for source in gather(sys.argv[1:], asset_files.KINDS, "asset", None, asset_files.check_asset, lambda error: None):
    engine.start_empty()
    try:
        corners = load(source).outline
    except CatError:
        continue
    if source.name == "toy":
        print("size", *(max(corner[i] for corner in corners) - min(corner[i] for corner in corners) for i in range(3)))
"""


def test_every_format_gives_the_same_object(assets: Path, tmp_path: Path) -> None:
    """The lights and cameras that come along must leave no trace, and the units of the formats neither."""
    run = rotate(*tiny_under(assets / "small.hdr"), "--states", 2, "--asset", assets, "--out", tmp_path)
    assert len(error_lines(run)) == 5, run.stderr  # empty.fbx, camera_only.glb, textured.fbx, nan.blend, and the count
    folders = [folder for folder in find_series(tmp_path) if "-toy_" in folder.name]
    assert len(folders) == len(TOYS)
    lines = [line.split() for line in inside_blender(SIZES, assets).splitlines()]  # importers print of their own
    sizes = np.array([[float(number) for number in line[1:]] for line in lines if line[:1] == ["size"]])
    assert sizes.shape == (len(TOYS), 3)
    assert np.ptp(sizes, axis=0) == pytest.approx([0.0] * 3, abs=1e-3)


@pytest.mark.skipif(shutil.which("blender") is None, reason="no blender program on this machine")
def test_runs_in_the_blender_program(tmp_path: Path) -> None:
    script = ["blender", "-b", "-P", "render/blender/rotate.py", "--"]
    good = subprocess.run([*script, *TINY, "--out", tmp_path], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert good.returncode == 0, good.stderr
    for folder in find_series(tmp_path):
        verify_frames(folder, read_series(folder))
    bad = subprocess.run([*script, "--asset", "absent.fbx"], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert bad.returncode == 2
    assert error_lines(bad) == ["absent.fbx does not exist; check the path, or use builtin:NAME for a built-in asset"]
