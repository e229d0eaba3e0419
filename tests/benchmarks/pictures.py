"""Synthetic series for the benchmarks: smooth colour, shifted frame by frame, under noise that codecs cannot squeeze out.

At 1024 px and JPEG quality 95 they come to about 2.5 bits per pixel, which is usual for photographs.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cat_dataset.images import encode_jpeg, encode_png
from cat_dataset.manifests import Dataset
from cat_dataset.series_writer import SeriesWriter
from tests.benchmarks.measure import quiet, say
from tests.cat_dataset.factory import build_dataset

CELL = 32
"""Pixels between two independent colours."""


def frames_of(number: int, frames: int, size: int) -> Iterator[NDArray[np.uint8]]:
    """The ``frames`` pictures, uint8 [size, size, 3], of series ``number``."""
    rng = np.random.default_rng(number)
    coarse = rng.integers(0, 256, (max(1, size // CELL),) * 2 + (3,)).astype(np.uint8)
    base = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    noise = rng.integers(-2, 3, (2 * size, 2 * size, 3), np.int8)
    for index in range(frames):
        down, across = rng.integers(0, size, 2)
        shifted = np.roll(base, index * 3, axis=1) + noise[down : down + size, across : across + size]
        yield np.clip(shifted, 0, 255).astype(np.uint8)


def write_series(root: Path, count: int, frames: int, size: int, image_format: str, first: int = 0) -> None:
    """Write ``count`` series of ``frames`` frames, each of a scene of its own and turning by 360° in all."""
    encode = encode_png if image_format == "png" else encode_jpeg
    for number in range(first, first + count):
        with SeriesWriter(root / f"s{number:06d}", {"number": number}, {"benchmark": "1"}) as writer:
            for index, picture in enumerate(frames_of(number, frames, size)):
                writer.staging_path(index, image_format).write_bytes(encode(picture))
                writer.commit(index, {"rotation_z": index * 360.0 / frames}, extension=image_format)
            writer.finish(source="blender", scene={"asset": str(number)}, object="thing", varies=("rotation_z",))


def packed(root: Path, count: int, frames: int, size: int, image_format: str) -> Dataset:
    """Such series as one packed dataset of a single split, in ``root``; the series themselves are gone again."""
    say(f"writing {count} series of {frames} frames")
    write_series(root / "series", count, frames, size, image_format)
    whole = {"train": 1.0, "validation": 0.0, "test": 0.0}
    with quiet():
        dataset = build_dataset(root, split=whole, image_format=image_format, decode=False)
    shutil.rmtree(root / "series")
    return dataset
