"""Tiny synthetic series for tests: random pictures, made with the same writer as real ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cat_dataset.building.build import Options, build
from cat_dataset.folders import LocalFolder
from cat_dataset.frames import FrameReader
from cat_dataset.images import encode_jpeg, encode_png
from cat_dataset.manifests import Dataset, open_dataset
from cat_dataset.series import Series
from cat_dataset.series_writer import SeriesWriter


def picture(seed: int, width: int = 16, height: int = 12) -> np.ndarray:
    """A random picture that compresses a little: coarse colour blocks and some noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 4 + 1, width // 4 + 1, 3))
    rgb = np.kron(coarse, np.ones((4, 4, 1)))[:height, :width] + rng.integers(-4, 5, (height, width, 3))
    return np.clip(rgb, 0, 255).astype(np.uint8)


def make_series(
    root: Path,
    name: str,
    values: Mapping[str, Sequence[float]],
    *,
    source: str = "blender",
    scene: Mapping[str, str] | None = None,
    object: str = "chair",
    extension: str = "png",
    size: tuple[int, int] = (16, 12),
    seed: int = 0,
) -> Series:
    """Write the series ``root/name``; ``values`` gives each varying attribute's value per frame."""
    encode = encode_png if extension == "png" else encode_jpeg
    count = len(next(iter(values.values())))
    with SeriesWriter(root / name, {"seed": seed}, {"factory": "1"}) as writer:
        for index in range(count):
            writer.staging_path(index, extension).write_bytes(encode(picture(seed * 1000 + index, *size)))
            writer.commit(index, {key: each[index] for key, each in values.items()}, extension=extension)
        return writer.finish(
            source=source, scene={"asset": name} if scene is None else scene, object=object, varies=tuple(values), constants={"seed": seed}
        )


def make_collection(root: Path, *, rotations: int = 4, isos: int = 3, frames: int = 7) -> None:
    """``rotations`` series of rotation_z and ``isos`` of ISO, each of its own scene."""
    for number in range(rotations):
        angles = np.linspace(-60, 60, frames).tolist()
        make_series(root, f"turn_{number}", {"rotation_z": angles}, scene={"asset": f"asset{number}", "hdri": "sky"}, seed=number)
    for number in range(isos):
        stops = [100.0 * 2 ** (k / 2) for k in range(frames)]
        make_series(
            root, f"iso_{number}", {"iso": stops}, source="dslr", scene={"scene": f"room{number}"}, object="scene", seed=50 + number
        )


def read_all(manifests: Path) -> tuple[int, int]:
    """Open a dataset, read every frame and compare it with its SHA-256; how many frames and series it has."""
    dataset = open_dataset(manifests)
    reader, wanted = FrameReader(dataset), dataset.column("sha256")
    for row in range(len(dataset)):
        assert hashlib.sha256(reader.read(row)).hexdigest() == wanted[row]
    return len(dataset), len(dataset.series)


def build_dataset(
    folder: Path, *, split: Mapping[str, float] | None = None, shard_size: int = 10**9, image_format: str = "png", **options: Any
) -> Dataset:
    """Pack ``folder/series`` into ``folder/shards`` and ``folder/manifests``, and open it."""
    fractions = split or {"train": 0.6, "validation": 0.2, "test": 0.2}
    build(
        [LocalFolder(folder / "series")], LocalFolder(folder / "shards"), LocalFolder(folder / "manifests"),
        Options(fractions=fractions, shard_size=shard_size, image_format=image_format, **options),
    )  # fmt: skip
    return open_dataset(folder / "manifests")
