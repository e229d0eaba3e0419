"""Small camera files made for the tests of development, and the shots that stand for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from capture.colour_temperature import ColourProfile
from capture.developing.recipe import Recipe
from capture.reading.formats import kind_of
from capture.reading.shot import Reading, Shot
from capture.simulate.dng import dng_bytes
from capture.simulate.sensor import COLOUR_MATRIX
from capture.simulate.tiff import HEADER, directory, long, octets, rational, short, signed_rational, text
from tests.capture.conftest import TAGS

GAINS = (1 / 0.45, 1.0, 1 / 0.65)
"""White balance of TAGS."""
REACH = TAGS.white - TAGS.black


def shot_of(path: Path, width: int, height: int, **changes: object) -> Shot:
    """The shot of a file as the reading room would give it."""
    kind = kind_of(path)
    assert kind is not None
    shot = Shot(path, kind, width, height, "CatSim PB-1")
    if shot.raw:
        profile = ColourProfile(COLOUR_MATRIX)
        shot = replace(shot, gains=GAINS, saturation=TAGS.white, profile=profile, kelvin=Reading(5000.0, "computed"))
    return replace(shot, **changes)  # type: ignore[arg-type]


def bayer(camera: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Raw numbers of an RGGB sensor for camera light (height, width, 3), 1 = full, without noise."""
    mosaic = camera[..., 1].copy()
    mosaic[0::2, 0::2], mosaic[1::2, 1::2] = camera[0::2, 0::2, 0], camera[1::2, 1::2, 2]
    return np.clip(np.rint(TAGS.black + mosaic * REACH), 0, TAGS.white).astype(np.uint16)


def raw_shot(path: Path, mosaic: NDArray[np.uint16], **changes: object) -> Shot:
    """Write a DNG and give its shot; ``changes`` are of the shot."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(dng_bytes(mosaic, TAGS))
    return shot_of(path, mosaic.shape[1], mosaic.shape[0], **changes)


def linear_dng(numbers: NDArray[np.uint16]) -> bytes:
    """A DNG of finished camera RGB (height, width, 3) without a mosaic, as phones write them; full scale is 65535."""
    height, width, _ = numbers.shape
    data = np.ascontiguousarray(numbers.astype("<u2")).tobytes()
    entries = {
        254: long(0), 256: long(width), 257: long(height), 258: short(16, 16, 16), 259: short(1), 262: short(34892), 271: text("CatSim"),
        272: text("CatSim L"), 273: long(0), 277: short(3), 278: long(height), 279: long(len(data)), 284: short(1),
        50706: octets(1, 4, 0, 0), 50708: text("CatSim L"), 50717: long(65535, 65535, 65535),
        50721: signed_rational(*COLOUR_MATRIX.ravel()), 50728: rational(*TAGS.neutral), 50778: short(21),
    }  # fmt: skip
    entries[273] = long(8 + len(directory(entries, 8)))
    return HEADER + directory(entries, 8) + data


def grey_ramp(scale: float) -> NDArray[np.float64]:
    """Camera light (64, 96, 3) of a grey ramp under the white of TAGS; at ``scale`` 1 its right end is 1.3 times full."""
    level = np.linspace(0.01, 1.3, 96) * scale
    return np.broadcast_to(level, (64, 96))[..., None] * TAGS.neutral


def smooth_colours(size: tuple[int, int] = (64, 96), top: float = 0.4) -> NDArray[np.float64]:
    """Smooth camera light of many colours, at most ``top``."""
    y, x = np.mgrid[0 : size[0], 0 : size[1]] / 32
    waves = [np.sin(1.3 * x + phase) * np.cos(0.9 * y + 2 * phase) for phase in (0.0, 0.7, 1.9)]
    return top * (0.55 + 0.4 * np.stack(waves, axis=-1))


def plain(size: int = 4096, **changes: object) -> Recipe:
    """A recipe for pictures of 96×64 pixels that changes as little as possible."""
    found = Recipe(size=size, square=False, crop=(0, 0, 96, 64), gains=GAINS)
    return replace(found, **changes)  # type: ignore[arg-type]
