"""From file to frame: orientation, scale, and the same bytes every time."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from capture.developing.choose import developed, recipe_for
from capture.developing.decode import decode, finish, frame_bytes, upright
from capture.developing.recipe import FrameRecipe, Recipe
from cat_dataset.errors import InputError
from cat_dataset.images import decode_rgb
from tests.capture.conftest import ROOT, write_jpeg_file
from tests.capture.developing.files import bayer, plain, raw_shot, shot_of, smooth_colours

MOVED = FrameRecipe(transform=(1.0, 0.002, 0.7, -0.002, 1.0, 0.3), crop=(4, 4, 40, 40))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_as_opencv_does(tmp_path: Path, orientation: int) -> None:
    picture = cv2.resize(np.random.default_rng(0).integers(0, 255, (4, 6, 3), np.uint8), (96, 64))
    path = write_jpeg_file(tmp_path / "a.jpg", picture=picture, orientation=orientation)
    turned = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    stored = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    assert np.array_equal(upright(stored, orientation), turned)
    recipe, _ = recipe_for([shot_of(path, 96, 64, orientation=orientation)], "iso", size=96, square=False)
    assert np.array_equal(decode_rgb(frame_bytes(shot_of(path, 96, 64), recipe, FrameRecipe())), turned)


def test_a_raw_file_is_turned_too(tmp_path: Path) -> None:
    shot = raw_shot(tmp_path / "a.dng", bayer(smooth_colours()))
    lying = decode(shot, plain()).picture(FrameRecipe(), plain())
    standing = decode(shot, plain(orientation=6)).picture(FrameRecipe(), plain(orientation=6))
    assert standing == pytest.approx(np.rot90(lying, 3), abs=1e-6)


def test_scaling_is_by_area_in_linear_light_and_never_up(tmp_path: Path) -> None:
    picture = np.zeros((128, 192, 3), np.uint8)
    picture[:, 0::4] = picture[:, 1::4] = 255
    shot = shot_of(write_jpeg_file(tmp_path / "a.jpg", picture=picture), 192, 128)
    recipe = Recipe(size=16, square=True, crop=(0, 0, 24, 16))
    small = decode(shot, recipe).picture(FrameRecipe(), recipe)
    assert small.shape == (16, 24, 3)
    assert small.mean() == pytest.approx(0.5, abs=0.02)
    assert decode_rgb(finish(small, recipe, FrameRecipe()).png).mean() == pytest.approx(188, abs=3)
    assert decode(shot, replace(recipe, size=4096)).picture(FrameRecipe(), recipe).shape == (128, 192, 3)


def test_a_jpeg_at_its_own_size_keeps_its_pixels(tmp_path: Path) -> None:
    path = write_jpeg_file(tmp_path / "a.jpg")
    made = frame_bytes(shot_of(path, 96, 64), plain(), FrameRecipe(gains=(9.0, 1.0, 9.0)))
    assert np.array_equal(decode_rgb(made), cv2.imread(str(path), cv2.IMREAD_COLOR_RGB))


def test_one_decoding_serves_every_frame(tmp_path: Path) -> None:
    """Frames made one after the other from one decoding are those made alone: nothing leaks from one into the next."""
    shot = raw_shot(tmp_path / "a.dng", bayer(smooth_colours(top=1.2)))
    for name, values in {"white_balance": (2500.0, 5000.0, 12000.0), "exposure": (-1.0, 1.0), "hue": (-40.0, 90.0)}.items():
        recipe, frames = developed(shot, name, values, size=48)
        decoded = decode(shot, recipe)
        again = [finish(decoded.picture(frame, recipe), recipe, frame).png for frame in (*frames, *frames)]
        alone = [frame_bytes(shot, recipe, frame) for frame in frames]
        assert again == alone * 2
        assert len(set(alone)) == len(frames)


_PROGRAM = """
import hashlib, json, sys
import cv2
from pathlib import Path
from capture.developing.decode import frame_bytes
from capture.developing.recipe import FrameRecipe, Recipe
from tests.capture.developing.files import shot_of
cv2.setNumThreads(int(sys.argv[1]))
shot = shot_of(Path(sys.argv[2]), 768, 512)
for recipe, frame in json.loads(sys.argv[3]):
    made = frame_bytes(shot, Recipe.from_json(recipe), FrameRecipe.from_json(frame))
    print(hashlib.sha256(made).hexdigest())
"""


def test_bits_do_not_depend_on_threads(tmp_path: Path) -> None:
    """Development, scaling, warp, curve and PNG, in processes with one and two OpenMP and OpenCV threads, and in this one."""
    rng = np.random.default_rng(0)
    light = cv2.resize(rng.random((48, 72, 3)), (768, 512), interpolation=cv2.INTER_CUBIC)
    shot = raw_shot(tmp_path / "a.dng", bayer(np.clip(light, 0, 1) + rng.normal(0, 0.02, light.shape)))
    whole = Recipe(size=200, square=True, crop=(0, 0, 300, 200), gains=(2.2, 1.0, 1.5))
    own = replace(whole, gains=None, half=True, bits=16)
    jobs = [
        (whole, FrameRecipe()), (whole, FrameRecipe(change={"hue": 40.0, "contrast": 150.0})), (replace(whole, half=True), MOVED),
        (own, FrameRecipe(gains=(3.0, 1.0, 1.2))), (replace(own, curve="linear"), replace(MOVED, gains=(1.5, 1.0, 2.5))),
    ]  # fmt: skip
    text = json.dumps([(recipe.as_json(), frame.as_json()) for recipe, frame in jobs])
    here = [hashlib.sha256(frame_bytes(shot, recipe, frame)).hexdigest() for recipe, frame in jobs]
    assert here == [hashlib.sha256(frame_bytes(shot, recipe, frame)).hexdigest() for recipe, frame in jobs]
    assert len(set(here)) == len(jobs)
    for threads in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, threads, str(shot.path), text], capture_output=True, text=True, encoding="utf-8", cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": threads}, check=True,
        )  # fmt: skip
        assert done.stdout.split() == here


def test_pixels_that_are_not_the_headers_are_refused(tmp_path: Path) -> None:
    jpeg = write_jpeg_file(tmp_path / "a.jpg")
    with pytest.raises(InputError, match="decodes to 96×64 and its header says 80×64"):
        decode(shot_of(jpeg, 80, 64), plain())
    raw = raw_shot(tmp_path / "a.dng", bayer(smooth_colours()))
    with pytest.raises(InputError, match="too few for 96×64"):
        decode(raw, plain(half=True))
