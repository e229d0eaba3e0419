"""Each exact change against an independent computation."""

from __future__ import annotations

from pathlib import Path

import colour
import numpy as np
import pytest

from capture.colour_temperature import ColourProfile
from capture.developing.change import changed, formula
from capture.developing.choose import developed
from capture.developing.decode import decode
from capture.developing.finish import finish
from capture.developing.recipe import CHANGES
from capture.simulate.sensor import COLOUR_MATRIX
from capture.srgb import XYZ_FROM_SRGB
from cat_dataset.attributes import attribute
from cat_dataset.errors import UsageError
from cat_dataset.images import decode_rgb
from tests.capture.developing.files import bayer, raw_shot, smooth_colours

COLOURS = np.random.default_rng(0).random((16, 24, 3), dtype=np.float32)


def lightness_chroma_hue(linear: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Oklab by colour-science, in polar form (degrees)."""
    lab = colour.XYZ_to_Oklab(linear.astype(np.float64) @ XYZ_FROM_SRGB.T)
    return lab[..., 0], np.hypot(lab[..., 1], lab[..., 2]), np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))


@pytest.mark.parametrize("degrees", [-170.0, -30.0, 0.0, 90.0, 180.0])
def test_hue_turns_oklab(degrees: float) -> None:
    light, chroma, hue = lightness_chroma_hue(COLOURS)
    after = lightness_chroma_hue(changed(COLOURS, {"hue": degrees}))
    assert after[0] == pytest.approx(light, abs=1e-3)
    assert after[1] == pytest.approx(chroma, abs=1e-3)
    strong = chroma > 0.03
    turned = (after[2] - hue - degrees + 180) % 360 - 180
    assert np.abs(turned[strong]).max() < 1


@pytest.mark.parametrize("percent", [0.0, 50.0, 100.0, 200.0])
def test_saturation_scales_oklab_chroma(percent: float) -> None:
    light, chroma, _ = lightness_chroma_hue(COLOURS)
    made = changed(COLOURS, {"saturation": percent})
    after = lightness_chroma_hue(made)
    assert after[0] == pytest.approx(light, abs=1e-3)
    assert after[1] == pytest.approx(chroma * percent / 100, abs=2e-3)
    if percent == 0:
        assert np.abs(made / made[..., 1:2] - 1).max() < 1e-4


def test_nothing_asked_is_nothing_changed() -> None:
    assert changed(COLOURS, {}) is COLOURS
    assert changed(COLOURS, {"hue": 0.0, "saturation": 100.0}) == pytest.approx(COLOURS, abs=1e-5)
    full_turn = changed(COLOURS, {"hue": 360.0})
    assert full_turn == pytest.approx(COLOURS, abs=1e-5)


def test_negative_light_survives_a_turn() -> None:
    """Noise below black, and colours outside sRGB, stay what they are instead of becoming no numbers."""
    linear = np.array([[[-0.01, 0.2, 1.4], [-0.02, -0.01, -0.03]]], np.float32)
    assert changed(linear, {"saturation": 100.0}) == pytest.approx(linear, abs=1e-4)


@pytest.mark.parametrize("stops", [-3.0, -0.5, 0.0, 2.0])
def test_exposure_is_a_power_of_two(stops: float) -> None:
    assert np.array_equal(changed(COLOURS, {"exposure": stops}), COLOURS * np.float32(2**stops))


def test_white_balance_is_the_cameras_matrix(tmp_path: Path) -> None:
    """A grey lit by each white comes out grey in the frame that is balanced for it, and in no other."""
    profile = ColourProfile(COLOUR_MATRIX)
    kelvins = (3000.0, 5000.0, 9000.0)
    for lit in kelvins:
        grey = np.broadcast_to(0.3 * profile.neutral(lit), (64, 96, 3))
        shot = raw_shot(tmp_path / f"{lit:g}.dng", bayer(np.array(grey)))
        recipe, frames = developed(shot, "white_balance", kelvins, size=32)
        decoded = decode(shot, recipe)
        for frame in frames:
            red, green, blue = decoded.picture(frame, recipe).mean(axis=(0, 1))
            tint = np.log2(red / blue) if min(red, blue) > 0 else np.inf
            kelvin = frame.change["white_balance"]
            if kelvin == lit:
                assert (red / green, blue / green) == pytest.approx((1, 1), abs=0.005)
            else:
                assert np.sign(tint) == np.sign(kelvin - lit)


def test_changes_of_curve_reach_the_frame(tmp_path: Path) -> None:
    shot = raw_shot(tmp_path / "a.dng", bayer(smooth_colours()))
    for name, values in {"gamma": (1.0, 2.2), "contrast": (50.0, 200.0)}.items():
        recipe, frames = developed(shot, name, values, size=64)
        linear = decode(shot, recipe).picture(frames[0], recipe)
        x = np.clip(linear[:, 16:80].astype(np.float64), 0, None)
        for frame, value in zip(frames, values, strict=True):
            light = 0.18 * (x / 0.18) ** (value / 100) if name == "contrast" else x
            light = np.clip(light, 0, 1)
            expected = (
                light ** (1 / value) if name == "gamma" else np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
            )
            assert np.abs(decode_rgb(finish(linear, recipe, frame).png) - 255 * expected).max() < 0.6


def test_every_change_has_a_formula_and_an_attribute() -> None:
    assert len({formula(name) for name in CHANGES}) == len(CHANGES)
    for name in CHANGES:
        assert attribute(name).level == "low"
    with pytest.raises(UsageError, match="these can: white_balance, exposure"):
        formula("iso")
