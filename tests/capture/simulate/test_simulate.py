import subprocess
import sys
import time
from itertools import pairwise

import cv2
import numpy as np
import pytest
import rawpy
from typer.testing import CliRunner

from capture.developing.choose import recipe_for
from capture.developing.decode import decode
from capture.developing.recipe import FrameRecipe
from capture.reading.read import read_shot
from capture.simulate.camera import photograph
from capture.simulate.command import app
from capture.simulate.exposing import SERIAL
from capture.simulate.hdr_scene import Source
from capture.simulate.press import Shoot
from capture.simulate.sweep import sweep
from cat_dataset.errors import InputError
from tests.capture.conftest import ROOT, folder_bytes, run


@pytest.fixture(scope="module")
def sky(tmp_path_factory):
    """A small HDR file, so that the command needs neither bpy nor a procedural sky."""
    path = tmp_path_factory.mktemp("sky") / "My Sky.hdr"
    rng = np.random.default_rng(0)
    cv2.imwrite(str(path), cv2.resize(rng.uniform(0.05, 4, (16, 32, 3)).astype(np.float32), (256, 128)))
    return path


def simulate(*arguments, expect=0):
    """The command in this process."""
    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert done.exit_code == expect, done.output
    return done


def test_one_scene_lands_in_the_folder_and_a_seed_fixes_the_bytes(tmp_path, sky):
    common = ("--hdri", sky, "--size", 64, 48, "--frames", 3)
    simulate("--out", tmp_path / "one", *common)
    simulate("--out", tmp_path / "two", *common)
    simulate("--out", tmp_path / "other", *common, "--seed", 1)
    one, two, other = (folder_bytes(tmp_path / name) for name in ("one", "two", "other"))
    assert sorted(one) == ["cat_0001.dng", "cat_0002.dng", "cat_0003.dng"]
    assert one == two
    assert all(one[name] != other[name] for name in one)
    shot = read_shot(tmp_path / "one" / "cat_0002.dng")
    assert (shot.iso.value, shot.f_number.value, shot.shutter.value) == (800.0, 4.0, pytest.approx(1 / 60))
    assert shot.scene == {"scene": "my_sky_00", "hdri": "my_sky"}
    assert SERIAL not in shot.camera


def test_several_scenes_get_a_folder_each_and_go_on_where_asked(tmp_path, sky):
    common = ("--hdri", sky, "--size", 64, 48, "--frames", 2, "--vary", "exposure")
    done = simulate("--out", tmp_path / "all", "--scenes", 3, *common)
    assert "1 HDRI(s) from --hdri" in done.stderr
    simulate("--out", tmp_path / "rest", "--scenes", 2, "--scene-first", 1, *common)
    every, rest = folder_bytes(tmp_path / "all"), folder_bytes(tmp_path / "rest")
    assert {name.split("/")[0] for name in every} == {f"exposure_my_sky_{crop:02d}" for crop in range(3)}
    assert rest == {name: data for name, data in every.items() if not name.startswith("exposure_my_sky_00")}


def test_files_of_another_run_are_not_mixed_in(tmp_path, sky):
    common = ("--hdri", sky, "--size", 64, 48, "--out", tmp_path)
    simulate(*common, "--frames", 4)
    done = simulate(*common, "--frames", 2, expect=2)
    assert "another run" in done.stderr


def test_a_killed_simulation_is_not_taken_for_a_series_and_is_finished_by_another_run(tmp_path, sky):
    common = ("--hdri", sky, "--size", 512, 384, "--vary", "exposure")
    simulate("--out", tmp_path / "whole", *common)
    out = tmp_path / "killed"
    process = subprocess.Popen(
        [sys.executable, "-m", "capture.simulate", "--out", str(out), *map(str, common)], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while len(list(out.glob("*.dng"))) < 3:
        assert process.poll() is None, "finished before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.kill()
    process.wait()
    refused = run("capture.ingest", out, "--out", tmp_path / "series", expect=2)
    assert "was not finished by capture.simulate; run it again" in refused.stderr
    assert not (tmp_path / "series").exists()
    simulate("--out", out, *common)
    assert folder_bytes(out) == folder_bytes(tmp_path / "whole")


def test_white_balance_frames_share_one_exposure(shoot):
    folder = shoot("white_balance", 3)
    mosaics, gains = [], []
    for path in sorted(folder.iterdir()):
        with rawpy.imread(str(path)) as raw:
            mosaics.append(raw.raw_image_visible.copy())
            gains.append(raw.camera_whitebalance[0])
    assert np.array_equal(mosaics[0], mosaics[2])
    assert gains == sorted(gains)
    assert len(set(gains)) == 3


@pytest.mark.parametrize("crop", range(4))
def test_series_are_exposed_around_their_middle(shoot, crop):
    folder = shoot("exposure", 3, name=f"crop{crop}", crop=crop)
    clipped, dark = [], []
    for path in sorted(folder.iterdir()):
        with rawpy.imread(str(path)) as raw:
            level = (raw.raw_image_visible.astype(float) - 2048) / (15000 - 2048)
        clipped.append((level > 0.99).mean())
        dark.append((level < 0.001).mean())
    assert clipped[-1] < 0.4
    assert clipped[1] < 0.2
    assert dark[0] < 0.5


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--size", 63, 48), "even"),
        (("--size", 100000, 48), "8192"),
        (("--scenes", 0), "--scenes"),
        (("--vary", "contrast"), "contrast"),
        (("--hdri", "nowhere.exr"), "nowhere.exr"),
    ],
)
def test_bad_flags_are_one_clear_line(tmp_path, sky, arguments, says):
    done = simulate("--out", tmp_path / "out", *arguments, expect=2)
    assert says in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_stranger_in_the_folder_is_named(tmp_path, shoot):
    folder = shoot("iso", 2)
    (folder / "img_9999.dng").write_bytes(b"x")
    with pytest.raises(InputError, match=r"img_9999\.dng"):
        shoot("iso", 2)


def test_the_grey_wedge_is_neutral_and_falls_by_half_stops(tmp_path, environment):
    """Scene → sensor → DNG → development: greys stay grey, and light stays proportional."""
    folder = tmp_path / "wedge"
    scene = Shoot("procedural_00", Source("procedural", None, 3), 0, 0)
    photograph(scene, environment, sweep("exposure", 3, (-1, 1)), folder, (960, 640), chart=True)
    shot = read_shot(folder / "cat_0002.dng")
    recipe, _ = recipe_for([shot], "exposure", size=960, square=False, full=True)
    linear = decode(shot, recipe).picture(FrameRecipe(), recipe)
    edges = np.linspace(960 * 0.04, 960 * 0.96, 21).astype(int)
    patches = np.array([linear[300:340, left + 8 : right - 8].mean(axis=(0, 1)) for left, right in pairwise(edges)])[:7]
    assert np.abs(patches / patches[:, 1:2] - 1).max() < 0.02
    assert np.log2(patches[:-1, 1] / patches[1:, 1]) == pytest.approx(np.full(6, 0.5), abs=0.03)
