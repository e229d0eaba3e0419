"""Exact changes to a developed picture, and their formulas as text for the provenance.

Exposure, hue and saturation are made in linear light; contrast and gamma are curves (`capture.developing.tone`). Hue and
saturation are those of Oklab (B. Ottosson, "A perceptual color space for image processing", 2020), where turning or scaling
the (a, b) plane leaves the lightness L alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.developing.tone import GREY
from capture.srgb import Linear
from cat_dataset.errors import UsageError

Matrix = NDArray[np.float64]

_LMS_FROM_SRGB = np.array([
    [0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005],
])  # fmt: skip
_LAB_FROM_ROOTS = np.array([
    [0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099], [0.0259040371, 0.7827717662, -0.8086757660],
])  # fmt: skip

_FORMULAS = {
    "white_balance": (
        "linear camera RGB times the gains of the camera matrix for a white of K kelvins (CIE daylight above 4200 K, black body below "
        "3800 K, blended between) over the least gain of the series, clipped at 1, then the camera's matrix to sRGB"
    ),
    "exposure": "linear sRGB times 2^EV",
    "hue": "Oklab (Ottosson 2020) of linear sRGB: (a, b) turned by the angle in degrees, red towards yellow; L kept",
    "saturation": "Oklab (Ottosson 2020) of linear sRGB: (a, b) times percent / 100; L kept",
    "contrast": f"each channel of linear sRGB: {GREY:g} * (x / {GREY:g})^(percent / 100)",
    "gamma": "each channel of linear sRGB stored as x^(1 / gamma) in place of the sRGB curve",
}


def formula(attribute: str) -> str:
    """The change that an attribute stands for, in words and symbols.

    Raises:
        UsageError: no exact change of that name.
    """
    if attribute not in _FORMULAS:
        raise UsageError(f"{attribute!r} cannot be changed exactly in one picture; these can: {', '.join(_FORMULAS)}")
    return f"{_FORMULAS[attribute]}; values outside 0..1 are clipped at the end"


def changed(linear: Linear, change: Mapping[str, float]) -> Linear:
    """``linear`` (height, width, 3) with the exposure, hue and saturation of ``change``; nothing is clipped."""
    if "exposure" in change:
        linear = np.asarray(linear * np.float32(2.0 ** change["exposure"]), np.float32)
    if "hue" in change or "saturation" in change:
        linear = turned(linear, change.get("hue", 0.0), change.get("saturation", 100.0))
    return linear


def turned(linear: Linear, degrees: float, percent: float) -> Linear:
    """``linear`` with its Oklab hue turned by ``degrees`` and its Oklab chroma scaled to ``percent``."""
    roots = np.cbrt(_times(linear, _LMS_FROM_SRGB))
    angle, share = math.radians(degrees), percent / 100.0
    turn = np.array([
        [1.0, 0.0, 0.0], [0.0, share * math.cos(angle), -share * math.sin(angle)], [0.0, share * math.sin(angle), share * math.cos(angle)],
    ])  # fmt: skip
    roots = _times(roots, np.linalg.inv(_LAB_FROM_ROOTS) @ turn @ _LAB_FROM_ROOTS)
    return _times(roots * roots * roots, np.linalg.inv(_LMS_FROM_SRGB))


def _times(pixels: Linear, matrix: Matrix) -> Linear:
    return np.asarray(cv2.transform(pixels, matrix.astype(np.float32)), np.float32)
