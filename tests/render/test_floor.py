"""What the object stands on: where it lies, what it shows, what it leaves behind."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from cat_dataset.series import find_series, read_series, verify_frames
from tests.render.analytic import HALF, RADIUS, write_block
from tests.render.runs import ROOT, TINY, error_lines, inside_blender, rotate, sweep, tiny_under

SOFT = [*tiny_under("builtin:forest"), "--samples", 16]
ONE_SESSION = """
import sys

import bpy

from cat_dataset.interrupt import GentleInterrupt
from render.blender.rotate import parser, sweep_of
from render.blender.sweeping.session import Session

session = Session(GentleInterrupt())
for kind in ("plain", "shadow", "none"):
    flags = parser().parse_args([*sys.argv[2:], "--floor", kind, "--out", f"{sys.argv[1]}/{kind}"])
    session.render(sweep_of(flags), flags)
"""


@pytest.fixture(scope="module")
def floors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One block, tipped over, on every floor, one after the other in one process."""
    out = tmp_path_factory.mktemp("floors")
    inside_blender(ONE_SESSION, out, *SOFT, "--axis", "x", "--range", -30, 60, "--asset", write_block(out))
    return out


def pictures(out: Path) -> list[np.ndarray]:
    """The frames of the one series in ``out``, as floats."""
    (folder,) = find_series(out)
    return [cv2.imread(str(path)).astype(float) for path in sorted((folder / "frames").glob("*.png"))]


def test_lies_under_the_lowest_point_of_any_state(floors: Path) -> None:
    (folder,) = find_series(floors / "plain")
    series = read_series(folder)
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * HALF * RADIUS / np.linalg.norm(HALF)
    places = [np.array(frame.state["object_to_rig"]) for frame in series.frames]
    lowest = min((corners @ place[:3, :3].T + place[:3, 3])[:, 2].min() for place in places)
    assert series.constants["floor"] == "plain"
    assert series.constants["floor_height_m"] == pytest.approx(lowest, abs=1e-5)


def test_a_floor_is_seen_and_shows_shadows(floors: Path) -> None:
    nothing, plain, shadow = (pictures(floors / kind) for kind in ("none", "plain", "shadow"))
    for bare, grey, shaded in zip(nothing, plain, shadow, strict=True):
        ground = np.s_[-4:, :]
        assert grey[ground].std() < 0.7 * bare[ground].std(), "plain"
        assert np.abs(grey[ground] - bare[ground]).mean() > 5
        darker = (bare - shaded).mean(axis=2)
        assert darker.max() > 15, "a shadow on the sky's picture"
        assert np.median(np.abs(bare[:6] - shaded[:6])) < 4, "elsewhere the sky's picture as it is"


def test_no_trace_is_left_in_the_series_that_follows(floors: Path, tmp_path: Path) -> None:
    run = rotate(*SOFT, "--axis", "x", "--range", -30, 60, "--asset", floors / "block.obj", "--out", tmp_path)
    assert run.returncode == 0, run.stderr
    (fresh,), (after,) = find_series(tmp_path), find_series(floors / "none")
    assert [frame.sha256 for frame in read_series(fresh).frames] == [frame.sha256 for frame in read_series(after).frames]
    assert (fresh / "series.json").read_bytes() == (after / "series.json").read_bytes()


def test_a_camera_under_the_floor_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    flags = [*TINY, "--vary", "elevation", "--range", -40, 40, "--out", tmp_path / "series"]
    run = sweep("camera", *flags, "--floor", "plain")
    assert run.returncode == 2
    (line,) = error_lines(run)
    assert "m under the floor" in line
    assert "-40° of elevation; use --floor none" in line
    assert not list((tmp_path / "series").rglob("*.*"))
    assert sweep("camera", *flags).returncode == 0


@pytest.mark.skipif(shutil.which("blender") is None, reason="no blender program on this machine")
def test_floors_and_passes_in_the_blender_program(tmp_path: Path) -> None:
    script = [
        "blender",
        "-b",
        "-P",
        "render/blender/rotate.py",
        "--",
        *tiny_under("builtin:procedural"),
        "--floor",
        "shadow",
        "--passes",
        "mask",
        "depth",
        "normal",
    ]
    words = [*script, "--out", str(tmp_path)]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    (folder,) = find_series(tmp_path)
    series = read_series(folder)
    verify_frames(folder, series)
    assert set(series.frames[0].passes) == {"mask", "depth", "normal"}
