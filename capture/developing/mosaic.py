"""The sensor's own numbers, before any development, and whether they are all there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rawpy
from numpy.typing import NDArray

from capture.reading.tiff import NOISE_PROFILE, directories
from cat_dataset.errors import InputError


@dataclass(frozen=True)
class Mosaic:
    """The sensor's numbers as the file holds them. ``numbers`` (height, width), even sides.

    ``colours`` names the colour of each site of the repeating pattern ("RGGB" reads row by row), ``black`` the level of each
    of those sites, ``white`` the number at which a pixel is full. ``noise`` is the file's NoiseProfile (scale, offset), if any.
    """

    numbers: NDArray[np.uint16]
    colours: str
    black: tuple[float, ...]
    white: int
    noise: tuple[float, float] | None = None


def check_whole(raw: Any, path: Path) -> None:
    """Refuse pixels that LibRaw made up: it returns a cut file as black, whole or from the cut on, without an error.

    Raises:
        InputError: every pixel, or all of the last rows, are one number.
    """
    numbers = raw.raw_image_visible
    if numbers.ndim == 3:
        numbers = numbers[..., :3]
    if numbers.min() == numbers.max():
        raise InputError(f"{path} decodes to {int(numbers.min())} in every pixel: it was cut or is empty; copy it from the card again")
    last = numbers[-max(2, len(numbers) // 32) :]
    if last.min() == last.max() and last.max() <= max(raw.black_level_per_channel):
        raise InputError(f"{path} has no pixels at its end: it was cut; copy it from the card again")


def take_mosaic(raw: Any, path: Path) -> Mosaic | None:
    """A copy of the numbers of an open RAW file with a 2×2 colour filter; None for any other (X-Trans, linear DNG, Foveon).

    Those cannot be tested against the laws of exposure and noise, only developed.
    """
    sites = _sites(raw)
    if sites is None:
        return None
    numbers, levels = raw.raw_image_visible, raw.black_level_per_channel
    height, width = numbers.shape[0] // 2 * 2, numbers.shape[1] // 2 * 2
    return Mosaic(
        numbers=np.array(numbers[:height, :width], np.uint16), colours=_letters(raw, sites),
        black=tuple(float(levels[site]) for site in sites), white=int(raw.white_level), noise=_noise_profile(path),
    )  # fmt: skip


def _sites(raw: Any) -> list[int] | None:
    """LibRaw's numbers of the colours of the four sites."""
    pattern = raw.raw_pattern if raw.raw_type == rawpy.RawType.Flat else None
    if pattern is None or pattern.shape != (2, 2):
        return None
    return [int(site) for site in np.roll(pattern, (-raw.sizes.top_margin, -raw.sizes.left_margin), (0, 1)).ravel()]


def _letters(raw: Any, sites: list[int]) -> str:
    names = raw.color_desc.decode("ascii", "replace")
    return "".join(names[site] for site in sites)


def _noise_profile(path: Path) -> tuple[float, float] | None:
    """Scale and offset of a DNG's NoiseProfile (of its first plane); None for a file without one."""
    with open(path, "rb") as stream:
        for tags in directories(stream, path.stat().st_size):
            found = tags.get(NOISE_PROFILE, ())
            if len(found) >= 2 and all(math.isfinite(value) and value >= 0 for value in found[:2]):
                return float(found[0]), float(found[1])
    return None
