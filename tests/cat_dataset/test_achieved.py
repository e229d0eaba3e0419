import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.achieved import achieved_value, agreement, psnr, ranks
from cat_dataset.attributes import attribute

FRAMES = [np.random.default_rng(i).integers(0, 256, (6, 6, 3)).astype(np.float64) for i in range(5)]
ISO = [100.0, 200.0, 400.0, 800.0, 1600.0]


@given(st.integers(0, 3), st.floats(0.0, 1.0))
def test_between_frames_the_scale_is_interpolated(left: int, share: float) -> None:
    blend = (1 - share) * FRAMES[left] + share * FRAMES[left + 1]
    expected = ISO[left] * 2**share
    assert achieved_value(blend, FRAMES, ISO, attribute("iso")) == pytest.approx(expected, rel=1e-6)


def test_a_frame_with_noise_is_still_itself() -> None:
    noisy = FRAMES[3] + np.random.default_rng(9).normal(0, 5, FRAMES[3].shape)
    assert achieved_value(noisy, FRAMES, ISO, attribute("iso")) == pytest.approx(800, rel=0.05)


def test_psnr_of_known_differences() -> None:
    black = np.zeros((4, 4, 3), np.uint8)
    assert psnr(black, black) == 100.0
    assert psnr(black, black + 255) == pytest.approx(0.0)
    assert psnr(black, black + 51) == pytest.approx(-20 * math.log10(0.2))


def test_ranks_share_ties() -> None:
    assert ranks([3.0, 1.0, 3.0, 2.0]).tolist() == [2.5, 0.0, 2.5, 1.0]


def test_agreement_of_known_lines() -> None:
    asked = [-2.0, -1.0, 0.0, 1.0, 2.0]
    half = agreement(asked, [0.5 * x + 0.1 for x in asked])
    assert (half.spearman, half.slope) == (pytest.approx(1.0), pytest.approx(0.5))
    assert agreement(asked, asked[::-1]).spearman == pytest.approx(-1.0)
    assert agreement(asked, [3.0] * 5).spearman == 0.0
    assert math.isnan(agreement([1.0, 1.0], [0.0, 2.0]).slope)
