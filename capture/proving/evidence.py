"""What one frame's pixels say, as plain numbers that fit into a journal line."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture.developing.mosaic import Mosaic
from capture.proving.noise import noise_facts
from capture.proving.sensor_numbers import Sampled, block_grid, colour_shares, row_profile, sampled
from capture.srgb import Linear

CLIPPED = 0.985
"""Share of full scale from which a pixel of the picture counts as clipped: white balance and resampling leave no exact 1."""
_PICTURE_SAMPLES = 200_000


def gather(mosaic: Mosaic | None, picture: Linear) -> dict[str, Any]:
    """The facts of one frame that `judge` needs, JSON-able. ``mosaic`` is None where the file holds finished colours.

    ``mosaic_sha256`` is the hash of the sensor's visible numbers, else of the picture. Numbers of the sensor are less black,
    1 = full. Shares, means and the grid come from an even sample of at most 1,300,000 sites; ``grid.green`` is None in a block
    where a sampled green pixel is clipped.
    """
    facts: dict[str, Any] = {"raw": mosaic is not None}
    if mosaic is None:
        facts["mosaic_sha256"] = _digest(np.ascontiguousarray(picture))
        sites: Sampled = _of_picture(picture)
        noise = None
    else:
        facts["mosaic_sha256"] = _digest(mosaic.numbers)
        sites = sampled(mosaic.numbers, mosaic.colours, mosaic.black, mosaic.white)
        noise = noise_facts(mosaic.numbers, mosaic.colours, mosaic.black, mosaic.white, sites.full)
    clipped, black, means = colour_shares(sites)
    facts |= {
        "clipped": clipped, "black": black, "means": means, "full": round(sites.full, 4), "grid": block_grid(sites),
        "rows": row_profile(sites), "noise": noise, "noise_profile": list(mosaic.noise) if mosaic and mosaic.noise else None,
    }  # fmt: skip
    return facts


def _digest(numbers: NDArray[Any]) -> str:
    """SHA-256 of shape, type and pixels, row by row, so that a view into a larger array is not copied."""
    digest = hashlib.sha256(f"{numbers.shape} {numbers.dtype.str}".encode())
    if numbers.flags.c_contiguous:
        digest.update(numbers.data)
    else:
        for row in numbers:
            digest.update(np.ascontiguousarray(row).data)
    return digest.hexdigest()


def _of_picture(picture: Linear) -> Sampled:
    """A finished picture as if it were a mosaic of 1×3 sites, so that the same figures come out of it."""
    step = max(1, int((picture.shape[0] * picture.shape[1] / _PICTURE_SAMPLES) ** 0.5))
    taken = np.asarray(picture[::step, ::step], np.float32)
    return Sampled(taken, "RGB", CLIPPED, picture.shape[0], picture.shape[1])
