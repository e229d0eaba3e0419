"""Opening a packed dataset, with every check that needs no look into the shards (docs/formats.md has the schema).

manifests/frames.parquet   a row per frame: where its bytes lie and what its labels are
manifests/series.parquet   a row per series
manifests/dataset.json     written last: its presence means "complete"
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from cat_dataset.attributes import ATTRIBUTES
from cat_dataset.errors import InputError, ManifestError
from cat_dataset.files import read_json
from cat_dataset.tables import FRAME_COLUMNS, FRAMES, REMAKE, SCHEMA, SERIES, SERIES_COLUMNS, read_table

DATASET_JSON = "dataset.json"
SPLITS = ("train", "validation", "test")
SHARD_PATTERN = re.compile(r"(train|validation|test)-(\d{5})\.tar")


@dataclass(frozen=True)
class Dataset:
    """A packed dataset, open for reading.

    ``frames`` and ``series`` are the two tables (`docs/formats.md` names the columns), rows in the order of the shards;
    ``value_<attribute>`` is NaN where a series does not vary that attribute. ``info`` is dataset.json.
    """

    frames: pd.DataFrame
    series: pd.DataFrame
    info: dict[str, Any]
    manifests: Path
    shards_folder: Path

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the attributes that vary somewhere, in registry order."""
        return tuple(name for name in ATTRIBUTES if f"value_{name}" in self.frames.columns)


def open_dataset(manifests: Path, *, shards: Path | None = None) -> Dataset:
    """Open the dataset that ``manifests`` describes; its shards lie where dataset.json says, or in ``shards``.

    Raises:
        ManifestError: not a dataset, unfinished, of another schema version, or its shards are gone or of another size.
    """
    info = read_info(manifests)
    folder = shards if shards is not None else manifests / Path(PurePosixPath(info["shards_folder"]))
    frames = read_table(manifests / FRAMES, FRAME_COLUMNS)
    series = read_table(manifests / SERIES, SERIES_COLUMNS)
    series["varies"] = series["varies"].map(list)
    sizes = check_shards(info, folder)
    fault = table_fault(frames, series, sizes)
    if fault:
        raise ManifestError(f"{manifests}: {fault}; {REMAKE}")
    return Dataset(frames, series, info, manifests, folder)


def read_info(manifests: Path) -> dict[str, Any]:
    """dataset.json, checked.

    Raises:
        ManifestError: absent, of another schema version, or not ours.
    """
    path = manifests / DATASET_JSON
    if not manifests.is_dir():
        raise ManifestError(f"{manifests} is not a folder; run cat-build-shards first, or give the folder it wrote")
    if not path.is_file():
        begun = any((manifests / name).is_file() for name in (FRAMES, SERIES))
        what = "unfinished build" if begun else "no dataset here"
        raise ManifestError(f"{path} is absent ({what}); {REMAKE if begun else 'run cat-build-shards first'}")
    try:
        info = read_json(path)
    except InputError as error:
        raise ManifestError(f"{error} ({REMAKE})") from None
    if not isinstance(info, dict) or "schema" not in info:
        raise ManifestError(f"{path} is not a dataset description; {REMAKE}")
    if info["schema"] != SCHEMA:
        raise ManifestError(f"{path} has schema {info['schema']!r}, this version reads {SCHEMA}; {REMAKE}, or upgrade cat-dataset")
    _check_info(info, path)
    return info


def check_shards(info: Mapping[str, Any], folder: Path) -> dict[str, int]:
    """Bytes of every shard, by file name, after comparing them with the files in ``folder``.

    Raises:
        ManifestError: a shard is absent or of another size.
    """
    sizes = {}
    for shard in info["shards"]:
        path = folder / shard["file"]
        if not path.is_file():
            raise ManifestError(f"{path} is absent; copy it beside the others, give its folder with --shards, or {REMAKE}")
        if path.stat().st_size != shard["bytes"]:
            raise ManifestError(f"{path} has {path.stat().st_size} bytes, not {shard['bytes']}; copy it again or {REMAKE}")
        sizes[shard["file"]] = shard["bytes"]
    return sizes


