"""Giving a finished build its place. A kill in the middle leaves a journal, and the next build carries it through.

dataset.json goes first and comes back last, so that in between `open_dataset` refuses the folder as unfinished.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cat_dataset.command import warn
from cat_dataset.dataset_json import DATASET_JSON, SHARD_PATTERN
from cat_dataset.describing.accompany import CARD, COVERAGE, CROISSANT
from cat_dataset.describing.dataset_card import HEADING
from cat_dataset.errors import InputError, ManifestError
from cat_dataset.files import read_json, sha256_file, write_json
from cat_dataset.folders import Folder
from cat_dataset.tables import FRAMES, REJECTED, SERIES

JOURNAL = "commit.json"
"""In staging, once every file of the new dataset lies there whole."""
TABLES_ASIDE = "manifests"
"""In staging: the files that go to the manifests folder."""
PLACED = (FRAMES, SERIES, REJECTED, COVERAGE, CROISSANT, CARD)
"""Files of the manifests folder besides dataset.json."""


def prepare(staging: Path, new: Sequence[str], dropped: Sequence[str], shards_folder: str, info: Mapping[str, Any]) -> None:
    """Write dataset.json and the journal into staging; from here on the build is carried through, come what may."""
    write_json(staging / TABLES_ASIDE / DATASET_JSON, info)
    write_json(staging / JOURNAL, {"new": sorted(new), "dropped": sorted(dropped), "shards_folder": shards_folder})


def carry_through(staging: Path, shards: Folder, manifests: Folder, shards_folder: str) -> bool:
    """Do what the journal in staging says, if there is one; doing it again after a kill changes nothing. Says whether there was.

    Raises:
        ManifestError: it is the journal of a build into another manifests folder.
    """
    journal = _journal(staging)
    if journal is None:
        return False
    if journal["shards_folder"] != shards_folder:
        raise ManifestError(
            f"{shards} holds a build that was stopped while it gave its files their place, for another manifests folder; "
            f"run it again as it was (the shards were {journal['shards_folder']!r} as seen from there)"
        )
    aside = staging / TABLES_ASIDE
    if (aside / DATASET_JSON).is_file():
        if not _holds(manifests, DATASET_JSON, sha256_file(aside / DATASET_JSON)):
            manifests.remove(DATASET_JSON)
            manifests.sync()
        for name in journal["new"]:
            if (staging / name).is_file():
                shards.put(staging / name, name)
        for name in journal["dropped"]:
            shards.remove(name)
        shards.sync()
        _place_tables(aside, manifests)
        manifests.put(aside / DATASET_JSON, DATASET_JSON)
        manifests.sync()
    shutil.rmtree(staging)
    return True


def _place_tables(aside: Path, manifests: Folder) -> None:
    for name in PLACED:
        if name == CARD and not _is_ours(manifests):
            warn(f"{manifests}/{CARD} is not a dataset card of ours and stays as it is; move it away and build again to get the card")
        elif (aside / name).is_file():
            manifests.put(aside / name, name)
        elif name == REJECTED and not read_json(aside / DATASET_JSON)["rejected"]:  # else it was placed before a kill
            manifests.remove(name)


def _is_ours(manifests: Folder) -> bool:
    try:
        return HEADING.encode() in manifests.read(CARD, 0, 1 << 20)
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _holds(folder: Folder, name: str, digest: str) -> bool:
    try:
        return hashlib.sha256(folder.read(name)).hexdigest() == digest
    except FileNotFoundError:
        return False


def _journal(staging: Path) -> dict[str, Any] | None:
    path = staging / JOURNAL
    if not path.is_file():
        return None
    try:
        raw = read_json(path)
        names = [*raw["new"], *raw["dropped"]]
        if all(SHARD_PATTERN.fullmatch(name) for name in names) and isinstance(raw["shards_folder"], str):
            return dict(raw)
    except (InputError, KeyError, TypeError):
        pass
    warn(f"{path} is damaged and ignored; the build begins anew")
    path.unlink()
    return None
