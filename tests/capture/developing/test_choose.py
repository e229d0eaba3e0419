"""The recipe that a series gets from what its files say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from capture.developing.choose import developed, recipe_for, resized
from capture.reading.shot import Shot
from cat_dataset.errors import InputError, UsageError
from tests.capture.developing.files import GAINS, shot_of

RAW = shot_of(Path("a.dng"), 6000, 4000)
JPEG = shot_of(Path("a.jpg"), 6000, 4000)


def series(count: int = 3, **changes: object) -> list[Shot]:
    return [replace(RAW, gains=(2.0 + index, 1.0, 1.5), **changes) for index in range(count)]  # type: ignore[arg-type]


def test_frames_share_the_middle_ones_multipliers() -> None:
    recipe, own = recipe_for(series(), "iso")
    assert (recipe.gains, recipe.least_gain, own) == ((3.0, 1.0, 1.5), 1.0, [None, None, None])
    assert recipe.top_gain == 3.0


def test_white_balance_frames_keep_their_own() -> None:
    shots = [replace(RAW, gains=gains) for gains in ((0.8, 1.0, 3.0), (2.0, 1.0, 1.5))]
    recipe, own = recipe_for(shots, "white_balance")
    assert (recipe.gains, recipe.least_gain, own) == (None, 0.8, [(0.8, 1.0, 3.0), (2.0, 1.0, 1.5)])
    recipe, own = recipe_for([JPEG, JPEG], "white_balance")
    assert (recipe.gains, own, recipe.half) == (None, [None, None], False)


@pytest.mark.parametrize(
    ("width", "height", "square", "full", "half"),
    [(6000, 4000, True, False, True), (6000, 4000, True, True, False), (3072, 2048, True, False, True), (3070, 2046, True, False, False),
     (2048, 1200, False, False, True), (2048, 1200, True, False, False)],
)  # fmt: skip
def test_half_size_is_used_when_it_is_enough(width, height, square, full, half) -> None:
    assert recipe_for([replace(RAW, width=width, height=height)], "iso", square=square, full=full)[0].half is half


def test_half_size_is_never_used_for_finished_pictures() -> None:
    assert not recipe_for([RAW, JPEG], "iso")[0].half


def test_a_larger_working_picture_may_need_full_size() -> None:
    recipe, _ = recipe_for([replace(RAW, width=3072, height=2048)], "iso")
    assert recipe.half
    grown = resized(recipe, (3072, 2048), 1040, (8, 8, 1024, 1024))
    assert (grown.half, grown.size, grown.crop) == (False, 1040, (8, 8, 1024, 1024))
    with pytest.raises(UsageError, match="does not lie in the working picture of 1560×1040"):
        resized(recipe, (3072, 2048), 1040, (600, 0, 1024, 1024))


def test_the_majority_says_what_is_up() -> None:
    shots = [replace(RAW, orientation=orientation) for orientation in (1, 6, 6)]
    recipe, _ = recipe_for(shots, "iso")
    assert (recipe.orientation, recipe.crop) == (6, (0, 256, 1024, 1024))


def test_crops_are_squares_in_the_middle() -> None:
    assert recipe_for([RAW], "iso")[0].crop == (256, 0, 1024, 1024)
    assert recipe_for([RAW], "iso", square=False)[0].crop == (0, 0, 1024, 683)
    assert recipe_for([replace(RAW, width=900, height=600)], "iso")[0].crop == (150, 0, 600, 600)
    assert recipe_for([RAW], "iso", crop=(1, 2, 30, 40))[0].crop == (1, 2, 30, 40)
    margin = recipe_for([RAW], "iso", margin=0.05)[0]
    assert (margin.size, margin.crop) == (1075, (294, 25, 1024, 1024))


def test_differing_saturations_are_levelled() -> None:
    assert recipe_for(series(saturation=15000), "iso")[0].saturation is None
    assert recipe_for([*series(saturation=15000), replace(RAW, saturation=14000)], "iso")[0].saturation == 14000


@pytest.mark.parametrize(
    ("options", "says"),
    [({"size": 8}, "--size 8"), ({"bits": 12}, "8 or 16 bits"), ({"curve": "linear"}, "16 bits"),
     ({"curve": "log"}, "curve sRGB or linear"),
     ({"crop": (0, 0, 2000, 10)}, "does not lie"), ({"margin": 2.0}, "margin")],
)  # fmt: skip
def test_impossible_wishes(options, says) -> None:
    with pytest.raises(UsageError, match=says):
        recipe_for([RAW], "iso", **options)


def test_developed_frames_have_gains_and_one_least() -> None:
    recipe, frames = developed(RAW, "white_balance", (2000.0, 5000.0, 20000.0))
    assert RAW.profile is not None
    for frame in frames:
        assert frame.gains == pytest.approx(RAW.profile.multipliers(frame.change["white_balance"]))
    assert recipe.gains is None
    assert recipe.least_gain == min(min(frame.gains) for frame in frames if frame.gains)
    recipe, frames = developed(RAW, "exposure", (-1.0, 1.0))
    assert (recipe.gains, [frame.change for frame in frames]) == (GAINS, [{"exposure": -1.0}, {"exposure": 1.0}])


def test_what_cannot_be_developed() -> None:
    with pytest.raises(InputError, match="no RAW"):
        developed(JPEG, "white_balance", (3000.0, 5000.0))
    with pytest.raises(InputError, match="no camera matrix"):
        developed(replace(RAW, profile=None), "white_balance", (3000.0, 5000.0))
    with pytest.raises(UsageError, match="stored linear"):
        developed(RAW, "gamma", (1.0, 2.0), bits=16, curve="linear")
