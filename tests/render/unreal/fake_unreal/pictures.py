"""Pictures of the fake's render queue: real PNG files that depend on the scene and on every keyed value, smoothly."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np


def waves(name: str, size: int) -> np.ndarray:
    """A smooth picture, size x size x 3 in -1 to 1, that depends on ``name`` only."""
    a, b, c, *shift = np.random.default_rng(zlib.crc32(name.encode())).uniform(1.0, 6.0, 6)
    y, x = np.mgrid[0:size, 0:size] / size
    return np.stack([np.sin(2 * np.pi * (a * x + b * y * (1 + channel * c / 9)) + shift[channel]) for channel in range(3)], axis=-1)


def picture(scene: str, values: Mapping[str, float], size: int) -> np.ndarray:
    """8-bit picture of ``scene`` with the controls at ``values``."""
    total = 128 + 40 * waves(scene, size)
    for name, value in sorted(values.items()):
        total = total + 12 * value * waves(name, size)
    return np.clip(np.rint(total), 0, 255).astype(np.uint8)


def write_png(path: Path, pixels: np.ndarray, share: float = 1.0) -> None:
    """Write ``pixels``; with a ``share`` below 1 only the file's first part, as a full disk leaves it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = cv2.imencode(".png", pixels)[1].tobytes()
    path.write_bytes(data[: int(len(data) * share)])
