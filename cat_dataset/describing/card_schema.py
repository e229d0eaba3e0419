"""The part of the dataset card that is the same for every dataset: its files and the columns of its tables, in words."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from cat_dataset.describing.markdown import table
from cat_dataset.tables import FRAME_COLUMNS, REJECTED_COLUMNS, SERIES_COLUMNS

FRAME_MEANINGS = {
    "series": "id of the series",
    "frame": "number of the frame in its series, from 0",
    "split": "train, validation or test; one for a whole scene",
    "shard": "tar file name",
    "offset": "where the bytes of the picture file begin in the tar",
    "size": "how many they are",
    "crc32": "of those bytes",
    "sha256": "of those bytes",
    "width": "pixels",
    "height": "pixels",
    "luminance": "mean relative luminance in linear light (ITU-R BT.709), 0 to 1; null where the build did not decode",
}
SERIES_MEANINGS = {
    "series": "id",
    "source": "blender, unreal, dslr or developed",
    "object": "what an instruction calls the thing that changes",
    "varies": "the attributes that change in it",
    "frames": "how many",
    "split": "train, validation or test",
    "shard": "the tar that holds the whole of it",
    "digest": "SHA-256 of its series.json",
    "licences": "named in its provenance; empty where it names none",
    "dhashes": "256-bit difference hashes of its first, middle and last frame, as hex; empty where the build did not decode",
    "constants": "JSON: what was held fixed",
    "provenance": "JSON: tools, versions, settings, licences",
}
_REJECTED_MEANINGS = {
    "series": "id of a series that was left out",
    "folder": "where it lay",
    "reason": "why",
}
_FILES = {
    "frames.parquet": "a row per frame",
    "series.parquet": "a row per series; both tables are in the order of the shards, the frames of a series one behind the other",
    "rejected.parquet": "a row per series that was left out, if the build was told to go on without them (`--skip-bad`)",
    "dataset.json": 'schema version, attribute registry, hashes, totals, split; written last: its presence means "complete"',
    "croissant.json": "the same in the Croissant vocabulary of MLCommons",
    "coverage.svg": "the plot above",
}


def schema_section(rejected: bool) -> list[str]:
    """The files of the folder and the columns of the tables, as Markdown lines."""
    files = [name for name in _FILES if rejected or name != "rejected.parquet"]
    value = ("`value_<attribute>`", "float64", "natural unit; null where the series does not vary that attribute")
    scene = ("`scene_<key>`", "string", "asset, camera, character, hdri, scene and a producer's own; null where it does not apply")
    lines = ["## Files", "", *table(("file", "content"), [(f"`{name}`", _FILES[name]) for name in files])]
    lines += ["", "### frames.parquet", "", *_columns(FRAME_COLUMNS, FRAME_MEANINGS, value)]
    lines += ["", "### series.parquet", "", *_columns(SERIES_COLUMNS, SERIES_MEANINGS, scene)]
    if rejected:
        lines += ["", "### rejected.parquet", "", *_columns(REJECTED_COLUMNS, _REJECTED_MEANINGS)]
    return lines


def _columns(columns: Mapping[str, pa.DataType], meanings: Mapping[str, str], *further: tuple[str, str, str]) -> list[str]:
    rows = [(f"`{name}`", _type_name(kind), meanings[name]) for name, kind in columns.items()]
    return table(("column", "type", "meaning"), [*rows, *further])


def _type_name(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"list of {_type_name(kind.value_type)}"
    return {"float": "float32", "double": "float64"}.get(str(kind), str(kind))
