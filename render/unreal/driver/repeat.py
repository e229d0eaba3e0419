"""Whether a state that is rendered again looks as it did: if not, states leak into one another.

Path-traced noise differs from frame to frame and is small where many pixels are averaged; what is left of another state
(a denoiser across frames, hair that still swings, a texture that arrived late) is large in one place. So two numbers are
looked at, neither of them yet tried on an engine's noise: the PSNR of the whole picture, and the largest difference
between the means of blocks of `SIDE` pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cat_dataset.images import Rgb

SIDE = 32
LEAST_PSNR = 30.0
"""dB over the whole picture."""
LARGEST_BLOCK = 4.0
"""Of 255, in any channel: the noise of 32 × 32 pixels of standard deviation 20 has one of 0.9 between two such means."""


@dataclass(frozen=True)
class Difference:
    """Between two pictures of one state. ``place`` is the middle of the worst block: x, y in pixels."""

    psnr: float
    block: float
    place: tuple[int, int]

    @property
    def leaks(self) -> bool:
        """Whether the two cannot be the same state."""
        return self.psnr < LEAST_PSNR or self.block > LARGEST_BLOCK

    def as_json(self) -> dict[str, float]:
        """The numbers for a series' provenance; equal pictures have no finite PSNR and are said to have 99 dB."""
        return {"psnr_db": round(min(self.psnr, 99.0), 2), "largest_block_difference": round(self.block, 3)}

    def __str__(self) -> str:
        return (
            f"PSNR {self.psnr:.1f} dB (at least {LEAST_PSNR:g}), largest difference of a {SIDE}-pixel block {self.block:.1f} of 255 "
            f"(at most {LARGEST_BLOCK:g}), about x {self.place[0]}, y {self.place[1]}"
        )


def compare(one: Rgb, other: Rgb) -> Difference:
    """How two pictures of equal size differ."""
    difference = one.astype(np.int16) - other
    error = float(np.mean(np.square(difference, dtype=np.int32)))
    height, width, _ = difference.shape
    rows, columns = np.arange(0, height, SIDE), np.arange(0, width, SIDE)
    sums = np.add.reduceat(np.add.reduceat(difference, rows, axis=0, dtype=np.int64), columns, axis=1)
    pixels = np.diff(np.append(rows, height))[:, None] * np.diff(np.append(columns, width))[None, :]
    means = np.abs(sums).max(axis=2) / pixels
    y, x = (int(place) for place in np.unravel_index(int(means.argmax()), means.shape))
    middle = (min(x * SIDE + SIDE // 2, width - 1), min(y * SIDE + SIDE // 2, height - 1))
    return Difference(math.inf if error == 0 else 10 * math.log10(255**2 / error), float(means[y, x]), middle)
