"""What a loader needs of frames.parquet, as flat arrays: read piece by piece, and checked on the way.

Ten million frames take about half a gigabyte so, and no Python object per frame exists at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from cat_dataset.attributes import ATTRIBUTES
from cat_dataset.dataset_json import SPLITS
from cat_dataset.errors import ManifestError
from cat_dataset.series import ID_PATTERN
from cat_dataset.shards import BLOCK
from cat_dataset.tables import FRAME_COLUMNS, FRAMES, REMAKE, SERIES, TableReader, runs

_LIGHT = ("series", "frame", "split", "shard", "offset", "size", "crc32", "width", "height")
_PLACES = {"offset": np.int64, "size": np.int64, "crc32": np.uint32, "width": np.int32, "height": np.int32}


@dataclass(frozen=True)
class Labels:
    """Natural values of one attribute: float64 [labels], those of series k from first[k]; −1 where it does not vary."""

    values: NDArray[np.float64]
    first: NDArray[np.int64]


@dataclass(frozen=True)
class FrameColumns:
    """Arrays over all frames in the order of the shards; series k has the rows starts[k] to starts[k + 1]."""

    starts: NDArray[np.int64]
    offset: NDArray[np.int64]
    size: NDArray[np.int64]
    crc32: NDArray[np.uint32]
    width: NDArray[np.int32]
    height: NDArray[np.int32]
    labels: Mapping[str, Labels]


def series_fault(series: pd.DataFrame) -> str | None:
    """The first thing that is wrong in the series table itself."""
    wrong = ~series["series"].str.fullmatch(ID_PATTERN).to_numpy(bool)
    if wrong.any():
        return f"{SERIES} has the impossible series name {str(series['series'][wrong].iloc[0])[:40]!r}"
    if not series["series"].is_unique:
        return f"{SERIES} names a series twice"
    if not set(series["split"]) <= set(SPLITS):
        return f"{SERIES} has a split that does not exist"
    if (series["frames"] < 1).any():
        return f"{SERIES} has a series without frames"
    if (series["varies"].map(len) == 0).any():
        return f"{SERIES} has a series that varies nothing"
    for shard, own in series[["shard", "split"]].drop_duplicates().itertuples(index=False):
        if not shard.startswith(f"{own}-"):
            return f"{SERIES} has a series of the {own} split in {ascii(shard[:40])[1:-1]}"
    for name in sorted({name for names in series["varies"] for name in names} - ATTRIBUTES.keys()):
        return f"attribute {name[:40]!r} is unknown to this version (upgrade cat-dataset)"
    return None


def read_frame_columns(path: Path, series: pd.DataFrame, sizes: Mapping[str, int]) -> FrameColumns:
    """Read frames.parquet against the series table and the bytes of every shard.

    Raises:
        ManifestError: unreadable, or the first row that contradicts them: other series or frames, a place outside its
            shard, a label that is absent, unknown to the registry or outside its range.
    """
    reader = TableReader(path, FRAME_COLUMNS)
    starts = np.r_[0, np.cumsum(series["frames"].to_numpy(np.int64))]
    if reader.rows != starts[-1]:
        raise _fault(path, f"{FRAMES} has {reader.rows} rows, {SERIES} counts {starts[-1]} frames")
    kind, sets = pd.factorize(series["varies"].map(tuple))
    varied = {name: np.array([name in names for names in sets], bool)[kind] for name in _attributes(reader, series, path)}
    arrays: dict[str, NDArray[Any]] = {name: np.empty(reader.rows, kind) for name, kind in _PLACES.items()}
    values: dict[str, list[NDArray[np.float64]]] = {name: [] for name in varied}
    expected = {name: pd.factorize(series[name].to_numpy(object)) for name in ("series", "split", "shard")}
    limit = series["shard"].map(sizes).fillna(-1).to_numpy(np.int64)
    begin = 0
    for piece in reader.pieces([*_LIGHT, *(f"value_{name}" for name in varied)]):
        rows = np.arange(begin, begin + len(piece))
        owner = np.searchsorted(starts, rows, side="right") - 1
        for name, (codes, names) in expected.items():
            if not _same_runs(piece.column(name), codes[owner], names):
                raise _fault(path, f"{FRAMES} and {SERIES} disagree on the {name} of some frame in rows {begin} to {begin + len(piece)}")
        if (piece.column("frame").to_numpy() != rows - starts[owner]).any():
            raise _fault(
                path, f"{FRAMES} numbers the frames of some series otherwise than 0, 1, 2 … in rows {begin} to {begin + len(piece)}"
            )
        for name, array in arrays.items():
            array[begin : begin + len(piece)] = piece.column(name).to_numpy()
        offset, size = (arrays[name][begin : begin + len(piece)] for name in ("offset", "size"))
        wrong = (offset < BLOCK) | (size <= 0) | (size > limit[owner] - offset)
        if wrong.any():
            row = int(wrong.argmax())
            raise _fault(path, f"row {begin + row} of {FRAMES} points outside its shard {str(piece.column('shard')[row])[:40]!r}")
        for name, by_series in varied.items():
            values[name].append(_labels(path, piece, name, by_series[owner], begin))
        begin += len(piece)
    labels = {}
    for name, by_series in varied.items():
        counts = np.where(by_series, np.diff(starts), 0)
        first = np.where(by_series, np.cumsum(counts) - counts, -1)
        labels[name] = Labels(np.concatenate([np.empty(0), *values.pop(name)]), first)
    return FrameColumns(starts=starts, labels=labels, **arrays)


def _attributes(reader: TableReader, series: pd.DataFrame, path: Path) -> list[str]:
    """Names of the value columns, in registry order, after checking that they and the series agree."""
    columns = {name.removeprefix("value_") for name in reader.schema.names if name.startswith("value_")}
    varying = {name for names in series["varies"] for name in names}
    for name in sorted(columns - ATTRIBUTES.keys()):
        raise _fault(path, f"attribute {name[:40]!r} is unknown to this version (upgrade cat-dataset)")
    for name in sorted(varying - columns):
        raise _fault(path, f"{FRAMES} has no column value_{ascii(name[:40])[1:-1]} although a series varies it")
    return [name for name in ATTRIBUTES if name in columns]


def _labels(path: Path, piece: pa.RecordBatch, name: str, labelled: NDArray[np.bool_], begin: int) -> NDArray[np.float64]:
    column = piece.column(f"value_{name}")
    values = np.asarray(column.to_numpy(zero_copy_only=False), np.float64)
    inside = (values >= ATTRIBUTES[name].low) & (values <= ATTRIBUTES[name].high)
    wrong = np.where(labelled, ~inside, ~np.isnan(values))
    if wrong.any():
        row = int(wrong.argmax())
        raise _fault(path, f"row {begin + row} of {FRAMES} has the impossible label {name} = {values[row]}")
    return values[labelled]


def _same_runs(column: pa.Array, codes: NDArray[np.int64], names: Any) -> bool:
    """Whether the strings of ``column`` are ``names[codes]``, looking only at where they change."""
    found, ends = runs(column)
    changes = np.flatnonzero(np.diff(codes)) + 1
    return ends == [*changes.tolist(), len(codes)] and found == [names[code] for code in codes[np.r_[0, changes]].tolist()]


def _fault(path: Path, problem: str) -> ManifestError:
    return ManifestError(f"{path.parent}: {problem}; {REMAKE}")
