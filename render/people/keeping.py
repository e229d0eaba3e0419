"""Which characters are there already, and writing those that are not."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

from cat_dataset.errors import InputError
from render.blender.figure.person_file import MAGIC, SUFFIX, read_person, write_person
from render.people.body import person
from render.people.drawing import draw

VERSION = 1
"""Raised whenever the same recipe comes to give another file: then all are made again."""


def made_from(seed: int, index: int) -> dict[str, Any]:
    """What a character's file says that it was made from: the recipe and what read it."""
    return {**draw(seed, index).to_json(), "versions": {"people": VERSION, "anny": version("anny")}}


def place(folder: Path, index: int) -> Path:
    """The file of the character ``index``."""
    return folder / f"p{index:04d}{SUFFIX}"


def wanted(folder: Path, seed: int, index: int) -> bool:
    """Whether the character ``index`` of ``seed`` is still to be made: its file is missing, damaged or of another version.

    Raises:
        InputError: another seed's character is in its place, or what is no character at all.
    """
    path = place(folder, index)
    if not path.exists():
        return True
    if not _may_go(path):
        raise InputError(f"{path} is in the way and no character file; move it away, or choose another --out folder")
    try:
        recipe = read_person(path).recipe
    except InputError:
        return True
    if recipe.get("seed") != seed:
        raise InputError(f"{path} is a character of seed {recipe.get('seed')}, not {seed}; choose another --out folder")
    return recipe != made_from(seed, index)


def _may_go(path: Path) -> bool:
    """Whether ``path`` is a character file of any version, or what was left of one."""
    if not path.is_file():
        return False
    kind = MAGIC[: MAGIC.rindex(b" ")]
    with open(path, "rb") as stream:
        begun = stream.read(len(kind))
    return kind.startswith(begun)


def write(folder: Path, seed: int, index: int) -> str:
    """Make the character ``index`` of ``seed`` and write it; its name."""
    made = person(draw(seed, index))
    made.recipe = made_from(seed, index)
    write_person(place(folder, index), made)
    return made.name
