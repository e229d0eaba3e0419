"""What a character's file must say, and what a person must be like who was read from one. Standard library only."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from render.blender.figure.person_file import Part, Person

KINDS = SURFACE, STRANDS = ("surface", "strands")
FARTHEST = 100.0
"""Metres from the origin, and the largest of all other numbers."""
MOST_PARTS, MOST_BONES = 100, 1000
LONGEST = 60
"""Bytes of a name: Blender cuts longer ones, and two could become one."""
LONGEST_NUMBER = 40
"""Digits of a number in the header."""


def parse(line: bytes) -> Any:
    """The JSON value in ``line``: its numbers are finite, and it can be written into other files.

    Raises:
        ValueError: it is none, or has half of a surrogate pair. RecursionError: it is nested too deeply.
    """
    value = json.loads(line, parse_float=_finite, parse_int=_whole, parse_constant=_finite)
    json.dumps(value, ensure_ascii=False).encode()
    return value


def text(raw: Any) -> str:
    """``raw`` again. TypeError: it is no text."""
    if not isinstance(raw, str):
        raise TypeError(f"{str(raw)[:LONGEST_NUMBER]} is no text")
    return raw


def check(person: Person) -> None:
    """See that what ``person`` is made of fits together.

    Raises:
        ValueError: it does not. KeyError: a landmark lies on a part that is not there.
    """
    if len(person.parts) > MOST_PARTS or len(person.bones) > MOST_BONES:
        raise ValueError(f"it has {len(person.parts)} parts and {len(person.bones)} bones, more than anybody can have")
    _names([person.name], "a person")
    _names([part.name for part in person.parts], "a part")
    _names(person.landmarks, "a landmark")
    if not person.licence.isprintable():
        raise ValueError("its licence is no text in one line")
    _bones(person)
    names = {bone.name for bone in person.bones}
    for part in person.parts:
        _part(part)
        if not set(part.weights) <= names:
            raise ValueError(f"{part.name} follows a bone that is not there")
    for name, (part_name, index) in person.landmarks.items():
        if not 0 <= index < person.part(part_name).count:
            raise ValueError(f"the landmark {name} lies nowhere")


def _names(given: Iterable[str], whose: str) -> None:
    """Names are texts in one line, each once."""
    seen: set[str] = set()
    for name in given:
        if not name or not name.isprintable() or len(name.encode()) > LONGEST:
            raise ValueError(f"{ascii(name)[:80]} is no name of {whose}")
        if name in seen:
            raise ValueError(f"{whose} named {name} is there twice")
        seen.add(name)


def _bones(person: Person) -> None:
    """Every bone comes after the one that it hangs on, so that no chain runs in a circle."""
    _names([bone.name for bone in person.bones], "a bone")
    above = {""}
    for bone in person.bones:
        if bone.parent not in above:
            raise ValueError("a bone hangs on one that is not there or comes later")
        above.add(bone.name)
        _near(array("d", (*bone.head, *bone.tail)), f"the bone {bone.name}")


def _part(part: Part) -> None:
    if part.kind not in (SURFACE, STRANDS):
        raise ValueError(f"{part.name} is of an unknown kind")
    listed = part.corners if part.kind == SURFACE else part.sizes
    if sum(part.sizes) != (len(part.corners) if part.kind == SURFACE else part.count) or (listed and min(part.sizes) < 2):
        raise ValueError(f"{part.name} has polygons or strands of other sizes than points")
    for group in (part.weights, part.shapes, part.halfway, part.fields):
        _names(group, f"something of {part.name}")
    for indices in (part.corners, *(one[0] for one in _sparse(part))):
        if indices and not (min(indices) >= 0 and max(indices) < part.count):
            raise ValueError(f"{part.name} refers to points that it lacks")
    for numbers in (part.points, *part.fields.values(), *(one[1] for one in _sparse(part))):
        _near(numbers, part.name)


def _sparse(part: Part) -> Iterator[Any]:
    for group in (part.weights, part.shapes, part.halfway):
        yield from group.values()


def _near(numbers: array[float], where: str) -> None:
    """All of ``numbers`` are finite and none is absurd; a NaN shows in the sum, where comparisons overlook it."""
    if numbers and not (math.isfinite(sum(numbers)) and min(numbers) >= -FARTHEST and max(numbers) <= FARTHEST):
        raise ValueError(f"{where} has numbers that are none, or beyond {FARTHEST:g}")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:LONGEST_NUMBER]} is no number")
    return number


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError(f"{digits[:LONGEST_NUMBER]}... is no number")
    return int(digits)
