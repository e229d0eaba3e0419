"""The assets and skies of a plan: found, looked into, hashed without Blender. What was hashed once is remembered.

The memory (``.cat-render/sources.json`` in the plan's ``out``) knows a file by its path, size and time of change, so that a
plan of a thousand large assets is expanded again in moments. Blender hashes what it renders anew in any case.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cat_dataset.errors import CatError, InputError, SeriesConflict
from cat_dataset.files import folder_lock, read_json, write_json
from render.blender.assets import files as asset_files
from render.blender.assets.policy import AssetPolicy
from render.blender.sources import BUILTIN, Check, Source, files_in, gather
from render.blender.stage import sky_files

MEMORY = "sources.json"
OURS = ".cat-render"
"""Folder in ``out`` for what is kept beside the series; nothing in it is needed."""

LENIENT = AssetPolicy(missing_textures="allow", too_many="decimate")
"""What a sweep may allow is left to its workers to refuse: sweeps of one plan may differ in it."""


@dataclass(frozen=True)
class Given:
    """An asset or a sky as a job names it (``argument``), and its `Source`."""

    argument: str
    source: Source


class Inputs:
    """Finds the sources that a plan names; ``refused`` are the errors of those that cannot be used."""

    def __init__(self, out: Path) -> None:
        self.refused: list[CatError] = []
        self._folder = out / OURS
        self._known, self._new = self._remembered(), False

    def assets(self, named: Sequence[str]) -> list[Given]:
        """Every asset, each content once, in the order given (folders sorted)."""
        return self._all(named, asset_files.KINDS, "asset", partial(asset_files.check_asset, policy=LENIENT))

    def skies(self, named: Sequence[str]) -> list[Given]:
        """Every sky, likewise."""
        return self._all(named, sky_files.KINDS, "sky", sky_files.check_sky)

    def remember(self) -> None:
        """Keep the hashes for the next time, if there is a folder to keep them in and nobody else is about it."""
        if not self._new or not self._folder.parent.is_dir():
            return
        with suppress(OSError, SeriesConflict), folder_lock(self._folder):
            write_json(self._folder / MEMORY, self._known)

    def _all(self, named: Sequence[str], kinds: Sequence[str], what: str, check: Check) -> list[Given]:
        found: dict[tuple[str, str], Given] = {}
        for text in named:
            for argument in _opened(text, kinds):
                for source in self._one(argument, kinds, what, check):
                    found.setdefault((source.part, source.sha256), Given(argument, source))
        return list(found.values())

    def _one(self, argument: str, kinds: Sequence[str], what: str, check: Check) -> Sequence[Source]:
        path, key, stamp = Path(argument), "", []
        with suppress(OSError):
            if not argument.startswith(BUILTIN) and path.is_file():
                state = path.stat()
                stamp = [state.st_size, state.st_mtime_ns]
                key = hashlib.sha256(str(path.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:32]
                known = self._known.get(key)
                if isinstance(known, list) and known[:2] == stamp and len(known) == 3 and isinstance(known[2], str):
                    return [Source(path.stem, path.resolve(), known[2])]
        sources = gather([argument], kinds, what, _builtin(what), check, self.refused.append)
        if sources and key:
            self._known[key], self._new = [*stamp, sources[0].sha256], True
        return sources

    def _remembered(self) -> dict[str, Any]:
        try:
            known = read_json(self._folder / MEMORY)
        except (InputError, OSError):
            return {}
        return known if isinstance(known, dict) else {}


def _opened(text: str, kinds: Sequence[str]) -> list[str]:
    """The files in a folder; anything else is left as it is, for `gather` to judge."""
    path = Path(text)
    if text.startswith(BUILTIN) or not path.is_dir():
        return [text]
    return [str(one) for one in files_in(path, kinds)] or [text]


def _builtin(what: str) -> Callable[[str], Source]:
    def source(name: str) -> Source:
        """Which built-ins there are only Blender knows; the name alone makes the series id."""
        if not name.replace("_", "").isalnum():
            raise InputError(f"{BUILTIN}{name} cannot be the name of a built-in {what}")
        return Source(name, None, "", builtin=True)

    return source
