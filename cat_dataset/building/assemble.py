"""The tables of a build, written shard by shard from what stays and what is new, and what dataset.json says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from cat_dataset.attributes import ATTRIBUTES, registry_as_used
from cat_dataset.building.packing import PACKING, frames_note, series_note
from cat_dataset.building.previous import Previous
from cat_dataset.dataset_json import SHARD_PATTERN, SPLITS
from cat_dataset.errors import ManifestError
from cat_dataset.files import sha256_file
from cat_dataset.manifests import read_series_table
from cat_dataset.tables import (
    FRAME_COLUMNS,
    FRAMES,
    SCHEMA,
    SERIES,
    SERIES_COLUMNS,
    TableReader,
    frames_schema,
    series_schema,
    table_writer,
)

Pieces = Iterator[tuple[str, Iterator[pa.RecordBatch]]]


def shard_rank(name: str) -> tuple[int, int]:
    """Place of a shard in the dataset: train, validation, test, each by number."""
    found = SHARD_PATTERN.fullmatch(name)
    if found is None:
        raise ValueError(f"{name!r} is no shard name")
    return SPLITS.index(found[1]), int(found[2])


def write_tables(
    folder: Path, staging: Path, previous: Previous | None, kept: set[str], new: Sequence[str], attributes: Sequence[str]
) -> None:
    """frames.parquet and series.parquet of the ``kept`` shards of ``previous`` and the ``new`` ones in ``staging``."""
    order = sorted([*kept, *new], key=shard_rank)
    scene = {name for shard in new for name in TableReader(series_note(staging / shard), {}).schema.names if name.startswith("scene_")}
    if previous is not None and kept:
        scene |= {name for name in previous.series.columns if name.startswith("scene_")}
    folder.mkdir(exist_ok=True)
    sources: list[tuple[str, pa.Schema, Callable[[Path], Path], Callable[[], Pieces] | None, Mapping[str, pa.DataType]]] = [
        (FRAMES, frames_schema(attributes), frames_note, previous.frame_rows if previous else None, FRAME_COLUMNS),
        (SERIES, series_schema(scene), series_note, previous.series_rows if previous else None, SERIES_COLUMNS),
    ]
    for name, schema, note, old_rows, columns in sources:
        with table_writer(folder / name, schema) as writer:
            old = old_rows() if old_rows is not None and kept else iter(())
            for shard in order:
                pieces = _pieces_of(old, shard) if shard in kept else TableReader(note(staging / shard), columns).pieces()
                for piece in pieces:
                    writer.write(pa.Table.from_batches([piece]))


def _pieces_of(old: Pieces, shard: str) -> Iterable[pa.RecordBatch]:
    """The rows of the next kept shard; what lies before it is not kept."""
    for name, pieces in old:
        if name == shard:
            return pieces
    raise ManifestError(f"the old tables have no rows of {shard}, or not in the order of the shards; give --repack to make all anew")


def describe(folder: Path, shards: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> dict[str, Any]:
    """dataset.json of the tables in ``folder``; ``settings`` are its entries on how the dataset was made."""
    series = read_series_table(folder)
    listed = sorted(shards, key=lambda shard: shard_rank(shard["file"]))
    splits = {split: sum(shard["samples"] for shard in listed if shard["split"] == split) for split in SPLITS}
    return {
        **settings,
        "schema": SCHEMA,
        "packing": PACKING,
        "shards": [dict(shard) for shard in listed],
        "tables": {name: sha256_file(folder / name) for name in (FRAMES, SERIES)},
        "attributes": registry_as_used(),
        "totals": {
            "series": len(series),
            "frames": sum(splits.values()),
            "bytes": sum(shard["bytes"] for shard in listed),
            "splits": {split: count for split, count in splits.items() if count},
            "attributes": _attribute_totals(series),
        },
    }


def _attribute_totals(series: pd.DataFrame) -> dict[str, dict[str, int]]:
    varying = series[["varies", "frames"]].explode("varies").groupby("varies", sort=False)["frames"]
    count, total = varying.size().to_dict(), varying.sum().to_dict()
    return {name: {"series": int(count[name]), "frames": int(total[name])} for name in ATTRIBUTES if name in count}
