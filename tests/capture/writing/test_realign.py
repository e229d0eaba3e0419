import pytest

from capture.developing.recipe import UNMOVED, FrameRecipe, Recipe, working_size
from capture.proving.proof import FrameProof, Verdict
from capture.writing.realign import realigned, scaled

STORED = (600, 400)


def recipe(size=100):
    return Recipe(size=size, square=True, crop=(25, 0, 100, 100), half=True)


def proofs(*transforms):
    return {index: FrameProof(Verdict.PROVED, transform=transform) for index, transform in enumerate(transforms)}


def test_frames_keep_their_size_where_the_sensor_has_the_pixels():
    moved = (1.0, 0.0, 4.0, 0.0, 1.0, -2.0)
    found, frames = realigned(recipe(), {0: FrameRecipe(), 1: FrameRecipe()}, proofs(UNMOVED, moved), (0, 2, 146, 98), STORED)
    assert found.crop[2:] == (100, 100)
    assert found.size == 103  # 100 / 0.98, rounded up
    scale = working_size(STORED, found)[0] / working_size(STORED, recipe())[0]
    assert frames[0].transform == UNMOVED
    assert frames[1].transform == pytest.approx((1.0, 0.0, 4.0 * scale, 0.0, 1.0, -2.0 * scale))
    left, top, width, height = found.crop
    assert left >= 0
    assert top >= 2 * scale - 0.5
    assert left + width <= 146 * scale + 0.5
    assert top + height <= 100 * scale + 0.5


def test_half_size_is_given_up_where_it_has_too_few_pixels():
    whole = Recipe(size=200, square=True, crop=(50, 0, 200, 200), half=True)
    found, _ = realigned(whole, {0: FrameRecipe()}, proofs(UNMOVED), (0, 10, 300, 190), STORED)
    assert not found.half
    assert found.crop[2:] == (200, 200)


def test_a_sensor_without_more_pixels_gives_smaller_frames():
    small = Recipe(size=400, square=True, crop=(100, 0, 400, 400))
    found, _ = realigned(small, {0: FrameRecipe()}, proofs(UNMOVED), (0, 10, 600, 380), STORED)
    assert found.crop[2:] == (380, 380)


def test_a_scaled_transform_turns_alike():
    assert scaled((0.9, 0.1, 3.0, -0.1, 0.9, 5.0), 2.0) == (0.9, 0.1, 6.0, -0.1, 0.9, 10.0)
