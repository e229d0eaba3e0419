"""The dataset in Croissant 1.1, the JSON-LD vocabulary of MLCommons for machine-learning data: manifests/croissant.json.

Files are named as seen from the manifests folder, with their SHA-256, so the whole may be moved and still be checked. The
record sets are `frames` and `series`, rows of the Parquet tables, and `pictures-<split>`, the picture files in the tars.
(Specification: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html)
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from cat_dataset.attributes import ATTRIBUTES
from cat_dataset.describing.card_header import HUB_LICENCES, splits_held
from cat_dataset.describing.card_schema import FRAME_MEANINGS, SERIES_MEANINGS
from cat_dataset.describing.licences import NOT_STATED, count_licences
from cat_dataset.tables import FRAME_COLUMNS, FRAMES, SERIES, SERIES_COLUMNS

Json = dict[str, Any]

_PARQUET, _TAR = "application/x-parquet", "application/x-tar"
_PICTURE = {"png": "image/png", "jpg": "image/jpeg"}
_CONTEXT: Json = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that the specification prescribes (appendix 1)."""
_TYPES = {
    pa.string(): "sc:Text", pa.int32(): "cr:Int32", pa.int64(): "cr:Int64", pa.uint32(): "cr:UInt32", pa.float32(): "cr:Float32",
    pa.float64(): "cr:Float64",
}  # fmt: skip


def croissant(info: Mapping[str, Any], series: pd.DataFrame, attributes: Sequence[str]) -> Json:
    """The description as JSON.

    Args:
        info: dataset.json, hashes of the tables included.
        series: the series table, for its ``licences`` and the names of its ``scene_<key>`` columns.
        attributes: those that vary somewhere.
    """
    totals, splits = info["totals"], splits_held(info)
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": "CAT dataset",
        "description": (
            f"{totals['frames']} pictures in {totals['series']} series. In a series one scene changes in one attribute, or a few, by "
            f"known amounts ({', '.join(attributes)}). Every two frames of a series are a ground-truth pair for editing by numbers."
        ),
        **_licence(count_licences(series["licences"]), len(series)),
        "keywords": ["image editing", "numeric attributes", *attributes],
        "distribution": [
            _file(FRAMES, FRAMES, _PARQUET, info["tables"][FRAMES]),
            _file(SERIES, SERIES, _PARQUET, info["tables"][SERIES]),
            *(
                {**_file(shard["file"], _address(info["shards_folder"], shard["file"]), _TAR, shard["sha256"]),
                 "contentSize": f"{shard['bytes']} B"}
                for shard in info["shards"]
            ),
            *(_pictures(info, split) for split in splits),
        ],
        "recordSet": [
            _frames(attributes),
            _series([str(name) for name in series.columns if str(name).startswith("scene_")]),
            *(_picture_records(info["image_format"], split) for split in splits),
        ],
    }  # fmt: skip


def _address(folder: str, name: str) -> str:
    return f"{folder}/{name}" if "://" in folder else posixpath.normpath(posixpath.join(folder, name))


def _licence(licences: Mapping[str, int], total: int) -> Json:
    """Known licences as addresses of SPDX, others as they are written, and for how many series it is not stated."""
    named = [f"https://spdx.org/licenses/{text}.html" if text.lower() in HUB_LICENCES else text for text in licences if text != NOT_STATED]
    if NOT_STATED in licences:
        named.append(f"{NOT_STATED}, or not for every part, for {licences[NOT_STATED]} of {total} series")
    return {"license": named}


def _file(name: str, address: str, kind: str, sha256: str) -> Json:
    return {"@type": "cr:FileObject", "@id": name, "name": name, "contentUrl": address, "encodingFormat": kind, "sha256": sha256}


def _pictures(info: Mapping[str, Any], split: str) -> Json:
    extension = info["image_format"]
    return {
        "@type": "cr:FileSet",
        "@id": f"{split}-files",
        "name": f"{split}-files",
        "description": f"The picture files of the {split} split.",
        "containedIn": [{"@id": shard["file"]} for shard in info["shards"] if shard["split"] == split],
        "encodingFormat": _PICTURE[extension],
        "includes": f"*.{extension}",
    }


def _frames(attributes: Sequence[str]) -> Json:
    fields = [_column("frames", FRAMES, name, kind, FRAME_MEANINGS[name]) for name, kind in FRAME_COLUMNS.items()]
    for name in attributes:
        meaning = f"{ATTRIBUTES[name].noun} in {ATTRIBUTES[name].unit}; null where the series does not vary it"
        fields.append(_column("frames", FRAMES, f"value_{name}", pa.float64(), meaning))
    return _records("frames", "A row per frame: where its picture lies and what its values are.", ["series", "frame"], fields)


def _series(scene_columns: Sequence[str]) -> Json:
    fields = [_column("series", SERIES, name, kind, SERIES_MEANINGS[name]) for name, kind in SERIES_COLUMNS.items()]
    for name in scene_columns:
        meaning = f"what the series shows: its {name.removeprefix('scene_')}; null where it does not apply"
        fields.append(_column("series", SERIES, name, pa.string(), meaning))
    return _records("series", "A row per series.", ["series"], fields)


def _picture_records(extension: str, split: str) -> Json:
    name = f"pictures-{split}"
    fields = [
        _from_file(name, split, "series", "sc:Text", rf"^(.+)_\d+\.{extension}$", "id of the series, as in the record set series"),
        _from_file(name, split, "frame", "cr:Int32", rf"^.+_(\d+)\.{extension}$", "number of the frame, as in the record set frames"),
        _from_file(name, split, "picture", "sc:ImageObject", None, "the picture"),
    ]
    return _records(name, f"The pictures of the {split} split.", ["series", "frame"], fields)


def _records(name: str, meaning: str, key: Sequence[str], fields: Sequence[Json]) -> Json:
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": meaning,
        "key": [{"@id": f"{name}/{field}"} for field in key],
        "field": list(fields),
    }


def _column(records: str, file: str, name: str, kind: pa.DataType, meaning: str) -> Json:
    field: Json = {"@type": "cr:Field", "@id": f"{records}/{name}", "name": name, "description": meaning}
    if pa.types.is_list(kind):
        field |= {"dataType": _TYPES[kind.value_type], "isArray": True, "arrayShape": "-1"}
    elif name == "split":
        field["dataType"] = ["sc:Text", "cr:Split"]
    else:
        field["dataType"] = _TYPES[kind]
    return {**field, "source": {"fileObject": {"@id": file}, "extract": {"column": name}}}


def _from_file(records: str, split: str, name: str, kind: str, regex: str | None, meaning: str) -> Json:
    source: Json = {"fileSet": {"@id": f"{split}-files"}, "extract": {"fileProperty": "filename" if regex else "content"}}
    if regex:
        source["transform"] = {"regex": regex}
    return {
        "@type": "cr:Field", "@id": f"{records}/{name}", "name": name, "description": meaning, "dataType": kind, "source": source,
    }  # fmt: skip
