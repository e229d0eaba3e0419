"""Noise is no leak, and a leak in one small place is one."""

from __future__ import annotations

import numpy as np
import pytest

from cat_dataset.images import Rgb
from render.unreal.driver.repeat import compare


def picture(seed: int, sigma: float = 8.0, side: int = 100) -> Rgb:
    x = np.linspace(40, 200, side)[None, :, None] * np.ones((side, 1, 3))
    return np.clip(x + np.random.default_rng(seed).normal(0, sigma, (side, side, 3)), 0, 255).astype(np.uint8)


def test_the_same_picture_does_not_differ() -> None:
    found = compare(picture(1), picture(1))
    assert not found.leaks
    assert found.as_json() == {"psnr_db": 99.0, "largest_block_difference": 0.0}


@pytest.mark.parametrize("sigma", [1.0, 4.0])
def test_noise_alone_is_no_leak(sigma: float) -> None:
    assert not compare(picture(1, sigma), picture(2, sigma)).leaks


def test_noise_like_another_picture_is_refused_by_its_psnr() -> None:
    assert compare(picture(1, 12.0), picture(2, 12.0)).psnr < 30


def test_a_faint_ghost_in_one_place_is_a_leak_and_its_place_is_said() -> None:
    first, again = picture(1, 1.0), picture(2, 1.0)
    again[40:60, 70:90] += 14
    found = compare(first, again)
    assert found.psnr > 30
    assert found.leaks
    assert (found.place, again.shape) == ((80, 48), (100, 100, 3))


@pytest.mark.parametrize("side", [8, 31, 33])
def test_pictures_of_any_size_can_be_compared(side: int) -> None:
    one, other = picture(1, 0.0, side), picture(1, 0.0, side)
    other[-1, -1] = 255 - other[-1, -1]
    assert compare(one, other).block > 0
