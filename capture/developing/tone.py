"""From linear light to stored numbers: the curve of a frame as one table.

Per-channel changes (contrast, gamma) are curves too, so a frame is encoded in one look-up whatever was asked. The table
is indexed by the fourth root of the light, which spreads its entries about as the eye does; square roots are exact in
IEEE 754, so the same numbers come out on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import numpy as np
from numpy.typing import NDArray

from capture.srgb import Linear, encoded

GREY = 0.18
"""Mid-grey in linear light, which a change of contrast leaves as it is."""

_ENTRIES = {8: 1 << 16, 16: 1 << 20}
_ROWS = 32
"""Rows encoded at a time: they stay in the processor's cache."""

Codes = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True)
class Tone:
    """The curve that one frame is stored with. ``contrast`` in percent, ``gamma`` 0 for ``curve`` itself."""

    curve: str = "sRGB"
    bits: int = 8
    contrast: float = 100.0
    gamma: float = 0.0

    @classmethod
    def of(cls, change: Mapping[str, float], curve: str, bits: int) -> Tone:
        """The curve of a frame with the change ``change``."""
        return cls(curve, bits, change.get("contrast", 100.0), change.get("gamma", 0.0))

    @property
    def white(self) -> float:
        """The linear light that is stored as full scale."""
        return float(GREY * (1 / GREY) ** (100.0 / self.contrast))

    def value(self, light: NDArray[np.float64]) -> NDArray[np.float64]:
        """The stored value in 0..1 of linear ``light`` from 0 to ``white``."""
        if self.contrast != 100.0:
            light = GREY * (light / GREY) ** (self.contrast / 100.0)
        light = np.clip(light, 0.0, 1.0)
        if self.gamma:
            return np.asarray(light ** (1.0 / self.gamma), np.float64)
        return encoded(light) if self.curve == "sRGB" else light

    def encode(self, light: Linear) -> Codes:
        """The stored numbers (uint8 or uint16) of linear ``light``; what lies outside 0 to ``white`` is clipped."""
        if self.bits == 16 and self == Tone("linear", 16):
            return np.asarray(np.rint(np.clip(light, 0, 1) * np.float32(65535)), np.uint16)
        table = _table(self)
        top, steps = np.float32(self.white), np.float32((len(table) - 1) / self.white**0.25)
        codes = np.empty(light.shape, table.dtype)
        for start in range(0, len(light), _ROWS):
            root = np.maximum(light[start : start + _ROWS], 0)
            np.minimum(root, top, out=root)
            np.sqrt(root, out=root)
            np.sqrt(root, out=root)
            root *= steps
            np.rint(root, out=root)
            np.take(table, root.astype(np.int32), out=codes[start : start + _ROWS], mode="clip")
        return cast(Codes, codes)


@lru_cache(maxsize=4)
def _table(tone: Tone) -> Codes:
    """Stored number of each fourth root of light, evenly from 0 to that of ``tone.white``. Shared: do not write to it."""
    count = _ENTRIES[tone.bits]
    value = tone.value(tone.white * (np.arange(count) / (count - 1)) ** 4)
    return cast(Codes, np.rint(value * ((1 << tone.bits) - 1)).astype(np.uint8 if tone.bits == 8 else np.uint16))
