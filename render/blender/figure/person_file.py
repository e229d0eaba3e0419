"""The character file ``.person``: what `render.people` makes and Blender reads. Standard library only.

A line with the format's name and version, a line of JSON, every array, little-endian, in the order of the header (float32 for
numbers, int32 for indices), and the SHA-256 of all that. Metres, z up, the person faces −y and stands
with the soles at z = 0; left is +x.
"""

from __future__ import annotations

import hashlib
import json
import stat
import sys
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cat_dataset.errors import InputError
from cat_dataset.files import write_bytes
from render.blender.figure.person_check import KINDS, check, parse, text

SUFFIX = ".person"
MAGIC = b"cat-dataset person 1\n"
LARGEST_HEADER = 8 << 20
LARGEST_FILE = 1 << 28
SURFACE, STRANDS = KINDS

Sparse = tuple["array[int]", "array[float]"]
"""Points by index, and what each of them has: a weight, or an offset of three numbers in metres."""


@dataclass
class Part:
    """A piece of a person of one material: a surface of polygons, or strands of hair.

    ``points`` are 3·N coordinates. ``sizes`` are the corners of each polygon, whose points ``corners`` lists, or the points of
    each strand, which follow each other. ``weights`` say by bone how much a point follows it. ``shapes`` are offsets by face
    unit, at its full value; ``halfway`` is added 4·u·(1−u) times at the value u, where a straight way would be wrong
    (an eyelid goes round the eye). ``fields`` are numbers of every point, 0 to 1, that materials read (lips, ears, ...).
    ``look`` is what else the material needs (JSON values).
    """

    name: str
    kind: str
    points: array[float]
    sizes: array[int]
    corners: array[int] = field(default_factory=lambda: array("i"))
    weights: dict[str, Sparse] = field(default_factory=dict)
    shapes: dict[str, Sparse] = field(default_factory=dict)
    halfway: dict[str, Sparse] = field(default_factory=dict)
    fields: dict[str, array[float]] = field(default_factory=dict)
    look: dict[str, Any] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.points) // 3


@dataclass(frozen=True)
class Bone:
    """A bone at rest: ``parent`` is another's name or empty; head and tail in metres."""

    name: str
    parent: str
    head: tuple[float, float, float]
    tail: tuple[float, float, float]


@dataclass
class Person:
    """A character. ``recipe`` is what it was made from (JSON values), ``landmarks`` are points by name: part and index."""

    name: str
    recipe: dict[str, Any]
    parts: list[Part]
    bones: list[Bone]
    landmarks: dict[str, tuple[str, int]]
    licence: str

    def part(self, name: str) -> Part:
        """The part called ``name``. KeyError: there is none."""
        for part in self.parts:
            if part.name == name:
                return part
        raise KeyError(name)


def write_person(path: Path, person: Person) -> None:
    """Write ``person`` to ``path``, atomically; the same person gives the same bytes."""
    header = {
        "name": person.name, "recipe": person.recipe, "licence": person.licence,
        "landmarks": {name: list(place) for name, place in person.landmarks.items()},
        "bones": [[bone.name, bone.parent, list(bone.head), list(bone.tail)] for bone in person.bones],
        "parts": [_described(part) for part in person.parts],
    }  # fmt: skip
    blocks = [_little(block).tobytes() for part in person.parts for block in _arrays(part)]
    line = json.dumps(header, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    content = b"".join([MAGIC, line, *blocks])
    write_bytes(path, content + hashlib.sha256(content).digest())


def read_person(path: Path) -> Person:
    """The character in ``path``.

    Raises:
        InputError: not a character file, cut off, changed, or with what no person can have (`render.blender.figure.person_check`).
    """
    try:
        there = path.stat()
        if not stat.S_ISREG(there.st_mode):
            raise InputError(f"{path} is not a file; name a character file")
        if there.st_size > LARGEST_FILE:
            raise InputError(f"{path} is larger than a character file can be; make it again with python -m render.people.make")
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error})") from None
    if not content.startswith(MAGIC):
        raise InputError(f"{path} is no character file of this version; make it again with python -m render.people.make")
    end = content.find(b"\n", len(MAGIC), len(MAGIC) + LARGEST_HEADER)
    try:
        line = content[len(MAGIC) : end if end > 0 else len(MAGIC)]
        person = _person(parse(line), _Reader(content, end + 1))
        check(person)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        raise InputError(f"{path} is damaged ({type(error).__name__}: {error}); make it again with python -m render.people.make") from None
    return person


