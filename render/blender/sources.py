"""What the user named with ``--asset`` and ``--hdri``: files found, folders opened, contents hashed. Standard library only."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cat_dataset.errors import CatError, InputError, UsageError
from cat_dataset.files import sha256_file, sha256_json, slug

BUILTIN = "builtin:"
PERSON = ".person"
"""Suffix of character files: people, whom `render.blender.figure` builds."""


@dataclass(frozen=True)
class Source:
    """An asset or a sky. ``path`` is None for what is made in code; ``sha256`` stands for the content in either case.

    ``companions`` are the hashes, by name, of files that ``path`` refers to.
    """

    name: str
    path: Path | None
    sha256: str
    builtin: bool = False
    licence: str = "not recorded"
    companions: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def key(self) -> str:
        """The scene key: what a leak-free split groups by."""
        return f"{BUILTIN}{self.name}" if self.builtin else f"{self.name}-{self.sha256[:8]}"

    @property
    def part(self) -> str:
        """Its part of a series id: never depends on which other sources there are, so that a plan can grow."""
        return slug(self.name, 24) if self.builtin else f"{slug(self.name, 17)}_{self.sha256[:6]}"

    @property
    def is_person(self) -> bool:
        """Whether it is a character file."""
        return self.path is not None and self.path.suffix.lower() == PERSON

    @property
    def readable(self) -> str:
        """The name as words, for instructions: "toy_car" is a toy car."""
        return " ".join(re.sub(r"[^\w]+|_", " ", self.name).split())[:60] or "object"

    def as_json(self) -> dict[str, object]:
        """Name and content, without any path."""
        return {
            "name": self.path.name if self.path and not self.builtin else self.key,
            "sha256": self.sha256,
            "companions": dict(self.companions),
        }

    def __str__(self) -> str:
        return self.key if self.builtin else str(self.path)


Report = Callable[[CatError], None]
Check = Callable[[Path], Mapping[str, str]]


def gather(
    named: Sequence[str],
    kinds: Sequence[str],
    what: str,
    open_builtin: Callable[[str], Source],
    check: Check,
    report: Report,
) -> list[Source]:
    """The sources that ``named`` stands for, each content once, in the order given (folders sorted).

    ``kinds`` are the suffixes looked for in folders; ``check`` looks into a file without Blender and returns the hashes of
    its companions. What cannot be used goes to ``report``.
    """
    found: dict[tuple[str, str], Source] = {}
    for text in named:
        try:
            if text.startswith(BUILTIN):
                sources: Iterable[Source] = [open_builtin(text[len(BUILTIN) :])]
            else:
                sources = _files(Path(text), kinds, what, check, report)
            for source in sources:
                found.setdefault((slug(source.name), source.sha256), source)
        except CatError as error:
            report(error)
    return list(found.values())


def one_of(seed: int, key: str, sources: Sequence[Source]) -> Source:
    """The one of ``sources`` that belongs to whatever has the key ``key``.

    Each source has a number drawn for it and the largest wins, so that one more source takes only what it wins.
    """
    return max(sources, key=lambda source: sha256_json(["one of", seed, key, source.key]))


def made_in_code(name: str, revision: int) -> Source:
    """A source without a file: its hash is that of its name and revision."""
    return Source(name, None, sha256_json({"builtin": name, "revision": revision}), builtin=True, licence="Apache-2.0")


def builtin_asset(names: Collection[str], revision: int) -> Callable[[str], Source]:
    """What opens ``builtin:NAME`` where there are these ``names``, or none where no object can be rendered; it raises `UsageError`
    for another.
    """

    def opened(name: str) -> Source:
        if not names:
            raise UsageError(f"{BUILTIN}{name} is an object, and this sweep is of people; give --asset character files ({PERSON})")
        if name not in names:
            raise UsageError(f"there is no {BUILTIN}{name} object; there are {', '.join(BUILTIN + one for one in names)}")
        return made_in_code(name, revision)

    return opened


def files_in(folder: Path, kinds: Sequence[str]) -> list[Path]:
    """The files of ``kinds`` below ``folder``, sorted; also links that lead nowhere, which `gather` then reports."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in kinds)
    return sorted(path for path in found if path.is_file() or (path.is_symlink() and not path.exists()))


def _files(path: Path, kinds: Sequence[str], what: str, check: Check, report: Report) -> list[Source]:
    if path.is_dir():
        paths = files_in(path, kinds)
        if not paths:
            raise InputError(f"{path} holds no {what} ({', '.join(kinds)}); name another folder or the files themselves")
    else:
        paths = [path]
    result = []
    for one in paths:
        try:
            result.append(_file(one, kinds, what, check))
        except CatError as error:
            report(error)
        except OSError as error:
            report(InputError(f"{one} cannot be read ({error.strerror or error}); check its permissions"))
    return result


def _file(path: Path, kinds: Sequence[str], what: str, check: Check) -> Source:
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError:  # bytes of another encoding, as old archives leave them; no JSON can hold them
        shown = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        raise InputError(f"{shown} has a name, or lies in a folder with one, that is not UTF-8; rename it") from None
    if path.is_symlink() and not path.exists():
        raise InputError(f"{path} is a link to a file that is not there; fetch or copy that file")
    if not path.exists():
        raise InputError(f"{path} does not exist; check the path, or use {BUILTIN}NAME for a built-in {what}")
    if path.suffix.lower() not in kinds:
        raise InputError(f"{path} is not a supported {what}; give one of {', '.join(kinds)}")
    if not path.is_file():
        raise InputError(f"{path} is not a file; give a {what} file or a folder of them")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty; copy or export it again")
    companions = check(path)
    return Source(path.stem, path.resolve(), sha256_file(path), companions=companions)


def companion(owner: Path, name: str) -> Path:
    """A file that ``owner`` refers to by a relative ``name``.

    Raises:
        InputError: it is not there.
    """
    path = owner.parent / name.replace("\\", os.sep)
    if not path.is_file():
        raise InputError(f"{owner} needs {name}, which is missing; put it back beside it, or export with the files embedded")
    return path
