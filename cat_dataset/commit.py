"""Giving a finished build its place, and what a kill in the middle of that leaves behind.

dataset.json goes first and comes back last, so that in between `open_dataset` refuses the folder as unfinished.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cat_dataset import manifests as index
from cat_dataset import tables
from cat_dataset.attributes import ATTRIBUTES, registry_as_used
from cat_dataset.command import warn
from cat_dataset.dataset_card import dataset_card
from cat_dataset.errors import InputError, ManifestError
from cat_dataset.files import fsync_folder, read_json, sha256_file, slug, write_bytes, write_json
from cat_dataset.packing import Item, Shard

STAGING = ".staging"
KNOWN = "known.json"
"""In staging: the shards, old and new, that a commit is about to remove or place, should it be killed halfway."""

CARD_MARK = b"# Manifests of a CAT dataset"
"""The heading by which a README.md is known to be our dataset card."""


def describe(
    items: Sequence[Item], packed: Sequence[Shard], image_format: str, settings: dict[str, Any], shards_folder: str
) -> dict[str, Any]:
    """dataset.json, short of the hashes of the tables."""
    attributes = {}
    for name in ATTRIBUTES:
        varying = [item.series for item in items if name in item.series.varies]
        if varying:
            attributes[name] = {"series": len(varying), "frames": sum(len(one.frames) for one in varying)}
    splits = Counter[str]()
    for shard in packed:
        splits[shard.listed["split"]] += shard.listed["samples"]
    return {
        "schema": tables.SCHEMA,
        "image_format": image_format,
        "shards_folder": shards_folder,
        "shards": [shard.listed for shard in packed],
        "split": settings,
        "attributes": registry_as_used(),
        "totals": {
            "series": len(items),
            "frames": sum(splits.values()),
            "bytes": sum(shard.listed["bytes"] for shard in packed),
            "splits": dict(splits),
            "attributes": attributes,
        },
    }


def commit(
    items: Sequence[Item], splits: Mapping[str, str], packed: Sequence[Shard], info: dict[str, Any], shards: Path, manifests: Path
) -> None:
    """Write the tables aside; then give everything its place, the dataset being unfinished meanwhile."""
    staging, aside = shards / STAGING, manifests / STAGING
    new = {shard.listed["file"] for shard in packed}
    known = _known_shards(manifests, staging)
    aside.mkdir(exist_ok=True)
    _write_tables(aside, items, splits, packed, list(info["totals"]["attributes"]))
    info["tables"] = {name: sha256_file(aside / name) for name in (tables.FRAMES, tables.SERIES)}
    write_json(staging / KNOWN, sorted(known | new))
    (manifests / index.DATASET_JSON).unlink(missing_ok=True)
    fsync_folder(manifests)
    for name in sorted(new):
        os.replace(staging / name, shards / name)
    for name in sorted(known - new):
        (shards / name).unlink(missing_ok=True)
    fsync_folder(shards)
    for name in info["tables"]:
        os.replace(aside / name, manifests / name)
    card = dataset_card(list(info["totals"]["splits"]), info["shards_folder"]).encode("utf-8")
    _place_card(manifests / "README.md", card)
    write_json(manifests / index.DATASET_JSON, info)
    shutil.rmtree(aside)
    if staging.exists():  # shards and manifests may be one folder
        shutil.rmtree(staging)


def _place_card(readme: Path, card: bytes) -> None:
    """Write the dataset card, unless somebody else's file has its name."""
    there = readme.read_bytes() if readme.is_file() else None
    if readme.exists() and (there is None or CARD_MARK not in there):
        warn(f"{readme} is not a dataset card of ours and stays as it is; move it away and build again to get the card")
    elif there != card:
        write_bytes(readme, card)


def _write_tables(
    folder: Path, items: Sequence[Item], splits: Mapping[str, str], packed: Sequence[Shard], attributes: Sequence[str]
) -> None:
    rows = [row for shard in packed for row in shard.rows]
    described = {item.series.id: _series_row(item, splits[item.series.id]) for item in items}
    tables.write_frames(folder / tables.FRAMES, rows, attributes)
    tables.write_series(folder / tables.SERIES, [described[row["series"]] for row in rows if row["frame"] == 0])


def _known_shards(manifests: Path, staging: Path) -> set[str]:
    """Shards of the dataset that is replaced, also where a killed commit had removed its dataset.json already."""
    listed: set[object] = set()
    if (manifests / index.DATASET_JSON).is_file():
        try:
            listed.update(shard["file"] for shard in index.read_info(manifests)["shards"])
        except ManifestError as error:
            warn(f"replacing a dataset that cannot be read ({error}); shards of it that have other names stay, delete them yourself")
    if (staging / KNOWN).is_file():
        listed.update(_noted_shards(staging / KNOWN))
    return {name for name in listed if isinstance(name, str) and index.SHARD_PATTERN.fullmatch(name)}


def _noted_shards(path: Path) -> list[str]:
    """What a killed commit noted in staging; nothing, with a warning, where that is damaged."""
    try:
        noted = read_json(path)
    except InputError:
        noted = None
    if isinstance(noted, list) and all(isinstance(name, str) for name in noted):
        return noted
    warn(f"{path} is damaged and ignored; shards of an older dataset may stay, delete them yourself")
    return []


def _series_row(item: Item, split: str) -> dict[str, Any]:
    """The row of series.parquet."""
    one = item.series
    return {
        "series": one.id, "source": one.source, "object": one.object, "varies": list(one.varies),
        "frames": len(one.frames), "split": split,
        "constants": json.dumps(one.constants, sort_keys=True, ensure_ascii=False),
        "provenance": json.dumps(one.provenance, sort_keys=True, ensure_ascii=False),
        **{f"scene_{slug(key)}": value for key, value in one.scene.items()},
    }  # fmt: skip