def table_fault(frames: pd.DataFrame, series: pd.DataFrame, sizes: Mapping[str, int]) -> str | None:
    """The first thing that is wrong in the tables themselves; ``sizes`` are the bytes of every shard."""
    return _wrong_places(frames, sizes) or _disagreement(frames, series) or _wrong_labels(frames, series)


def relative_shards(manifests: Path, shards: Path) -> str:
    """``shards`` as seen from ``manifests``, with forward slashes.

    Raises:
        ManifestError: they lie on different drives.
    """
    try:
        return PurePosixPath(Path(os.path.relpath(shards.resolve(), manifests.resolve()))).as_posix()
    except ValueError:
        raise ManifestError(f"{shards} and {manifests} lie on different drives; choose folders on one drive") from None


def _check_info(info: Mapping[str, Any], path: Path) -> None:
    shards, folder = info.get("shards"), info.get("shards_folder")
    if not isinstance(folder, str) or PurePosixPath(folder).is_absolute() or Path(folder).is_absolute():
        raise ManifestError(f"{path}: shards_folder must be a relative path; {REMAKE}")
    if not isinstance(shards, list) or not isinstance(info.get("tables"), dict) or info.get("image_format") not in ("png", "jpg"):
        raise ManifestError(f"{path} is not a whole dataset description; {REMAKE}")
    for shard in shards:
        named = isinstance(shard, dict) and isinstance(shard.get("file"), str) and SHARD_PATTERN.fullmatch(shard["file"])
        if not named or not isinstance(shard.get("bytes"), int) or not isinstance(shard.get("sha256"), str):
            raise ManifestError(f"{path} lists a shard that is not ours: {str(shard)[:80]}; {REMAKE}")


def _wrong_places(frames: pd.DataFrame, sizes: Mapping[str, int]) -> str | None:
    """The first row of the frames table that points outside its shard."""
    ends = frames["shard"].map(sizes)
    wrong = ends.isna() | (frames["offset"] < 512) | (frames["size"] <= 0) | (frames["offset"] + frames["size"] > ends)
    if not wrong.any():
        return None
    row = int(wrong.to_numpy().argmax())
    return f"row {row} of {FRAMES} points outside its shard {str(frames['shard'].iloc[row])[:40]!r}"


def _disagreement(frames: pd.DataFrame, series: pd.DataFrame) -> str | None:
    """Where the two tables contradict each other."""
    if not series["series"].is_unique:
        return f"{SERIES} names a series twice"
    counts = frames.groupby("series", sort=False).size()
    if not counts.sort_index().equals(series.set_index("series")["frames"].astype("int64").sort_index()):
        return f"{FRAMES} and {SERIES} disagree on which series there are or how many frames they have"
    split = frames["series"].map(series.set_index("series")["split"])
    if not (split == frames["split"]).all() or not set(series["split"]) <= set(SPLITS):
        return f"{FRAMES} and {SERIES} disagree on which split a series is in"
    return None


def _wrong_labels(frames: pd.DataFrame, series: pd.DataFrame) -> str | None:
    """The first label that is absent, unknown to the registry or outside its range."""
    columns = {column.removeprefix("value_") for column in frames.columns if column.startswith("value_")}
    varying: dict[str, set[str]] = defaultdict(set)
    for own, names in zip(series["series"], series["varies"], strict=True):
        for name in names:
            varying[str(name)].add(own)
    for name in sorted(columns | varying.keys()):
        if name not in ATTRIBUTES:
            return f"attribute {name[:40]!r} is unknown to this version (upgrade cat-dataset)"
        if name not in columns:
            return f"{FRAMES} has no column value_{name} although a series varies it"
        values = frames[f"value_{name}"].to_numpy(np.float64)
        labelled = frames["series"].isin(varying[name]).to_numpy()
        inside = (values >= ATTRIBUTES[name].low) & (values <= ATTRIBUTES[name].high)
        wrong = np.where(labelled, ~inside, ~np.isnan(values))
        if wrong.any():
            row = int(wrong.argmax())
            return f"row {row} of {FRAMES} has the impossible label {name} = {values[row]}"
    return None
