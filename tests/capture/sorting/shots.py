"""Shots made by hand for the tests of sorting, and pictures drawn for their previews."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from capture.reading.formats import Kind, kind_of
from capture.reading.shot import Reading, Shot

FOLDER = Path("card")


def reading(value: float | None) -> Reading | None:
    return None if value is None else Reading(float(value), "exif")


def shot(number: int = 1, iso=100.0, f_number=8.0, shutter=1 / 60, seconds=None, name="", **changes) -> Shot:
    """A DNG called IMG_<number>, a second after the one before it; ``None`` for what is not stated."""
    values = {
        key: reading(changes.pop(key))
        for key in ("kelvin", "focal_length", "focus_distance", "compensation", "camera_kelvin")
        if key in changes
    }
    path = FOLDER / (name or f"IMG_{number:04d}.DNG")
    fields = {
        "path": path, "kind": kind_of(path) or Kind.RAW, "width": 96, "height": 64, "camera": "Maker One", "lens": "35mm",
        "iso": reading(iso), "f_number": reading(f_number), "shutter": reading(shutter),
        "seconds": 1e9 + number if seconds is None else seconds,
    }  # fmt: skip
    return Shot(**{**fields, **values, **changes})


def series(first: int, attribute: str, values, start=None, step=1.0, **held) -> list[Shot]:
    """Consecutive shots with ``attribute`` going through ``values``."""
    begin = 1e9 + first if start is None else start
    return [shot(first + i, seconds=begin + i * step, **{**held, attribute: value}) for i, value in enumerate(values)]


def view(seed: int, height: int = 107, width: int = 160):
    """A random picture of soft blobs and edges, uint8; each ``seed`` is a view of its own."""
    rng = np.random.default_rng(seed)
    picture = cv2.resize(rng.random((9, 13)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(12):
        x, y, w, h = rng.integers(0, width), rng.integers(0, height), rng.integers(10, 50), rng.integers(10, 40)
        cv2.rectangle(picture, (int(x), int(y)), (int(x + w), int(y + h)), float(rng.random()), -1)
    return np.clip(picture * 200 + 20, 0, 255).astype(np.uint8)


def exposed(picture, ev: float, noise: float = 1.0, seed: int = 0):
    """``picture`` brighter by ``ev`` (linear light, clipped, sRGB-like curve) and noisy."""
    linear = (picture / 255.0) ** 2.2 * 2.0**ev
    grey = np.clip(linear, 0, 1) ** (1 / 2.2) * 255 + np.random.default_rng(seed).normal(0, noise, picture.shape)
    return np.clip(grey, 0, 255).astype(np.uint8)


class Previews:
    """A preview callable over pictures by name that counts what it was asked; ``default`` for every other name."""

    def __init__(self, pictures=None, default=None):
        self.pictures, self.default, self.asked = pictures or {}, default, []

    def __call__(self, shot):
        self.asked.append(shot.path.name)
        return self.pictures.get(shot.path.name, self.default)
