"""A small dataset of random pictures: to time a step, nothing need be seen on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cat_dataset.building.build import Options, build
from cat_dataset.folders import LocalFolder
from cat_dataset.images import encode_png
from cat_dataset.manifests import Dataset, open_dataset
from cat_dataset.series_writer import SeriesWriter

_FRAMES = 6


def write_dataset(folder: Path, size: int, series: int = 4) -> Dataset:
    """``series`` exposure series of ``size`` × ``size`` pixels under ``folder``, packed; all but one are of the train split."""
    rng = np.random.default_rng(0)
    for number in range(series):
        with SeriesWriter(folder / "series" / f"random_{number}", {"number": number}, {"train.bench": "1"}) as writer:
            scene = rng.integers(0, 200, (size, size, 3))
            for index in range(_FRAMES):
                picture = np.clip(scene * 2 ** (index / 4 - 0.5), 0, 255).astype(np.uint8)
                writer.staging_path(index, "png").write_bytes(encode_png(picture))
                writer.commit(index, {"exposure": index / 4 - 0.5}, extension="png")
            writer.finish(source="developed", scene={"scene": f"random_{number}"}, object="scene", varies=("exposure",), constants={})
    share = 1 / series
    build(
        [LocalFolder(folder / "series")], LocalFolder(folder / "shards"), LocalFolder(folder / "manifests"),
        Options(fractions={"train": 1 - share, "validation": share, "test": 0.0}),
    )  # fmt: skip
    return open_dataset(folder / "manifests")
