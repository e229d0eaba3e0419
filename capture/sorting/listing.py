"""The files of a folder: which are read, which are set aside as twins, which are only named or counted."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from capture import UNFINISHED
from capture.reading.formats import UNREAD_SUFFIXES, Kind, kind_of
from capture.sorting.settings import some
from cat_dataset.errors import InputError
from cat_dataset.folders import is_text

SIDE_CAR = "scene.yaml"
_BETTER = (Kind.RAW, Kind.TIFF, Kind.HEIC, Kind.JPEG)
"""Of twins the one whose kind comes first is used."""


@dataclass(frozen=True)
class Listing:
    """Files to read, by name. ``twins`` holds for a file the twins set aside for it, the better first.

    A twin may be offered where its better half proves unreadable. ``unread`` are pictures that no camera writes, ``odd``
    entries that are no files, ``others`` the number of other files.
    """

    folder: Path
    files: tuple[Path, ...]
    twins: Mapping[Path, tuple[Path, ...]] = field(default_factory=dict)
    side_car: Path | None = None
    unread: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()
    others: int = 0
    notes: tuple[str, ...] = ()

    def stand_in(self, path: Path) -> str:
        """What to tell where ``path`` cannot be read and has a twin; empty where it has none."""
        if path not in self.twins:
            return ""
        return f"{self.twins[path][0].name} of the same name lies beside it: move {path.name} away to use that"


def list_files(folder: Path) -> Listing:
    """The camera files of ``folder`` and what becomes of the rest; nothing is opened.

    Raises:
        InputError: no such folder, not finished, not to be looked into, a name that is no text, or no camera file in it.
    """
    if not is_text(str(folder)):
        raise InputError(f"the folder {str(folder)!a} has a name that is not valid text; rename it")
    names, odd, subfolders = _entries(folder)
    if UNFINISHED in names:
        raise InputError(f"{folder} was not finished by capture.simulate; run it again")
    untold = sorted(ascii(name)[1:-1][:80] for name in names if not is_text(name))
    seen = sorted(name for name in names if not name.startswith(".") and is_text(name))
    kinds = {name: kind for name in seen if (kind := kind_of(Path(name))) in _BETTER}
    linear = [name for name in seen if kind_of(Path(name)) is Kind.LINEAR]
    unread = [name for name in seen if Path(name).suffix.lower() in UNREAD_SUFFIXES]
    side_car = folder / SIDE_CAR if SIDE_CAR in names else None
    others = len(seen) - len(kinds) - len(linear) - len(unread) - (side_car is not None)
    notes = []
    if untold:
        notes.append(f"{len(untold)} files are left out, because their names are not valid text; rename them: {some(untold)}")
    if unread:
        notes.append(f"pictures of a kind that no camera writes are not read ({len(unread)}): {some(unread)}")
    if linear:
        notes.append(f"linear pictures are not read, they serve only for developments from one picture ({len(linear)}): {some(linear)}")
    if odd:
        notes.append(f"entries that are no files are left alone ({len(odd)}): {some(sorted(odd))}")
    if others:
        notes.append(f"{others} other file{'s are' if others > 1 else ' is'} ignored")
    kept, twins = _without_twins(folder, kinds)
    notes += _told(twins)
    if not kept:
        extra = f" ({'; '.join(notes)})" if notes else ""
        remedy = f"its subfolders may have: give {folder}/*" if subfolders else "give the folder they lie in"
        raise InputError(f"{folder} has no camera files (RAW, JPEG, TIFF or HEIC){extra}; {remedy}")
    return Listing(
        folder=folder, files=tuple(kept), twins=twins, side_car=side_car, unread=tuple(unread + linear), odd=tuple(sorted(odd)),
        others=others, notes=tuple(notes),
    )  # fmt: skip


def _entries(folder: Path) -> tuple[set[str], list[str], bool]:
    """Names of files and links, names of what is neither file nor folder, and whether there is a subfolder.

    A link that leads nowhere or in a circle counts as a file, so that reading it names it. Pipes and devices never do:
    opening one could wait for ever.
    """
    names, odd, subfolders = set(), [], False
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    if entry.is_dir():
                        subfolders = subfolders or not entry.name.startswith(".")
                    elif entry.is_file() or (entry.is_symlink() and not os.path.exists(entry.path)):
                        names.add(entry.name)
                    elif not entry.name.startswith("."):
                        odd.append(ascii(entry.name)[1:-1][:80])
                except OSError:
                    names.add(entry.name)
    except FileNotFoundError:
        raise InputError(f"{folder} does not exist; check the path") from None
    except NotADirectoryError:
        raise InputError(f"{folder} is a file; give the folder that holds the series, or a change like --white-balance 400") from None
    except OSError as error:
        raise InputError(f"{folder} cannot be looked into ({error.strerror}); check the path and its permissions") from None
    return names, odd, subfolders


def _without_twins(folder: Path, kinds: Mapping[str, Kind | None]) -> tuple[list[Path], dict[Path, tuple[Path, ...]]]:
    """Files less their twins. A DNG beside another RAW of the same name is a converted copy of it."""
    stems: dict[str, list[str]] = {}
    for name in kinds:
        stems.setdefault(Path(name).stem.lower(), []).append(name)
    kept: list[Path] = []
    twins: dict[Path, tuple[Path, ...]] = {}
    for group in stems.values():
        ranked = sorted(group, key=lambda name: (_rank(kinds[name], name), name))
        best = [name for name in ranked if _rank(kinds[name], name) == _rank(kinds[ranked[0]], ranked[0])]
        kept += [folder / name for name in best]
        if len(ranked) > len(best):
            twins[folder / best[0]] = tuple(folder / name for name in ranked[len(best) :])
    return sorted(kept), twins


def _rank(kind: Kind | None, name: str) -> tuple[int, bool]:
    return (_BETTER.index(kind) if kind in _BETTER else len(_BETTER), kind is Kind.RAW and name.lower().endswith(".dng"))


def _told(twins: Mapping[Path, Sequence[Path]]) -> list[str]:
    """``12 JPEGs lie beside a RAW file of the same name; the RAW files are used``."""
    counts: dict[tuple[str, str], int] = {}
    for best, others in twins.items():
        for other in others:
            pair = (str(kind_of(other)), str(kind_of(best)))
            counts[pair] = counts.get(pair, 0) + 1
    lines = []
    for (worse, better), count in counts.items():
        if worse == better:
            lines.append(f"{count} DNGs lie beside another RAW file of the same name; they are taken for copies and set aside")
        else:
            files = f"{worse} files" if worse != "JPEG" else "JPEGs"
            lines.append(f"{count} {files} lie beside a {better} file of the same name; the {better} files are used")
    return lines
