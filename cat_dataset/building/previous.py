"""The dataset that a build adds to: what of it can stay as it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from cat_dataset.building.packing import PACKING, Settings
from cat_dataset.building.survey import Found
from cat_dataset.command import warn
from cat_dataset.dataset_json import DATASET_JSON, SHARD_PATTERN, read_info
from cat_dataset.errors import InputError, ManifestError
from cat_dataset.files import read_json, sha256_file, sha256_stream
from cat_dataset.folders import Folder, LocalFolder
from cat_dataset.frame_columns import series_fault
from cat_dataset.manifests import fetched, read_series_table
from cat_dataset.splits import Member, Token, member_of, tokens
from cat_dataset.tables import FRAME_COLUMNS, FRAMES, SERIES, SERIES_COLUMNS, TableReader


@dataclass(frozen=True)
class Previous:
    """A dataset as it was before: the folder of its tables, dataset.json, and its series, one row each."""

    tables: Path
    info: Mapping[str, Any]
    series: pd.DataFrame

    def splits(self, split_by: Sequence[str] | None, only: Collection[str] | None = None) -> dict[Token, str]:
        """The split of everything that it shows, or that the series ``only`` show."""
        rows = (row for row in self._rows() if only is None or row["series"] in only)
        return {token: str(row["split"]) for row in rows for token in tokens(member_of(row), split_by)}

    def known(self, shards: Collection[str]) -> dict[str, tuple[str, Member]]:
        """SHA-256 of series.json and description of every series in ``shards``."""
        return {row["series"]: (row["digest"], member_of(row)) for row in self._rows() if row["shard"] in shards}

    def own(self, folder: Folder, shards_folder: str) -> set[str]:
        """Names that are its shards' in ``folder``; elsewhere than before only with their bytes, for others may bear them there."""
        listed = {shard["file"]: shard for shard in self.info["shards"]}
        if self.info["shards_folder"] == shards_folder:
            return set(listed)
        return {name for name in folder.sizes(listed) if same_bytes(folder, listed[name])}

    def keepable(self, folder: Folder, own: Collection[str], settings: Settings) -> set[str]:
        """Shards that this version would write the same way and that are there, its ``own``, in their right size."""
        if self.info.get("packing") != PACKING or self.info["image_format"] != settings.image_format:
            return set()
        frames = self.tables / FRAMES
        if not frames.is_file() or sha256_file(frames) != self.info["tables"].get(FRAMES):
            warn(f"{frames} is gone or damaged; every series is packed anew")
            return set()
        listed = {shard["file"]: shard["bytes"] for shard in self.info["shards"]}
        there = folder.sizes(name for name in listed if name in own)
        for name in sorted(listed.keys() - {name for name, size in there.items() if size == listed[name]}):
            warn(f"{folder}/{name} is gone or cut off; its series are packed anew")
        return {name for name, size in there.items() if size == listed[name]}

    def kept(self, shards: Iterable[str], same: Mapping[str, Found], splits: Mapping[str, str], missing: Collection[str]) -> set[str]:
        """Those of ``shards`` all of whose series are the ``same`` as before, or ``missing`` and to be kept, in their old split."""
        held = set(shards) & set(self.series["shard"])
        for name, shard, split in zip(self.series["series"], self.series["shard"], self.series["split"], strict=True):
            if (name not in missing and name not in same) or splits[name] != split:
                held.discard(shard)
        return held

    def next_number(self, split: str) -> int:
        """The first shard number of a split that was not used."""
        numbers = [
            int(found[2]) for shard in self.info["shards"] if (found := SHARD_PATTERN.fullmatch(shard["file"])) and found[1] == split
        ]
        return max(numbers, default=-1) + 1

    def frame_rows(self) -> Iterator[tuple[str, Iterator[pa.RecordBatch]]]:
        """Rows of frames.parquet, shard by shard."""
        return _by_shard(TableReader(self.tables / FRAMES, FRAME_COLUMNS))

    def series_rows(self) -> Iterator[tuple[str, Iterator[pa.RecordBatch]]]:
        """Rows of series.parquet, shard by shard."""
        return _by_shard(TableReader(self.tables / SERIES, SERIES_COLUMNS))

    def _rows(self) -> list[dict[Any, Any]]:
        rows: list[dict[Any, Any]] = self.series.to_dict("records")
        return rows


def read_previous(manifests: Folder, *, must_read: bool) -> Previous | None:
    """The dataset in ``manifests``; None where there is none, or (unless ``must_read``) where it cannot be read.

    Raises:
        ManifestError: it cannot be read, and ``must_read``.
    """
    if DATASET_JSON not in manifests.sizes([DATASET_JSON]):
        return None
    try:
        tables = manifests.path if isinstance(manifests, LocalFolder) else fetched(manifests)
        info, series = read_info(tables), read_series_table(tables)
        if sha256_file(tables / SERIES) != info["tables"].get(SERIES):
            raise ManifestError(f"{manifests}/{SERIES} does not match its sha256 in {DATASET_JSON}; copy it again")
        if fault := series_fault(series):
            raise ManifestError(f"{manifests}: {fault}")
        return Previous(tables, info, series)
    except ManifestError as error:
        if must_read:
            raise ManifestError(f"{error} (its scenes should keep their splits; --fresh-split gives that up)") from None
        warn(f"replacing a dataset that cannot be read ({error})")
        return None


def listed_shards(manifests: Folder, shards_folder: str) -> set[str]:
    """Shards in this folder that dataset.json names, whatever else may be wrong with it."""
    if not isinstance(manifests, LocalFolder):
        return set()
    try:
        info = read_json(manifests.path / DATASET_JSON)
        names = {shard["file"] for shard in info["shards"]} if info.get("shards_folder") == shards_folder else set()
    except (InputError, KeyError, TypeError, AttributeError):
        return set()
    return {name for name in names if isinstance(name, str) and SHARD_PATTERN.fullmatch(name)}


def same_bytes(folder: Folder, listed: Mapping[str, Any]) -> bool:
    """Whether ``folder`` has the very shard that is ``listed`` in dataset.json."""
    name = listed["file"]
    if folder.sizes([name]).get(name) != listed["bytes"]:
        return False
    with folder.open(name) as stream:
        return sha256_stream(stream) == str(listed["sha256"])


def _by_shard(reader: TableReader) -> Iterator[tuple[str, Iterator[pa.RecordBatch]]]:
    for shard, parts in groupby(reader.pieces_by("shard"), key=lambda part: part[0]):
        yield shard, (rows for _, rows in parts)
