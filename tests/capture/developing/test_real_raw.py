"""Two real RAW files of old cameras, where they lie: our development against LibRaw's own, and kelvins against the pixels."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import rawpy

from capture.developing.choose import developed, recipe_for
from capture.developing.decode import decode
from capture.developing.recipe import FrameRecipe, working_size
from capture.reading.read import read_shot
from capture.reading.shot import Shot

FIXED = {"no_auto_bright": True, "adjust_maximum_thr": 0.0, "gamma": (1, 1), "output_bps": 16, "user_flip": 0, "half_size": True}
NAMES = ("canon_eos_d30.crw", "tinydng_colorchart.dng")


@pytest.fixture(params=NAMES)
def shot(request: pytest.FixtureRequest, real_data: Path) -> Shot:
    return read_shot(real_data / "raw" / request.param)


@pytest.mark.parametrize("full", [False, True])
def test_colours_are_those_of_libraw(shot: Shot, full: bool) -> None:
    assert shot.gains is not None
    recipe, _ = recipe_for([shot], "iso", size=256, full=full)
    assert recipe.half is not full
    linear = decode(shot, recipe).picture(FrameRecipe(), recipe)
    with rawpy.imread(str(shot.path)) as raw:
        theirs = raw.postprocess(user_wb=[*shot.gains, 1.0], **FIXED)
    theirs = cv2.resize(theirs, working_size((shot.width, shot.height), recipe), interpolation=cv2.INTER_AREA) / 65535
    assert linear.shape == theirs.shape
    usable = (theirs.min(axis=-1) > 0.02) & (theirs.max(axis=-1) < 0.6)
    assert usable.mean() > 0.1
    ratio = np.median(linear[usable] / theirs[usable], axis=0)
    assert ratio == pytest.approx(np.full(3, ratio[1]), rel=0.01)


def test_balancing_afterwards_is_what_libraw_does_before(shot: Shot) -> None:
    recipe, _ = recipe_for([shot], "iso", size=256)
    own, gains = recipe_for([shot], "white_balance", size=256)
    before = decode(shot, recipe).picture(FrameRecipe(), recipe)
    after = decode(shot, own).picture(FrameRecipe(gains=gains[0]), own)
    usable = (before.min(axis=-1) > 0.02) & (before.max(axis=-1) < 0.5)
    ratio = before[usable] / after[usable]
    assert ratio.std() < 2e-3 * ratio.mean()


def test_half_size_is_like_full_size(shot: Shot) -> None:
    half, _ = recipe_for([shot], "iso", size=512)
    full, _ = recipe_for([shot], "iso", size=512, full=True)
    one, other = (np.clip(decode(shot, r).picture(FrameRecipe(), r), 0, 1) ** 0.5 for r in (half, full))
    assert 10 * np.log10(1 / np.mean((one[..., 1] - other[..., 1]) ** 2)) > 40
    for channel in range(3):
        planes = (np.ascontiguousarray(picture[..., channel]) for picture in (one, other))
        assert np.hypot(*cv2.phaseCorrelate(*planes)[0]) < 0.2  # of a pixel; without registration 0.3


def test_a_higher_kelvin_makes_a_warmer_picture(shot: Shot) -> None:
    if shot.profile is None:
        pytest.skip("LibRaw has no matrix for this body")
    recipe, frames = developed(shot, "white_balance", (2500.0, 3500.0, 5000.0, 7000.0, 12000.0), size=128)
    decoded = decode(shot, recipe)
    means = [decoded.picture(frame, recipe).mean(axis=(0, 1)) for frame in frames]
    warmth = [float(red / blue) for red, _, blue in means]
    assert warmth == sorted(warmth)
    assert warmth[-1] > 1.5 * warmth[0]
