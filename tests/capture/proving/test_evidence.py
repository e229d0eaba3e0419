"""The facts of one frame: hash, shares, grid, noise."""

from __future__ import annotations

import json

import numpy as np
import pytest

from capture.developing.mosaic import Mosaic
from capture.proving.evidence import gather
from capture.proving.noise import _CALM, QUANTILE, SIDE, noise_facts

BLACK, WHITE = 512, 15512
REACH = WHITE - BLACK


def noisy(light: np.ndarray, slope: float, offset: float, seed: int = 0) -> np.ndarray:
    """Raw numbers of ``light`` (1 = full) with variance slope·light + offset."""
    spread = np.sqrt(slope * light + offset)
    values = light + spread * np.random.default_rng(seed).standard_normal(light.shape)
    return np.clip(np.rint(values * REACH + BLACK), 0, WHITE).astype(np.uint16)


def facts(numbers: np.ndarray, colours: str = "RGGB") -> dict:
    black = (BLACK,) * len(colours)
    return gather(Mosaic(numbers, colours, black, WHITE), np.full((16, 24, 3), 0.2, np.float32))


def ramp(height: int = 256, width: int = 384) -> np.ndarray:
    return np.linspace(0.02, 0.6, width)[None, :] * np.ones((height, 1))


def test_the_hash_is_of_the_visible_numbers_however_they_lie_in_memory() -> None:
    whole = noisy(ramp(), 1e-4, 1e-6)
    inside = whole[10:-10, 12:-12]
    assert facts(inside)["mosaic_sha256"] == facts(inside.copy())["mosaic_sha256"]
    other = inside.copy()
    other[5, 5] += 1
    assert facts(inside)["mosaic_sha256"] != facts(other)["mosaic_sha256"]


def test_shares_means_and_grid_of_a_mosaic_of_known_parts() -> None:
    light = np.full((128, 192), 0.25)
    light[:, :48] = 1.5
    light[:, 144:] = 0.0
    light[0::2, 0::2] *= 0.5  # red
    found = facts(noisy(light, 0.0, 0.0))
    assert found["clipped"]["G"] == pytest.approx(0.25)
    assert found["clipped"]["R"] == 0
    assert found["black"]["B"] == pytest.approx(0.25)
    assert found["means"]["G"] == pytest.approx(0.25 + 0.125, abs=1e-3)
    grid = found["grid"]
    green = np.array([np.nan if v is None else v for v in grid["green"]]).reshape(grid["rows"], grid["columns"])
    assert (np.isnan(green[:, :3])).all()
    assert not np.isnan(green[:, 4:]).any()
    assert green[:, 6:8] == pytest.approx(0.25, abs=1e-3)


def test_facts_are_json_and_the_same_every_time() -> None:
    numbers = noisy(ramp(), 1e-4, 1e-6)
    assert json.dumps(facts(numbers), allow_nan=False) == json.dumps(facts(numbers.copy()), allow_nan=False)


def test_a_finished_picture_has_a_grid_and_no_noise() -> None:
    found = gather(None, np.full((64, 96, 3), 0.3, np.float32))
    assert found["raw"] is False
    assert found["noise"] is None
    assert found["means"]["G"] == pytest.approx(0.3)


def test_a_clipping_level_below_the_stated_white_is_seen() -> None:
    light = np.minimum(ramp() * 2, 0.9)
    found = facts(noisy(light, 0.0, 0.0))
    assert found["full"] == pytest.approx(0.89, abs=0.01)
    assert found["clipped"]["G"] > 0.2


@pytest.mark.parametrize(("slope", "offset"), [(2e-5, 1e-7), (4e-4, 4e-6), (2e-3, 1e-4)])
def test_the_law_of_the_noise(slope: float, offset: float) -> None:
    found = facts(noisy(ramp(), slope, offset))["noise"]
    assert found["slope"] == pytest.approx(slope, rel=0.1)
    assert abs(found["slope"] - slope) < 4 * found["slope_error"]


def test_texture_hardly_adds_to_the_noise() -> None:
    y, x = np.mgrid[:256, :384]
    cards = ramp() * np.where((x // 40 + y // 40) % 2, 1.0, 0.6) * (1 + 0.2 * np.sin(x / 9) * np.cos(y / 13))
    assert facts(noisy(cards, 4e-4, 4e-6))["noise"]["slope"] == pytest.approx(4e-4, rel=0.15)


def test_six_by_six_filters() -> None:
    pattern = "GGRGGB" "GGBGGR" "BRGRBG" "GGBGGR" "GGRGGB" "RBGBRG"  # fmt: skip
    found = facts(noisy(ramp(288, 432), 4e-4, 4e-6), pattern)
    assert found["noise"]["slope"] == pytest.approx(4e-4, rel=0.2)
    assert found["means"]["R"] == pytest.approx(found["means"]["G"], rel=0.02)


def test_no_law_where_everything_is_clipped_or_tiny() -> None:
    assert facts(np.full((128, 192), WHITE, np.uint16))["noise"] is None
    assert noise_facts(np.full((32, 32), 900, np.uint16), "RGGB", (BLACK,) * 4, WHITE, 0.98) is None


def test_the_quantile_of_white_noise_is_the_pinned_one() -> None:
    patches = np.random.default_rng(0).standard_normal((40000, SIDE, SIDE))
    down = patches[:, :-2] - 2 * patches[:, 1:-1] + patches[:, 2:]
    ripple = down[:, :, :-2] - 2 * down[:, :, 1:-1] + down[:, :, 2:]
    assert np.quantile((ripple**2).mean(axis=(1, 2)) / 36, QUANTILE) == pytest.approx(_CALM, rel=0.01)
