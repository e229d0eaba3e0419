"""Recipes as JSON: they come back as they were, and anything else is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.developing.recipe import CHANGES, LIMITS, FrameRecipe, Recipe, fits, working_size
from cat_dataset.errors import SeriesError

GAIN = st.floats(0.01, 100)
GAINS = st.none() | st.tuples(GAIN, GAIN, GAIN)
RECIPE = st.builds(
    Recipe, size=st.integers(16, 32768), square=st.booleans(), crop=st.tuples(*[st.integers(1, 9999)] * 4), half=st.booleans(),
    orientation=st.integers(1, 8), gains=GAINS, least_gain=GAIN, saturation=st.none() | st.integers(1, 65535),
    bits=st.just(16), curve=st.sampled_from(["sRGB", "linear"]),
)  # fmt: skip
FRAME = st.builds(
    FrameRecipe, gains=GAINS, change=st.fixed_dictionaries({}, optional={name: st.floats(*LIMITS[name]) for name in CHANGES}),
    transform=st.tuples(*[st.floats(-1e4, 1e4)] * 6), crop=st.none() | st.tuples(*[st.integers(1, 9999)] * 4),
)  # fmt: skip


@given(RECIPE, FRAME)
def test_recipes_survive_json(recipe: Recipe, frame: FrameRecipe) -> None:
    assert Recipe.from_json(json.loads(json.dumps(recipe.as_json()))) == recipe
    assert FrameRecipe.from_json(json.loads(json.dumps(frame.as_json()))) == frame


GOOD = Recipe(1024, True, (0, 0, 1024, 1024), gains=(2.0, 1.0, 1.5)).as_json()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"size": None}, "lacks 'size'"), ({"size": 0}, "size is 0"), ({"size": True}, "size is True"), ({"size": 3.0}, "size is 3.0"),
        ({"square": 1}, "square is 1"), ({"crop": [0, 0, 5]}, "a list of 4"), ({"crop": "abcd"}, "a list of 4"),
        ({"orientation": 9}, "orientation is 9"), ({"gains": [1, 1]}, "a list of 3"), ({"gains": [1, 0, 1]}, "gains"),
        ({"gains": [1, float("nan"), 1]}, "finite"), ({"bits": 12}, "one of 8, 16"), ({"curve": "linear"}, "8 bits"),
        ({"adjust_maximum_thr": 0.75}, "made with adjust_maximum_thr"), ({"recipe": 99}, "use the version that made it"),
        ({"demosaic": "DHT"}, "demosaic is DHT"), ({"extra": 1}, "unknown 'extra'"),
    ],
)  # fmt: skip
def test_anything_else_is_no_recipe(change: dict[str, Any], says: str) -> None:
    found = {**GOOD, **change}
    if change.get("size", 1) is None:
        del found["size"]
    with pytest.raises(SeriesError, match=says):
        Recipe.from_json(found)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"change": {"sharpness": 1.0}}, "unknown 'sharpness'"), ({"change": {"gamma": 0.0}}, "gamma is 0.0"),
        ({"change": []}, "JSON object"),
        ({"transform": [1, 0, 0]}, "a list of 6"), ({"crop": [0, 0, -1, 4]}, "crop"), ({"gains": [1e9, 1, 1]}, "gains"),
        ({"extra": 1}, "unknown 'extra'"),
    ],
)  # fmt: skip
def test_anything_else_is_no_frame(change: dict[str, Any], says: str) -> None:
    with pytest.raises(SeriesError, match=says):
        FrameRecipe.from_json({**FrameRecipe().as_json(), **change})
    with pytest.raises(SeriesError, match="no JSON object"):
        FrameRecipe.from_json([])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stored", "size", "square", "orientation", "expected"),
    [
        ((6000, 4000), 1024, True, 1, (1536, 1024)), ((6000, 4000), 1024, False, 1, (1024, 683)),
        ((6000, 4000), 1024, True, 6, (1024, 1536)), ((96, 64), 1024, True, 1, (96, 64)), ((64, 64), 64, True, 3, (64, 64)),
    ],
)  # fmt: skip
def test_the_working_picture(stored, size, square, orientation, expected) -> None:
    assert working_size(stored, Recipe(size, square, (0, 0, 1, 1), orientation=orientation)) == expected


def test_crops_lie_inside() -> None:
    assert fits((0, 0, 96, 64), (96, 64))
    assert not any(fits(crop, (96, 64)) for crop in ((1, 0, 96, 64), (0, 1, 96, 64), (-1, 0, 9, 9), (0, 0, 0, 9)))
