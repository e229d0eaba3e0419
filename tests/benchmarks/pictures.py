"""Synthetic series for the benchmarks: smooth colour, shifted frame by frame, under noise that codecs cannot squeeze out.

At 1024 px and JPEG quality 95 they come to about 2.5 bits per pixel, which is usual for photographs.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cat_dataset.files import json_bytes
from cat_dataset.images import encode_jpeg, encode_png
from cat_dataset.manifests import Dataset
from cat_dataset.series import SERIES_JSON, Frame, Series, check_series
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
        write_one(root / f"s{number:06d}", map(encode, frames_of(number, frames, size)), frames, size, image_format, {"asset": str(number)})


def write_one(
    folder: Path,
    pictures: Iterable[bytes],
    frames: int,
    size: int,
    image_format: str,
    scene: Mapping[str, str],
    provenance: Mapping[str, Any] | None = None,
) -> None:
    """Write a series as `SeriesWriter` leaves it, without its journal and its fsyncs, which take minutes on a busy disk."""
    (folder / "frames").mkdir(parents=True)
    written = []
    for index, data in enumerate(pictures):
        file = f"frames/{index:04d}.{image_format}"
        (folder / file).write_bytes(data)
        written.append(Frame(file, hashlib.sha256(data).hexdigest(), size, size, {"rotation_z": 360.0 / frames * index}))
    series = Series(folder.name, "blender", scene, "thing", ("rotation_z",), tuple(written), {}, provenance or {})
    (folder / SERIES_JSON).write_bytes(json_bytes(check_series(series, str(folder)).as_json()))


def packed(root: Path, count: int, frames: int, size: int, image_format: str) -> Dataset:
    """Such series as one packed dataset of a single split, in ``root``; the series themselves are gone again."""
    say(f"writing {count} series of {frames} frames")
    write_series(root / "series", count, frames, size, image_format)
    whole = {"train": 1.0, "validation": 0.0, "test": 0.0}
    with quiet():
        dataset = build_dataset(root, split=whole, image_format=image_format, decode=False)
    shutil.rmtree(root / "series")
    return dataset
