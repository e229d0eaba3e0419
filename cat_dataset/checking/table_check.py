"""What cat-verify finds in the manifests themselves, without a look into the shards."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd

from cat_dataset.checking.faults import Fault
from cat_dataset.dataset_json import DATASET_JSON, changed_tables, shard_bytes
from cat_dataset.errors import ManifestError
from cat_dataset.frame_columns import FrameColumns, read_frame_columns, series_fault
from cat_dataset.splits import Token, member_of, tokens
from cat_dataset.tables import FRAMES, REJECTED, REJECTED_COLUMNS, REMAKE, SERIES, TableReader

_MEMBER = ("series", "source", "varies", "frames", "split")


def changed(info: Mapping[str, Any], manifests: Path) -> Iterator[Fault]:
    """Tables that are not those that dataset.json was written for.

    Raises:
        ManifestError: a table is absent.
    """
    for line in changed_tables(info, manifests):
        yield _fault("table", line, manifests)


def readable_columns(info: Mapping[str, Any], manifests: Path, series: pd.DataFrame) -> FrameColumns | Fault:
    """frames.parquet as arrays, or the first thing in the tables that contradicts itself."""
    problem = series_fault(series)
    shards = [shard for shard, _ in groupby(series["shard"].tolist())]
    if problem is None and len(set(shards)) < len(shards):
        problem = f"{SERIES} does not keep the series of a shard together"
    if problem:
        return Fault("table", problem, REMAKE)
    try:
        return read_frame_columns(manifests / FRAMES, series, shard_bytes(info))
    except ManifestError as error:
        return _fault("table", str(error), manifests)


def total_faults(info: Mapping[str, Any], series: pd.DataFrame) -> Iterator[Fault]:
    """Where the counts in dataset.json are not those of the tables and shards."""
    by_shard, by_split = Counter[str](), Counter[str]()
    for shard, split, frames in zip(series["shard"].tolist(), series["split"].tolist(), series["frames"].tolist(), strict=True):
        by_shard[shard] += frames
        by_split[split] += frames
    counted: dict[str, Any] = {
        "series": len(series),
        "frames": by_split.total(),
        "bytes": sum(shard["bytes"] for shard in info["shards"]),
        "splits": dict(by_split),
    }
    totals = info.get("totals")
    said = totals if isinstance(totals, dict) else {}
    for key, count in counted.items():
        if said.get(key) != count:
            yield Fault("totals", f"{DATASET_JSON} says {str(said.get(key))[:80]} {key}, there are {count}", REMAKE)
    for shard in info["shards"]:
        count = by_shard[shard["file"]]
        if shard.get("samples") != count:
            yield Fault("totals", f"{DATASET_JSON} says {str(shard.get('samples'))[:20]} samples, there are {count}", REMAKE, shard["file"])


def rejected_faults(info: Mapping[str, Any], manifests: Path) -> Iterator[Fault]:
    """Whether rejected.parquet, which exists only if a build left something out, lists as much as dataset.json says."""
    said, path = info.get("rejected", 0), manifests / REJECTED
    try:
        listed = TableReader(path, REJECTED_COLUMNS).rows if path.is_file() else 0
    except ManifestError as error:
        yield _fault("table", str(error), manifests)
        return
    if listed != said:
        yield Fault("totals", f"{DATASET_JSON} says that {str(said)[:20]} series were left out, {REJECTED} lists {listed}", REMAKE)


def split_faults(info: Mapping[str, Any], series: pd.DataFrame) -> Iterator[Fault]:
    """Scenes that are in two splits, by the keys the split was made with."""
    split = info.get("split")
    keys = split.get("by") if isinstance(split, dict) else None
    seen: dict[Token, dict[str, str]] = defaultdict(dict)
    names = [name for name in series.columns if name in _MEMBER or name.startswith("scene_")]
    for values in zip(*(series[name].tolist() for name in names), strict=True):
        row = dict(zip(names, values, strict=True))
        for token in tokens(member_of(row), keys):
            seen[token].setdefault(row["split"], row["series"])
    for (key, value), where in seen.items():
        if len(where) > 1:
            both = " and ".join(f"{name} ({one})" for one, name in sorted(where.items()))
            yield Fault("split", f"{key} {value!r} is in two splits, by series {both}", f"{REMAKE} with --fresh-split")


def _fault(kind: str, line: str, manifests: Path) -> Fault:
    """The fault that a line of the readers says. The folder's own path is left out: a report may travel."""
    message, _, remedy = line.removeprefix(f"{manifests}: ").removeprefix(f"{manifests}{os.sep}").partition("; ")
    return Fault(kind, message, remedy or REMAKE)
