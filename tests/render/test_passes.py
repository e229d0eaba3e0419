"""Mask, depth and normals against bodies traced by formula; their bytes; what a kill leaves of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest

from cat_dataset.errors import SeriesError
from cat_dataset.series import Frame, find_series, read_series, verify_frames
from tests.render.analytic import seen, write_ball, write_block
from tests.render.runs import ROOT, TINY, hashes, rotate

ALL = ["--passes", "mask", "depth", "normal"]


@pytest.fixture(scope="module")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A block and a ball on a floor, photographed with a lens wide open."""
    out = tmp_path_factory.mktemp("bodies")
    shapes = [write_block(out), write_ball(out)]
    flags = [*TINY, *ALL, "--axis", "x", "--hold", "aperture", 1.0, "--floor", "plain"]
    run = rotate(*flags, "--asset", *shapes, "--out", out / "series")
    assert run.returncode == 0, run.stderr
    return out / "series"


def frames(series: Path) -> list[tuple[str, Path, Frame]]:
    """Body, folder and frame of every picture."""
    return [(read_series(folder).object, folder, frame) for folder in find_series(series) for frame in read_series(folder).frames]


def exr(folder: Path, frame: Frame, name: str, channel: str) -> np.ndarray:
    """The pixels of a pass."""
    pixels = OpenEXR.File(str(folder / frame.passes[name]["file"])).channels()[channel].pixels
    assert pixels.dtype == np.float32
    return pixels


def test_depth_and_normals_are_those_of_the_body(bodies: Path) -> None:
    compared = 0
    for body, folder, frame in frames(bodies):
        depth, normals = exr(folder, frame, "depth", "Z"), exr(folder, frame, "normal", "RGB")
        wanted, wanted_normals, facing = seen(body, frame.state, 64)
        hit, expected = depth < 1e9, np.isfinite(wanted)
        assert np.count_nonzero(hit != expected) <= 4, "only pixels whose centre the outline crosses may differ"
        assert np.all(depth[~hit] == np.float32(1e10))
        assert np.all(normals[~hit] == 0)
        both = hit & expected
        clear = both & ((facing > 0.3) | (body == "block"))  # facets seen edge-on are not a sphere
        assert np.abs(depth - wanted)[clear].max() < (1e-3 if body == "ball" else 2e-5)
        assert np.abs(normals - wanted_normals)[clear].max() < (1e-3 if body == "ball" else 2e-6)
        compared += int(clear.sum())
    assert compared > 6 * 1000


def test_the_mask_is_the_share_that_is_covered(bodies: Path) -> None:
    for body, folder, frame in frames(bodies):
        data = (folder / frame.passes["mask"]["file"]).read_bytes()
        assert data[16:26] == (64).to_bytes(4, "big") * 2 + bytes([8, 0]), "8 bit grey"
        mask = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) / 255
        fine = np.isfinite(seen(body, frame.state, 64, per_pixel=8)[0]).reshape(64, 8, 64, 8).mean(axis=(1, 3))
        assert mask.sum() == pytest.approx(fine.sum(), rel=0.01)
        assert np.all(mask[cv2.erode(fine, np.ones((5, 5))) == 1] == 1)
        assert np.all(mask[cv2.dilate(fine, np.ones((5, 5))) == 0] == 0)
        assert np.abs(mask - cv2.GaussianBlur(fine, (3, 3), 0.5)).max() < 0.35
        assert 0 < np.count_nonzero((mask > 0.1) & (mask < 0.9)) < 400, "edges are smooth, and only edges"


def test_nothing_but_pixels_is_in_the_files(bodies: Path) -> None:
    for _, folder, frame in frames(bodies):
        assert set(frame.passes) == {"mask", "depth", "normal"}
        assert b"tEXt" not in (folder / frame.passes["mask"]["file"]).read_bytes()
        header = set(OpenEXR.File(str(folder / frame.passes["depth"]["file"])).header())
        assert header == {
            "channels", "compression", "dataWindow", "displayWindow", "lineOrder", "pixelAspectRatio", "screenWindowCenter",
            "screenWindowWidth", "type",
        }  # fmt: skip
        assert not list(folder.rglob("*partial*"))


def test_a_damaged_pass_is_found(bodies: Path) -> None:
    folder = next(find_series(bodies))
    series = read_series(folder)
    verify_frames(folder, series)
    path = folder / series.frames[1].passes["depth"]["file"]
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        with pytest.raises(SeriesError, match=r"depth/0001\.exr does not match"):
            verify_frames(folder, series)
    finally:
        path.write_bytes(whole)


def test_shards_are_built_from_such_series(bodies: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "cat_dataset.building.command", "--series", str(bodies)]
    words += ["--shards", str(tmp_path / "shards"), "--manifests", str(tmp_path / "manifests")]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr


KILLED = """
import os, sys

from render.blender.picture import passes
from render.blender.program import run_script
from render.blender.rotate import parser, sweep_of

written = passes.write_exr
calls = []

def die_at_the_third(*arguments):
    calls.append(arguments)
    if len(calls) == 3:
        os._exit(9)
    return written(*arguments)

passes.write_exr = die_at_the_third
run_script(parser, sweep_of)
"""


def test_killed_between_picture_and_pass_and_run_again_gives_the_same_bytes(tmp_path: Path) -> None:
    flags = [*TINY, *ALL, "--hold", "rotation_x", 20]
    assert rotate(*flags, "--out", tmp_path / "whole").returncode == 0
    words = [sys.executable, "-c", KILLED, *map(str, flags), "--out", str(tmp_path / "killed")]
    assert subprocess.run(words, cwd=ROOT, capture_output=True, timeout=300, check=False).returncode == 9
    (begun,) = (tmp_path / "killed").iterdir()
    assert (begun / "frames" / "partial-0001.png").is_file(), "the picture was there, its depth was not"
    assert not (begun / "passes" / "depth" / "0001.exr").exists()
    again = rotate(*flags, "--out", tmp_path / "killed")
    assert again.returncode == 0, again.stderr
    assert hashes(tmp_path / "killed") == hashes(tmp_path / "whole")
