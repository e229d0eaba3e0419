"""The curve of a frame against its formula, computed value by value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.developing.tone import GREY, Tone
from capture.srgb import curve8, linear16

LIGHT = np.concatenate([np.linspace(0, 1, 5001), np.geomspace(1e-7, 1, 2001)]).astype(np.float32)


def stored(tone: Tone, light: np.ndarray) -> np.ndarray:
    """The value before rounding, by IEC 61966-2-1 and the formulas of the changes, in numbers of the depth."""
    full = (1 << tone.bits) - 1
    x = np.maximum(light.astype(np.float64), 0)
    x = np.clip(0.18 * np.power(x / 0.18, tone.contrast / 100), 0, 1)
    if tone.gamma:
        return full * np.power(x, 1 / tone.gamma)
    if tone.curve == "linear":
        return full * x
    return full * np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.power(x, 1 / 2.4) - 0.055)


@pytest.mark.parametrize("gamma", [0.0, 1.0, 1.8, 2.2, 3.0])
@pytest.mark.parametrize("contrast", [25.0, 50.0, 100.0, 133.0, 400.0])
@pytest.mark.parametrize("bits", [8, 16])
def test_curves_are_their_formulas(gamma: float, contrast: float, bits: int) -> None:
    tone = Tone("sRGB", bits, contrast, gamma)
    light = LIGHT[LIGHT > 1e-5] if contrast < 100 else LIGHT
    off = np.abs(tone.encode(light).astype(np.float64) - stored(tone, light))
    assert off.max() < (0.55 if bits == 8 else 3.0)
    assert off.mean() < 0.3


def test_eight_bit_srgb_comes_back_from_linear() -> None:
    every = np.arange(256, dtype=np.uint8)
    light = (linear16()[every] / 65535).astype(np.float32)
    assert np.array_equal(Tone().encode(light), every)
    assert np.array_equal(curve8()[linear16()[every]], every)


def test_sixteen_bit_srgb_is_right_to_one_step() -> None:
    every = np.arange(65536)
    light = np.where(every / 65535 <= 0.04045, every / 65535 / 12.92, ((every / 65535 + 0.055) / 1.055) ** 2.4).astype(np.float32)
    assert np.abs(Tone(bits=16).encode(light).astype(int) - every).max() <= 1


def test_linear_sixteen_bit_is_exact() -> None:
    every = np.arange(65536, dtype=np.uint16)
    assert np.array_equal(Tone("linear", 16).encode((every / 65535).astype(np.float32)), every)


@given(st.lists(st.floats(-10, 1e6, width=32), min_size=2, max_size=20), st.floats(25, 400), st.floats(1, 3))
def test_curves_rise_and_clip(values: list[float], contrast: float, gamma: float) -> None:
    tone = Tone("sRGB", 8, contrast, gamma)
    light = np.sort(np.array(values, np.float32))
    codes = tone.encode(light).astype(int)
    assert (np.diff(codes) >= 0).all()
    assert (codes[light <= 0] == 0).all()
    assert (codes[light >= tone.white * 1.001] == 255).all()


def test_contrast_turns_about_grey() -> None:
    grey = np.full(1, GREY, np.float32)
    assert {int(Tone(contrast=contrast).encode(grey)[0]) for contrast in (25.0, 50.0, 100.0, 200.0, 400.0)} == {int(Tone().encode(grey)[0])}
    assert Tone(contrast=50.0).white == pytest.approx(0.18 * (1 / 0.18) ** 2)
