"""Opening a packed dataset, with every check that needs no look into the shards (docs/formats.md has the schema).

manifests/frames.parquet   a row per frame: where its bytes lie and what its labels are
manifests/series.parquet   a row per series
manifests/dataset.json     written last: its presence means "complete"
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from cat_dataset.attributes import ATTRIBUTES
from cat_dataset.errors import InputError, ManifestError, UsageError
from cat_dataset.files import read_json, sha256_file
from cat_dataset.series import ID_PATTERN
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
        ManifestError: not a dataset, unfinished, of another schema version, its tables have other hashes than dataset.json
            says, or its shards are gone or of another size.
    """
    info = read_info(manifests)
    for changed in changed_tables(info, manifests):
        raise ManifestError(f"{changed} (cat-verify lists every fault)")
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


def changed_tables(info: Mapping[str, Any], manifests: Path) -> Iterator[str]:
    """A line for each of the two tables that is not the one that dataset.json was written for.

    Raises:
        ManifestError: a table is absent.
    """
    for name in (FRAMES, SERIES):
        path = manifests / name
        if not path.is_file():
            raise ManifestError(f"{path} is absent; {REMAKE}")
        if sha256_file(path) != info["tables"].get(name):
            yield f"{path} does not match its sha256 in {DATASET_JSON}; copy it again or {REMAKE}"


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
    return _wrong_ids(series) or _wrong_places(frames, sizes) or _disagreement(frames, series) or _wrong_labels(frames, series)


def folder_flag(flag: str, text: str) -> Path:
    """The folder that ``flag`` names; ``Path("")`` would be the working folder, which nobody meant.

    Raises:
        UsageError: it is empty.
    """
    if not text.strip():
        raise UsageError(f"{flag} is empty; give a folder (. for this one) or leave it out")
    return Path(text)


def relative_shards(manifests: Path, shards: Path) -> str:
    """``shards`` as seen from ``manifests``, with forward slashes.

    Raises:
        ManifestError: they lie on different drives, or a path cannot be written as UTF-8.
    """
    try:
        relative = PurePosixPath(Path(os.path.relpath(shards.resolve(), manifests.resolve()))).as_posix()
    except ValueError:
        raise ManifestError(f"{shards} and {manifests} lie on different drives; choose folders on one drive") from None
    for text in (relative, str(manifests)):
        if not _is_text(text):
            raise ManifestError(f"{text!r} is no valid text and cannot be stored; choose a folder with another name")
    return relative


def _is_text(path: str) -> bool:
    """Whether ``path`` can be stored and opened: no half of a surrogate pair, no NUL."""
    try:
        return b"\0" not in path.encode("utf-8")
    except UnicodeEncodeError:
        return False


def _check_info(info: Mapping[str, Any], path: Path) -> None:
    shards, folder = info.get("shards"), info.get("shards_folder")
    if not isinstance(folder, str) or not _is_text(folder) or PurePosixPath(folder).is_absolute() or Path(folder).is_absolute():
        raise ManifestError(f"{path}: shards_folder must be a relative path; {REMAKE}")
    if not isinstance(shards, list) or not isinstance(info.get("tables"), dict) or info.get("image_format") not in ("png", "jpg"):
        raise ManifestError(f"{path} is not a whole dataset description; {REMAKE}")
    split = info.get("split")
    keys = split.get("by") if isinstance(split, dict) else 0
    if keys is not None and not (isinstance(keys, list) and keys and all(isinstance(key, str) for key in keys)):
        raise ManifestError(f"{path}: split.by must be null or a list of scene keys; {REMAKE}")
    for shard in shards:
        named = isinstance(shard, dict) and isinstance(shard.get("file"), str) and SHARD_PATTERN.fullmatch(shard["file"])
        if (
            not named
            or shard.get("split") != named[1]
            or not isinstance(shard.get("bytes"), int)
            or not isinstance(shard.get("sha256"), str)
        ):
            raise ManifestError(f"{path} lists a shard that is not ours: {str(shard)[:80]}; {REMAKE}")


def _wrong_ids(series: pd.DataFrame) -> str | None:
    """The first series whose name no producer can have given."""
    wrong = ~series["series"].str.fullmatch(ID_PATTERN).to_numpy(bool)
    return f"{SERIES} has the impossible series name {str(series['series'][wrong].iloc[0])[:40]!r}" if wrong.any() else None


def _wrong_places(frames: pd.DataFrame, sizes: Mapping[str, int]) -> str | None:
    """The first row of the frames table that points outside its shard."""
    ends = frames["shard"].map(sizes)
    wrong = ends.isna() | (frames["offset"] < 512) | (frames["size"] <= 0) | (frames["size"] > ends - frames["offset"])
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
    for shard, own in frames[["shard", "split"]].drop_duplicates().itertuples(index=False):
        if not shard.startswith(f"{own}-"):
            return f"{FRAMES} has frames of the {own} split in {shard}"
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
