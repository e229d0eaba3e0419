"""Whether a state that is rendered again looks as it did: if not, states leak into one another.

Noise differs from pixel to pixel and is small where many are averaged; what is left of another state (a denoiser across
frames, hair that still swings, a texture that arrived late) is smooth and large in one place. So two numbers are looked at:
the PSNR of the whole picture, and the largest difference between the means of small blocks, which noise alone cannot explain.
Neither threshold has been tried on an engine's pictures yet.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cat_dataset.images import Rgb

BLOCKS, LEAST_SIDE = 32, 4
"""A block's side is that part of the picture's, and at least so many pixels."""
LEAST_PSNR = 30.0
"""dB over the whole picture."""
LARGEST_BLOCK = 4.0
"""Of 255, in any channel."""
SIGMAS = 6.0
"""What a block's mean may differ by in standard deviations of its noise, where that is more than `LARGEST_BLOCK`."""


@dataclass(frozen=True)
class Difference:
    """Between two pictures of one state. ``allowed`` is what ``block`` may be; ``place`` the middle of the worst one: x, y in pixels."""

    psnr: float
    block: float
    allowed: float
    place: tuple[int, int]

    @property
    def leaks(self) -> bool:
        """Whether the two cannot be the same state."""
        return self.psnr < LEAST_PSNR or self.block > self.allowed

    def as_json(self) -> dict[str, float]:
        """The numbers for a series' provenance; equal pictures have no finite PSNR and are said to have 99 dB."""
        return {"psnr_db": round(min(self.psnr, 99.0), 2), "largest_block_difference": round(self.block, 3)}

    def __str__(self) -> str:
        return (
            f"PSNR {min(self.psnr, 99.0):.1f} dB (at least {LEAST_PSNR:g}), largest difference of a block {self.block:.1f} of 255 "
            f"(at most {self.allowed:.1f}), about x {self.place[0]}, y {self.place[1]}"
        )


def compare(one: Rgb, other: Rgb) -> Difference:
    """How two pictures of equal size differ."""
    difference = one.astype(np.int16) - other
    error = float(np.mean(np.square(difference, dtype=np.int32)))
    height, width, _ = difference.shape
    side = max(LEAST_SIDE, min(height, width) // BLOCKS)
    rows, columns = np.arange(0, height, side), np.arange(0, width, side)
    sums = np.add.reduceat(np.add.reduceat(difference, rows, axis=0, dtype=np.int64), columns, axis=1)
    pixels = np.diff(np.append(rows, height))[:, None] * np.diff(np.append(columns, width))[None, :]
    means = np.abs(sums).max(axis=2) / pixels
    y, x = (int(place) for place in np.unravel_index(int(means.argmax()), means.shape))
    middle = (min(x * side + side // 2, width - 1), min(y * side + side // 2, height - 1))
    allowed = max(LARGEST_BLOCK, SIGMAS * _noise(difference) / math.sqrt(float(pixels[y, x])))
    return Difference(math.inf if error == 0 else 10 * math.log10(255**2 / error), float(means[y, x]), allowed, middle)


def _noise(difference: NDArray[np.int16]) -> float:
    """Standard deviation of what is not smooth in ``difference``, normal noise assumed.

    Second differences along both axes leave nothing of what is smooth and 6 times the noise (Immerkær 1996); by their
    median, so that edges and what is brighter in one place do not count.
    """
    rough = np.diff(np.diff(difference, 2, axis=0), 2, axis=1)
    return 1.4826 * float(np.median(np.abs(rough))) / 6
