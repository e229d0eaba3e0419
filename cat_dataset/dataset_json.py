"""manifests/dataset.json: what a packed dataset consists of. It is written last: its presence means "complete"."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from cat_dataset.errors import InputError, ManifestError
from cat_dataset.files import read_json, sha256_file
from cat_dataset.folders import Folder, LocalFolder, folder_at, is_remote, is_text
from cat_dataset.tables import FRAMES, REMAKE, SCHEMA, SERIES

DATASET_JSON = "dataset.json"
SPLITS = ("train", "validation", "test")
SHARD_PATTERN = re.compile(r"(train|validation|test)-(\d{5,9})\.tar")
TABLES = (FRAMES, SERIES)
_SHA256 = re.compile(r"[0-9a-f]{64}")


def read_info(manifests: Path) -> dict[str, Any]:
    """dataset.json, checked.

    Raises:
        ManifestError: absent, of another schema version, or not ours.
    """
    path = manifests / DATASET_JSON
    if not manifests.is_dir():
        raise ManifestError(f"{manifests} is not a folder; run cat-build-shards first, or give the folder it wrote")
    if not path.is_file():
        begun = any((manifests / name).is_file() for name in TABLES)
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
    _check(info, path)
    return info


def changed_tables(info: Mapping[str, Any], manifests: Path) -> Iterator[str]:
    """A line for each table that is not the one that dataset.json was written for.

    Raises:
        ManifestError: a table is absent.
    """
    for name in TABLES:
        path = manifests / name
        if not path.is_file():
            raise ManifestError(f"{path} is absent; {REMAKE}")
        if sha256_file(path) != info["tables"].get(name):
            yield f"{path} does not match its sha256 in {DATASET_JSON}; copy it again or {REMAKE}"


def check_shards(info: Mapping[str, Any], shards: Folder) -> dict[str, int]:
    """Bytes of every shard, by file name, after comparing them with the files in ``shards``.

    Raises:
        ManifestError: a shard is absent or of another size.
    """
    wanted = shard_bytes(info)
    found = shards.sizes(wanted)
    for name, size in wanted.items():
        if name not in found:
            raise ManifestError(f"{shards}/{name} is absent; copy it beside the others, give its folder with --shards, or {REMAKE}")
        if found[name] != size:
            raise ManifestError(f"{shards}/{name} has {found[name]} bytes, not {size}; copy it again or {REMAKE}")
    return wanted


def shard_bytes(info: Mapping[str, Any]) -> dict[str, int]:
    """Bytes of every shard by file name, as dataset.json has them."""
    return {shard["file"]: shard["bytes"] for shard in info["shards"]}


def shards_of(info: Mapping[str, Any], manifests: Folder) -> Folder:
    """Where the shards lie: dataset.json says it as seen from ``manifests``, or as an address."""
    text = info["shards_folder"]
    return folder_at(text) if is_remote(text) else manifests.within(text)


def shards_seen_from(manifests: Folder, shards: Folder) -> str:
    """``shards`` as dataset.json names it: relative to ``manifests``, with forward slashes, or else as an address.

    Raises:
        ManifestError: nobody who finds the manifests could find the shards.
    """
    if isinstance(manifests, LocalFolder) and isinstance(shards, LocalFolder):
        try:
            relative = PurePosixPath(Path(os.path.relpath(shards.path.resolve(), manifests.path.resolve()))).as_posix()
        except ValueError:
            raise ManifestError(f"{shards} and {manifests} lie on different drives; choose folders on one drive") from None
        if not is_text(relative):
            raise ManifestError(f"{relative!r} is no valid text and cannot be stored; choose a folder with another name")
        return relative
    if isinstance(shards, LocalFolder):
        raise ManifestError(f"{shards} is local and {manifests} is not: others could not find the shards; put both at addresses")
    one, other = str(manifests).split("/"), str(shards).split("/")
    return posixpath.relpath("/".join(other[3:]) or ".", "/".join(one[3:]) or ".") if one[:3] == other[:3] else str(shards)


def _check(info: Mapping[str, Any], path: Path) -> None:
    shards, folder = info.get("shards"), info.get("shards_folder")
    if not isinstance(folder, str) or not is_text(folder) or PurePosixPath(folder).is_absolute() or Path(folder).is_absolute():
        raise ManifestError(f"{path}: shards_folder must be a relative path or an address; {REMAKE}")
    if not isinstance(shards, list) or not isinstance(info.get("tables"), dict) or info.get("image_format") not in ("png", "jpg"):
        raise ManifestError(f"{path} is not a whole dataset description; {REMAKE}")
    if not _is_count(info.get("rejected", 0)):
        raise ManifestError(f"{path}: rejected must be a number of series; {REMAKE}")
    split = info.get("split")
    keys = split.get("by") if isinstance(split, dict) else 0
    if keys is not None and not (isinstance(keys, list) and keys and all(isinstance(key, str) for key in keys)):
        raise ManifestError(f"{path}: split.by must be null or a list of scene keys; {REMAKE}")
    for shard in shards:
        named = isinstance(shard, dict) and isinstance(shard.get("file"), str) and SHARD_PATTERN.fullmatch(shard["file"])
        counted = isinstance(shard, dict) and all(_is_count(shard.get(key)) for key in ("bytes", "samples"))
        hashed = isinstance(shard, dict) and isinstance(shard.get("sha256"), str) and _SHA256.fullmatch(shard["sha256"])
        if not named or shard.get("split") != named[1] or not counted or not hashed:
            raise ManifestError(f"{path} lists a shard that is not ours: {ascii(shard)[:80]}; {REMAKE}")
    if len({shard["file"] for shard in shards}) != len(shards):
        raise ManifestError(f"{path} lists a shard twice; {REMAKE}")


def _is_count(value: object) -> bool:
    """Whether a JSON value is a number of bytes or things; not beyond what a table can hold."""
    return type(value) is int and 0 <= value < 1 << 63
