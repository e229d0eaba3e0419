"""Opening a packed dataset, with every check that needs no look into the shards (docs/formats.md has the schema).

manifests/frames.parquet   a row per frame: where its bytes lie and what its labels are
manifests/series.parquet   a row per series
manifests/dataset.json     written last: its presence means "complete"
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cat_dataset.attributes import ATTRIBUTES
from cat_dataset.dataset_json import DATASET_JSON, TABLES, changed_tables, check_shards, read_info, shard_bytes, shards_of
from cat_dataset.errors import InputError, ManifestError
from cat_dataset.files import JSON_CAP, read_json, sha256_file, write_bytes
from cat_dataset.folders import Folder, LocalFolder, folder_at
from cat_dataset.frame_columns import FrameColumns, Labels, read_frame_columns, series_fault
from cat_dataset.tables import FRAME_COLUMNS, FRAMES, LONG_TEXT, REMAKE, SERIES, SERIES_COLUMNS, TableReader


@dataclass(frozen=True)
class Dataset:
    """A packed dataset, open for reading.

    Frames are rows, in the order of the shards; those of series number k (row k of ``series``) are ``starts[k]`` to
    ``starts[k + 1]``. ``series`` has the columns of series.parquet without its long texts, ``info`` is dataset.json.
    """

    series: pd.DataFrame
    columns: FrameColumns
    info: dict[str, Any]
    manifests: Path
    shards: Folder

    def __len__(self) -> int:
        return len(self.columns.offset)

    @property
    def starts(self) -> NDArray[np.int64]:
        """int64 [series + 1]: the first row of each series."""
        return self.columns.starts

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the attributes that vary somewhere, in registry order."""
        return tuple(name for name in ATTRIBUTES if name in self.columns.labels)

    def rows(self, series: str) -> range:
        """Rows of the frames of one series.

        Raises:
            ManifestError: there is no such series.
        """
        number = self._numbers.get(series)
        if number is None:
            raise ManifestError(f"{self.manifests} has no series {series!r}")
        return range(int(self.starts[number]), int(self.starts[number + 1]))

    def labels(self, name: str) -> Labels:
        """The values of an attribute that varies somewhere, only of the series that vary it."""
        return self.columns.labels[name]

    def values(self, name: str) -> NDArray[np.float64]:
        """The values of an attribute, float64 [frames], NaN where a series does not vary it."""
        result = np.full(len(self), np.nan)
        labels = self.labels(name)
        result[np.repeat(labels.first >= 0, np.diff(self.starts))] = labels.values
        return result

    def column(self, name: str) -> NDArray[Any]:
        """A further column of frames.parquet (``sha256``, ``luminance``), read when asked: [frames]."""
        reader = TableReader(self.manifests / FRAMES, FRAME_COLUMNS)
        pieces = [piece.column(name).to_numpy(zero_copy_only=False) for piece in reader.pieces([name])]
        return np.concatenate(pieces) if pieces else np.empty(0)

    @cached_property
    def frames(self) -> pd.DataFrame:
        """The whole of frames.parquet: for looking at, and for datasets of up to a million frames."""
        table: pd.DataFrame = TableReader(self.manifests / FRAMES, FRAME_COLUMNS).table().to_pandas()
        return table

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.series["series"])}


def open_dataset(manifests: str | Path, *, shards: str | Path | None = None) -> Dataset:
    """Open the dataset that ``manifests`` (a folder, or an address like s3://bucket/set/manifests) describes.

    Its shards lie where dataset.json says, or in ``shards``. Of a remote dataset the tables are copied to the cache
    (`cache_folder`); its pictures are read where they are.

    Raises:
        ManifestError: not a dataset, unfinished, of another schema version, its tables have other hashes than dataset.json
            says, or its shards are gone or of another size.
    """
    place = folder_at(manifests)
    local = place.path if isinstance(place, LocalFolder) else fetched(place)
    info = read_info(local)
    for changed in changed_tables(info, local):
        raise ManifestError(f"{changed} (cat-verify lists every fault)")
    folder = shards_of(info, place) if shards is None else folder_at(shards)
    check_shards(info, folder)
    series = read_series_table(local)
    fault = series_fault(series)
    if fault:
        raise ManifestError(f"{place}: {fault}; {REMAKE}")
    return Dataset(series, read_frame_columns(local / FRAMES, series, shard_bytes(info)), info, local, folder)


def read_series_table(manifests: Path) -> pd.DataFrame:
    """series.parquet without its long texts, also of a build that was interrupted.

    Raises:
        ManifestError: unreadable or of another schema version.
    """
    reader = TableReader(manifests / SERIES, SERIES_COLUMNS)
    series: pd.DataFrame = reader.table([name for name in reader.schema.names if name not in LONG_TEXT]).to_pandas()
    for name in ("varies", "licences", "dhashes"):
        series[name] = series[name].map(list)
    return series


def cache_folder() -> Path:
    """Where copies of remote tables and unfinished remote builds lie: $CAT_CACHE, or cat-dataset in the user's cache."""
    chosen = os.environ.get("CAT_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cat-dataset"


def fetched(manifests: Folder) -> Path:
    """A local copy of remote tables, by the hash of their dataset.json: one that changed is another copy."""
    try:
        described = manifests.read(DATASET_JSON, 0, JSON_CAP + 1)
    except FileNotFoundError:
        raise ManifestError(f"{manifests}/{DATASET_JSON} is absent; run cat-build-shards first, or check the address") from None
    copy = cache_folder() / "manifests" / hashlib.sha256(described).hexdigest()[:32]
    if not (copy / DATASET_JSON).is_file():
        write_bytes(copy / f"new-{DATASET_JSON}", described)
        info = _readable(copy / f"new-{DATASET_JSON}", manifests)
        for name in TABLES:
            try:
                write_bytes(copy / name, manifests.read(name))
            except FileNotFoundError:
                raise ManifestError(f"{manifests}/{name} is absent; {REMAKE}") from None
            if sha256_file(copy / name) != info.get(name):
                raise ManifestError(f"{manifests}/{name} does not match its sha256 in {DATASET_JSON}; wait for a build to end, or {REMAKE}")
        os.replace(copy / f"new-{DATASET_JSON}", copy / DATASET_JSON)
    return copy


def _readable(described: Path, manifests: Folder) -> dict[str, Any]:
    """The tables' hashes in a dataset.json that was just fetched."""
    try:
        info = read_json(described)
    except InputError as error:
        raise ManifestError(f"{manifests}/{DATASET_JSON}: {error}") from None
    tables = info.get("tables") if isinstance(info, dict) else None
    return tables if isinstance(tables, dict) else {}
