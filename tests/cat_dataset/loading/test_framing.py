"""Source and target are cut, resized and flipped alike, and only where the attributes allow it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.attributes import ATTRIBUTES
from cat_dataset.errors import UsageError
from cat_dataset.loading.framing import Framing, centre_square, cut_square, random_square
from cat_dataset.pairs import Pair, PairEdit


def pair(*attributes: str, mirrored: bool = False, index: int = 0) -> Pair:
    edits = tuple(PairEdit(name, ATTRIBUTES[name].task, 1.0, 0.1, "chair", 0.0) for name in attributes)
    return Pair(index, "s", 0, 1, edits, "", mirrored)


def places(width: int, height: int) -> np.ndarray:
    """A picture that says where each pixel is: red is x, green is y."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x, y, np.full_like(x, 7)], -1).astype(np.uint8)


@given(st.integers(1, 500), st.integers(1, 500), st.floats(0.05, 1.0), st.integers(0, 2**64 - 1), st.integers(0, 2**60))
def test_squares_lie_inside_the_picture(height: int, width: int, smallest: float, seed: int, index: int) -> None:
    top, left, side = random_square((height, width, 3), smallest, seed, index)
    assert side >= 1 and top >= 0 and left >= 0 and top + side <= height and left + side <= width
    assert side >= int(smallest * min(height, width))
    top, left, side = centre_square((height, width, 3))
    assert side == min(height, width) and top + side <= height and left + side <= width


def test_the_middle_of_a_wide_and_of_a_tall_picture() -> None:
    wide = Framing(8).cut(places(20, 8), pair("rotation_z"))
    assert np.array_equal(wide, places(20, 8)[:, 6:14])
    tall = Framing(8).cut(places(8, 13), pair("rotation_z"))
    assert np.array_equal(tall, places(8, 13)[2:10])
    assert wide.flags.c_contiguous and tall.flags.c_contiguous


def test_resizing_is_by_area() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    assert np.array_equal(Framing(32).cut(picture, pair("iso")), cv2.resize(picture, (32, 32), interpolation=cv2.INTER_AREA))
    assert Framing(100).cut(picture, pair("iso")).shape == (100, 100, 3)


@pytest.mark.parametrize("names", [("iso",), ("exposure", "hue"), ("rotation_z",)])
def test_a_flip_is_that_of_the_same_cut(names: tuple[str, ...]) -> None:
    picture, framing = places(60, 50), Framing(16, 0.5, seed=3)
    for index in range(20):
        plain, flipped = (framing.cut(picture, pair(*names, mirrored=mirrored, index=index)) for mirrored in (False, True))
        assert np.array_equal(plain[:, ::-1], flipped)
        assert flipped.flags.c_contiguous


def test_only_what_acts_on_pixels_is_cropped() -> None:
    assert {name for name, a in ATTRIBUTES.items() if a.may_crop} == {
        "iso", "aperture", "white_balance", "exposure", "gamma", "hue", "saturation", "contrast", "focus_distance",
    }  # fmt: skip
    framing, picture = Framing(16, 0.5), places(60, 60)
    whole = Framing(16).cut(picture, pair("iso"))
    assert framing.short_side(pair("iso", "gamma")) == 32
    assert not np.array_equal(framing.cut(picture, pair("iso", "gamma")), whole)
    for names in [("rotation_z",), ("iso", "rotation_z"), ("light_intensity",), ("focal_length", "exposure")]:
        assert framing.short_side(pair(*names)) == 16
        assert np.array_equal(framing.cut(picture, pair(*names)), whole)


def test_crops_are_even() -> None:
    """Chi-squared of the sides of 4000 crops, and of their places over a 4 × 4 grid."""
    top, left, side = np.array([random_square((100_000, 100_000, 3), 0.5, 9, index) for index in range(4000)]).T
    sides = np.histogram(side, bins=10, range=(50_000, 100_000))[0]
    assert ((sides - 400) ** 2 / 400).sum() < 27.9, "9 degrees of freedom, p = 0.001"
    room = 100_000 - side + 1
    cells = np.histogram2d(top / room, left / room, bins=4, range=[[0, 1], [0, 1]])[0]
    assert ((cells - 250) ** 2 / 250).sum() < 37.7, "15 degrees of freedom, p = 0.001"


def test_cut_square_keeps_the_picture() -> None:
    picture = places(20, 20)
    before = picture.copy()
    cut_square(picture, (2, 3, 10), 5)[:] = 0
    assert np.array_equal(picture, before)


@pytest.mark.parametrize(("size", "crop", "says"), [(0, 1.0, "size must be"), (8, 0.0, "crop must be"), (8, 1.1, "crop must be")])
def test_impossible_options(size: int, crop: float, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Framing(size, crop)