def recipe_in(path: Path) -> dict[str, Any]:
    """What a character was made from, from the head of its file; empty where that is damaged."""
    if not path.is_file():
        return {}
    try:
        with open(path, "rb") as stream:
            if stream.read(len(MAGIC)) != MAGIC:
                return {}
            recipe = json.loads(stream.readline(LARGEST_HEADER))["recipe"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return recipe if isinstance(recipe, dict) else {}


class _Reader:
    """Takes one array after the other."""

    def __init__(self, content: bytes, start: int) -> None:
        self._content, self._at = content, start

    def take(self, code: str, count: int) -> array[Any]:
        if not isinstance(count, int) or count < 0 or self._at + 4 * count > len(self._content):
            raise ValueError("it is cut off")
        block = array(code, self._content[self._at : self._at + 4 * count])
        self._at += 4 * count
        return _little(block)

    def end(self) -> None:
        if self._content[self._at :] != hashlib.sha256(self._content[: self._at]).digest():
            raise ValueError("its checksum does not fit")


def _arrays(part: Part) -> Iterator[array[Any]]:
    yield from (part.points, part.sizes, part.corners)
    for sparse in (part.weights, part.shapes, part.halfway):
        for name in sorted(sparse):
            yield from sparse[name]
    for name in sorted(part.fields):
        yield part.fields[name]


def _described(part: Part) -> dict[str, Any]:
    def sizes(sparse: Mapping[str, Sparse]) -> list[list[Any]]:
        return [[name, len(sparse[name][0])] for name in sorted(sparse)]

    return {
        "name": part.name, "kind": part.kind, "points": part.count, "sizes": len(part.sizes), "corners": len(part.corners),
        "weights": sizes(part.weights), "shapes": sizes(part.shapes), "halfway": sizes(part.halfway),
        "fields": sorted(part.fields), "look": part.look,
    }  # fmt: skip


def _person(header: dict[str, Any], reader: _Reader) -> Person:
    parts = []
    for one in header["parts"]:
        count = one["points"]

        def sparse(key: str, width: int, one: dict[str, Any] = one) -> dict[str, Sparse]:
            return {text(name): (reader.take("i", size), reader.take("f", width * size)) for name, size in one[key]}

        parts.append(
            Part(
                name=text(one["name"]),
                kind=text(one["kind"]),
                points=reader.take("f", 3 * count),
                sizes=reader.take("i", one["sizes"]),
                corners=reader.take("i", one["corners"]),
                weights=sparse("weights", 1),
                shapes=sparse("shapes", 3),
                halfway=sparse("halfway", 3),
                fields={text(name): reader.take("f", count) for name in one["fields"]},
                look=dict(one["look"]),
            )
        )
    reader.end()
    bones = [Bone(text(name), text(parent), _point(head), _point(tail)) for name, parent, head, tail in header["bones"]]
    landmarks = {str(name): (str(part), int(index)) for name, (part, index) in header["landmarks"].items()}
    return Person(text(header["name"]), dict(header["recipe"]), parts, bones, landmarks, text(header["licence"]))


def _point(raw: Any) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in raw)
    return x, y, z


def _little(block: array[Any]) -> array[Any]:
    """``block`` with its bytes turned round where this machine writes numbers the other way."""
    if sys.byteorder == "big":
        block = array(block.typecode, block)
        block.byteswap()
    return block
