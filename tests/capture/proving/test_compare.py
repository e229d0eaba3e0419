"""Alignment, moving content, detail and match of pairs of known pictures."""

from __future__ import annotations

import json
import pickle

import cv2
import numpy as np
import pytest

from capture.proving.alignment import SIDE, drift, features
from capture.proving.compare import PROFILE, _profile, compare
from capture.proving.detail import BANDS, FINEST, detail_grid
from capture.proving.tolerances import MATCH_SAME

WIDTH, HEIGHT = 288, 192


def world() -> np.ndarray:
    """Light (height, width, 3) with a border of 24 pixels: smooth ground, cards, edges of several contrasts."""
    rng = np.random.default_rng(5)
    high, wide = HEIGHT + 48, WIDTH + 48
    y, x = np.mgrid[:high, :wide] / wide
    light = 0.05 + 0.2 * y + 0.05 * np.sin(9 * x)
    for _ in range(14):
        left, top, side, level = rng.uniform(0, 0.9), rng.uniform(0, 0.6), rng.uniform(0.05, 0.2), rng.uniform(0.02, 0.5)
        light = np.where((x > left) & (x < left + side) & (y > top) & (y < top + side), level, light)
    fine = cv2.GaussianBlur(rng.standard_normal((high, wide)), (0, 0), 1.5)
    light = cv2.GaussianBlur(light * np.exp(0.4 * fine), (0, 0), 0.8)
    return np.asarray(light[..., None] * np.array([0.8, 1.0, 0.7]), np.float32)


WORLD = world()


