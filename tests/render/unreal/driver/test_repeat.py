"""Noise is no leak, and a leak in one small place is one."""

from __future__ import annotations

import numpy as np
import pytest

from cat_dataset.images import Rgb
from render.unreal.driver.repeat import LARGEST_BLOCK, compare


def picture(seed: int, sigma: float = 8.0, side: int = 100) -> Rgb:
    x = np.linspace(40, 200, side)[None, :, None] * np.ones((side, 1, 3))
    return np.clip(x + np.random.default_rng(seed).normal(0, sigma, (side, side, 3)), 0, 255).astype(np.uint8)


def test_the_same_picture_does_not_differ() -> None:
    found = compare(picture(1), picture(1))
    assert not found.leaks
    assert found.as_json() == {"psnr_db": 99.0, "largest_block_difference": 0.0}


@pytest.mark.parametrize("sigma", [1.0, 4.0, 5.0])
@pytest.mark.parametrize("side", [32, 256])
def test_noise_alone_is_no_leak(sigma: float, side: int) -> None:
    assert not any(compare(picture(seed, sigma, side), picture(seed + 1, sigma, side)).leaks for seed in range(0, 20, 2))


def test_pictures_that_are_mostly_noise_are_refused_by_their_psnr() -> None:
    assert compare(picture(1, 12.0), picture(2, 12.0)).psnr < 30


@pytest.mark.parametrize("side", [32, 100, 1024])
def test_a_faint_ghost_in_one_place_is_a_leak_and_its_place_is_said(side: int) -> None:
    """A tenth of the picture each way, 7 of 255 brighter."""
    first, again = picture(1, 1.0, side), picture(2, 1.0, side)
    first[side // 2 : side // 2 + side // 8, side // 4 : side // 4 + side // 8] += 7
    found = compare(first, again)
    assert found.psnr > 30
    assert found.allowed == LARGEST_BLOCK
    assert found.leaks
    assert side // 4 - 4 <= found.place[0] <= side // 4 + side // 8
    assert side // 2 - 4 <= found.place[1] <= side // 2 + side // 8


def test_what_is_left_of_another_state_all_over_is_a_leak() -> None:
    """Smooth and without a mean: half of a state that moves everything a little."""
    first, wave = picture(1, 0.5, 64), 6 * np.sin(np.linspace(0, 12, 64))[None, :, None]
    found = compare(first, np.clip(first + wave, 0, 255).astype(np.uint8))
    assert found.psnr > 30
    assert found.leaks


@pytest.mark.parametrize("side", [8, 31, 33])
def test_pictures_of_any_size_can_be_compared(side: int) -> None:
    one, other = picture(1, 0.0, side), picture(1, 0.0, side)
    other[-1, -1] = 255 - other[-1, -1]
    assert compare(one, other).block > 0
