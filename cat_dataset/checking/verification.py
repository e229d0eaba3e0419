"""Everything that can be wrong with a packed dataset, found in one reading of its bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd

from cat_dataset.checking.expected_bytes import Described, expected_frames
from cat_dataset.checking.faults import Fault
from cat_dataset.checking.sanity import Finding, findings
from cat_dataset.checking.shard_check import Task, check_shard
from cat_dataset.checking.table_check import changed, readable_columns, rejected_faults, split_faults, total_faults
from cat_dataset.dataset_json import SHARD_PATTERN, read_info, shards_of
from cat_dataset.folders import Folder, LocalFolder, folder_at
from cat_dataset.manifests import Dataset, fetched, read_series_table
from cat_dataset.parallel import default_workers, in_order
from cat_dataset.progress import Progress
from cat_dataset.tables import FRAME_COLUMNS, FRAMES, TableReader


@dataclass(frozen=True)
class Report:
    """What is broken (``faults``) and what only looks suspicious (``findings``), and how much there was to look at."""

    faults: list[Fault]
    findings: list[Finding]
    frames: int
    series: int
    rejected: int

    def as_json(self) -> dict[str, Any]:
        """The report for other programs: the same dataset gives the same one."""
        return {
            "schema": 1,
            "faults": [fault.as_json() for fault in self.faults],
            "findings": [finding.as_json() for finding in self.findings],
            "frames": self.frames,
            "series": self.series,
            "rejected": self.rejected,
        }


def inspect(manifests: str | Path, shards: str | Path | None = None, *, workers: int = 0, decode: bool = False) -> Report:
    """Read every byte of a dataset once and compare it with what the tables say; look at the labels too.

    Args:
        manifests: folder or address of the tables.
        shards: where the tars are, if not where dataset.json says.
        workers: shards read at a time; 0 takes as many as there are cores.
        decode: decode every picture too, and compare size and luminance.

    Raises:
        ManifestError: it cannot be read at all: absent, unfinished, of another schema version, unreadable tables.
    """
    place = folder_at(manifests)
    local = place.path if isinstance(place, LocalFolder) else fetched(place)
    info = read_info(local)
    folder = shards_of(info, place) if shards is None else folder_at(shards)
    faults = list(changed(info, local))
    tables_changed = bool(faults)
    series, reader = read_series_table(local), TableReader(local / FRAMES, FRAME_COLUMNS)
    faults += total_faults(info, series)
    if isinstance(place, LocalFolder):
        faults += rejected_faults(info, local)
    columns = readable_columns(info, local, series)
    if isinstance(columns, Fault):
        faults.append(columns)  # what the tables say of the shards means nothing then; their hashes still do
        tasks: Iterator[Task] = (Task(shard, None) for shard in info["shards"])
        dataset = None
    else:
        faults += split_faults(info, series)
        tasks = _tasks(info, reader, series, thorough=tables_changed, decode=decode)
        dataset = Dataset(series, columns, info, local, folder)
    progress = Progress("verify", reader.rows)
    names = {str(shard["sha256"]): str(shard["file"]) for shard in info["shards"]}
    with ThreadPoolExecutor(1) as beside:  # labels are looked at while shards are read
        labels = beside.submit(findings, dataset) if dataset is not None else None
        for more in in_order(partial(_check, folder=folder, names=names, progress=progress), tasks, workers or default_workers()):
            faults += more
        progress.close()
        found = labels.result() if labels else []
    return Report(faults, [*found, *_strays(folder, info)], reader.rows, len(series), int(info.get("rejected") or 0))


def _check(task: Task, folder: Folder, names: Mapping[str, str], progress: Progress) -> list[Fault]:
    return check_shard(folder, task, names, progress.advance)


def _tasks(info: Mapping[str, Any], reader: TableReader, series: pd.DataFrame, *, thorough: bool, decode: bool) -> Iterator[Task]:
    """A task for every shard, with its rows: those of frames.parquet are read as the tasks are taken."""
    waiting = {shard["file"]: shard for shard in info["shards"]}
    columns = [series[name].tolist() for name in ("source", "object", "varies")]
    numbers = {name: number for number, name in enumerate(series["series"])}

    def describe(name: str) -> Described:
        source, thing, varies = (column[numbers[name]] for column in columns)
        return Described(name, source, thing, varies, info["image_format"])

    labels = [name for name in reader.schema.names if name.startswith("value_")]
    for shard, pieces in groupby(reader.pieces_by("shard", [*FRAME_COLUMNS, *labels]), key=lambda piece: piece[0]):
        yield Task(waiting.pop(shard), partial(expected_frames, [rows for _, rows in pieces], describe), thorough, decode)
    for listed in waiting.values():
        yield Task(listed, lambda: iter(()))


def _strays(folder: Folder, info: Mapping[str, Any]) -> Iterator[Finding]:
    """Tars that readers who go by file names would take for part of the dataset."""
    listed = {shard["file"] for shard in info["shards"]}
    there = folder.files() if isinstance(folder, LocalFolder) else {}  # not every server lists its files
    for name in sorted(name for name in there if SHARD_PATTERN.fullmatch(name) and name not in listed):
        yield Finding("", None, "stray shard", f"{name} lies among the shards and is not of this dataset; move it away")
