"""What accompanies the tables for readers who do not know us: dataset card, coverage plot, Croissant description."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cat_dataset.dataset_json import shard_bytes
from cat_dataset.describing.coverage import measure_coverage
from cat_dataset.describing.coverage_plot import coverage_svg
from cat_dataset.describing.croissant import croissant
from cat_dataset.describing.dataset_card import dataset_card
from cat_dataset.describing.near_duplicates import NearDuplicates, near_duplicates
from cat_dataset.files import write_bytes, write_json
from cat_dataset.folders import Folder
from cat_dataset.frame_columns import read_frame_columns
from cat_dataset.manifests import Dataset, read_series_table
from cat_dataset.tables import FRAMES

CARD, COVERAGE, CROISSANT = "README.md", "coverage.svg", "croissant.json"


def accompany(folder: Path, info: Mapping[str, Any], shards: Folder) -> NearDuplicates:
    """Write the files beside the tables in ``folder``; returns the look-alikes between splits.

    Raises:
        ManifestError: the tables contradict each other or ``info``; every build reads its own tables back here.
    """
    series = read_series_table(folder)
    dataset = Dataset(series, read_frame_columns(folder / FRAMES, series, shard_bytes(info)), dict(info), folder, shards)
    coverage = measure_coverage(dataset)
    near = near_duplicates(series["dhashes"].tolist(), series["series"].tolist(), series["split"].tolist())
    write_bytes(folder / CARD, dataset_card(info, series, coverage, near).encode("utf-8"))
    write_json(folder / CROISSANT, croissant(info, series, dataset.attributes))
    write_bytes(folder / COVERAGE, coverage_svg(coverage).encode("utf-8"))
    return near