def taken(shift=(0.0, 0.0), turn=0.0, zoom=1.0, ev=0.0, noise=1e-4, seed=1, light: np.ndarray = WORLD) -> np.ndarray:
    """A picture of ``light``, moved, exposed and noisy (variance ``noise``·mean, twentieth of it in the dark)."""
    move = cv2.getRotationMatrix2D(((light.shape[1] - 1) / 2, (light.shape[0] - 1) / 2), -turn, zoom)
    move[:, 2] += shift
    moved = cv2.warpAffine(light, move, light.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    seen = np.maximum(moved[24:-24, 24:-24], 0) * 2**ev
    seen = seen + np.random.default_rng(seed).standard_normal(seen.shape) * np.sqrt(noise * seen + noise / 20)
    return np.asarray(np.minimum(seen, 1), np.float32)


def true_position(corner: np.ndarray, shift, turn, zoom) -> np.ndarray:
    centre = np.array([(WIDTH - 1) / 2, (HEIGHT - 1) / 2])
    cos, sin = np.cos(np.radians(turn)) * zoom, np.sin(np.radians(turn)) * zoom
    return np.array([[cos, -sin], [sin, cos]]) @ (corner - centre) + centre + shift


CORNERS = [np.array([x, y], float) for x in (0, WIDTH - 1) for y in (0, HEIGHT - 1)]
KNOWN = features(taken())


@pytest.mark.parametrize(
    ("move", "exposed", "pixels"),
    [
        ({}, {}, 0.1), ({"shift": (0.4, -0.3)}, {}, 0.2), ({"shift": (9.0, 5.0)}, {}, 0.2), ({"turn": 0.3}, {}, 0.3),
        ({"turn": -0.9, "shift": (3.0, -4.0)}, {}, 0.3), ({"zoom": 1.02}, {}, 0.3), ({"shift": (2.0, 1.0)}, {"ev": -6.0}, 0.5),
        ({"shift": (2.0, 1.0)}, {"ev": 2.5}, 0.4), ({"shift": (-3.0, 1.5)}, {"noise": 8e-3}, 0.5), ({"turn": 0.5}, {"ev": -4.0}, 0.6),
    ],
)  # fmt: skip
def test_the_transform_of_a_known_move(move: dict, exposed: dict, pixels: float) -> None:
    truth = {"shift": (0.0, 0.0), "turn": 0.0, "zoom": 1.0} | move
    found = compare(KNOWN, taken(**truth, **exposed, seed=2), ev=exposed.get("ev", 0.0))
    assert found["found"]
    matrix = np.array(found["transform"]).reshape(2, 3)
    for corner in CORNERS:
        assert np.hypot(*(matrix @ np.append(corner, 1) - true_position(corner, **truth))) < pixels
    assert found["rotation"] == pytest.approx(truth["turn"], abs=0.12)
    assert found["drift"] == pytest.approx(drift(tuple(found["transform"]), (WIDTH, HEIGHT)), abs=1e-3)


def test_a_claimed_magnification_is_measured_not_believed() -> None:
    zoomed = taken(zoom=1.2, seed=3)
    for claim in (1.2, 1.15, 1.25):
        assert compare(KNOWN, zoomed, ev=0.0, scale=claim)["scale"] == pytest.approx(1.2, abs=0.004)


def test_noise_and_darkness_cannot_be_aligned() -> None:
    rng = np.random.default_rng(9)
    for nothing in (rng.normal(0.1, 0.05, (HEIGHT, WIDTH, 3)), np.zeros((HEIGHT, WIDTH, 3)), np.ones((HEIGHT, WIDTH, 3))):
        found = compare(KNOWN, np.asarray(nothing, np.float32), ev=0.0)
        assert not found["found"]
        assert found["transform"] == [1, 0, 0, 0, 1, 0]


def test_another_size_is_said_and_not_compared() -> None:
    assert "not 288×192" in compare(KNOWN, taken()[:-2], ev=0.0)["reason"]


def test_features_travel_and_facts_are_json() -> None:
    large = features(np.zeros((1024, 1536, 3), np.float32))
    assert max(large.light.shape) == SIDE
    assert len(pickle.dumps(large)) < 2 << 20
    one, two = (json.dumps(compare(KNOWN, taken(seed=4), ev=None), allow_nan=False) for _ in range(2))
    assert one == two


@pytest.mark.parametrize("ev", [-3.0, 0.0, 1.0])
def test_brightness_of_the_pair(ev: float) -> None:
    assert compare(KNOWN, taken(ev=ev, seed=5), ev=ev)["ev"] == pytest.approx(ev, abs=0.01)


def test_a_thing_that_moved_is_boxed() -> None:
    other = WORLD.copy()
    other[100:130, 150:185] = np.array([0.3, 0.02, 0.3])
    found = compare(KNOWN, taken(light=other, seed=6), ev=0.0)["moving"]
    assert found["share"] == pytest.approx(30 * 35 / (WIDTH * HEIGHT), rel=0.5)
    left, top, wide, high = found["boxes"][0]
    assert (left * WIDTH, top * HEIGHT) == pytest.approx((126, 76), abs=6)
    assert (wide * WIDTH, high * HEIGHT) == pytest.approx((35, 30), abs=8)


@pytest.mark.parametrize("change", [{"ev": -3.0}, {"noise": 8e-3}, {"shift": (2.5, 1.0)}, {"ev": 2.0}])
def test_exposure_noise_and_shift_are_no_motion(change: dict) -> None:
    assert compare(KNOWN, taken(seed=7, **change), ev=change.get("ev", 0.0))["moving"]["share"] < 0.002


def test_blur_is_no_motion_and_lowers_the_detail() -> None:
    soft = compare(KNOWN, cv2.GaussianBlur(taken(seed=8), (0, 0), 2.0), ev=0.0)
    assert soft["moving"]["share"] < 0.002
    sharp = compare(KNOWN, taken(seed=8), ev=0.0)
    slopes = [np.median([v for v in one["detail"]["slope"][0] if v is not None]) for one in (soft, sharp)]
    assert slopes[0] < 0.4 * slopes[1]


def test_another_scene_does_not_match() -> None:
    assert compare(KNOWN, taken(seed=9), ev=0.0)["match"] > 0.9
    assert compare(KNOWN, np.ascontiguousarray(taken(seed=9)[::-1, ::-1]), ev=0.0)["match"] < MATCH_SAME


@pytest.mark.parametrize("size", [(192, 288), (512, 768)])
def test_detail_of_blurred_noise_band_by_band(size: tuple[int, int]) -> None:
    """The slope of a band is the Gaussian's transfer averaged over the band's power, at both ways of sampling it."""
    light = np.asarray(0.3 + 0.03 * np.random.default_rng(3).standard_normal(size), np.float32)
    found = detail_grid(light, cv2.GaussianBlur(light, (0, 0), 1.0), np.ones(size, bool))
    y, x = np.meshgrid(np.fft.fftfreq(512), np.fft.fftfreq(512))
    gauss = lambda width: np.exp(-2 * (np.pi * width) ** 2 * (x * x + y * y))  # noqa: E731
    for band in range(BANDS):
        power = (gauss(FINEST * 2**band) - gauss(FINEST * 2 ** (band + 1))) ** 2
        assert np.mean(found["slope"][band]) == pytest.approx(
            (power * gauss(1.0)).sum() / power.sum(), rel=0.08 if band == 0 else 0.04
        )  # sampled Gaussians this narrow are broader


def test_a_profile_is_of_what_is_lit() -> None:
    one = np.full((200, 300), 0.1, np.float32)
    two = one * np.linspace(1, 2, 200, dtype=np.float32)[:, None]
    lit = np.ones(one.shape, bool)
    two[:, :100], lit[:, :100] = 1.0, False
    lit[:50] = False
    found = _profile(one, two, lit, 0.5)
    assert len(found) == PROFILE
    assert found[:23] == [None] * 23
    assert found[40:] == pytest.approx(list(np.log2(1 + (np.arange(40, PROFILE) + 0.25) / PROFILE) - 0.5), abs=0.01)
    assert _profile(one.T, two.T, lit.T, 0.5)[:30] == [None] * 30
