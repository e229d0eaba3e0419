"""Character files that are cut off, changed, or lie: one line each, and never another person in silence."""

from __future__ import annotations

import hashlib
import json
import math
import os
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cat_dataset.errors import InputError
from render.blender.figure.person_file import MAGIC, Bone, Person, read_person, write_person
from tests.render.small_person import small_person, write_small_person

CHECKSUM = 32
Header = dict[str, Any]


def test_whole_files_come_back(tmp_path: Path) -> None:
    path = write_small_person(tmp_path / "a.person")
    person = read_person(path)
    assert person == replace(small_person(), name="a", recipe=person.recipe)
    path.write_bytes(path.read_bytes()[:-CHECKSUM])
    with pytest.raises(InputError, match="its checksum does not fit"):
        read_person(path)


def test_no_changed_byte_and_no_cut_gives_another_person(tmp_path: Path) -> None:
    path = write_small_person(tmp_path / "a.person")
    content, person = path.read_bytes(), read_person(path)
    draw = random.Random(0)
    spoilt = [content[:place] + bytes([content[place] ^ 1 << draw.randrange(8)]) + content[place + 1 :] for place in range(0, 4000, 37)]
    spoilt += [content[: draw.randrange(len(content))] for _ in range(60)]
    for one in [*spoilt, content + b"\0", b""]:
        path.write_bytes(one)
        try:
            assert read_person(path) == person
        except InputError as error:
            assert "\n" not in str(error)


def lie(folder: Path, change: Callable[[Header], None], raw: bytes = b"") -> Path:
    """A small person whose header was changed, with a checksum that fits; ``raw`` takes the place of the text ZZ."""
    path = write_small_person(folder / "a.person")
    line, _, arrays = path.read_bytes()[len(MAGIC) : -CHECKSUM].partition(b"\n")
    header = json.loads(line)
    change(header)
    content = MAGIC + json.dumps(header).encode().replace(b'"ZZ"', raw) + b"\n" + arrays
    path.write_bytes(content + hashlib.sha256(content).digest())
    return path


LIES: dict[str, tuple[Callable[[Header], None], bytes]] = {
    "count": (lambda h: h["parts"][0].update(points=10**9), b""),
    "endless": (lambda h: h["bones"][0][2].__setitem__(0, "ZZ"), b"1e999"),
    "nan": (lambda h: h["bones"][0][2].__setitem__(0, "ZZ"), b"NaN"),
    "digits": (lambda h: h["bones"][0][2].__setitem__(0, "ZZ"), b"1" * 400),
    "nan as a text": (lambda h: h["bones"][0][2].__setitem__(0, "nan"), b""),
    "far": (lambda h: h["bones"][0][2].__setitem__(0, 1e6), b""),
    "circle": (lambda h: h["bones"][0].__setitem__(1, h["bones"][3][0]), b""),
    "two bones": (lambda h: h["bones"].append(h["bones"][0]), b""),
    "two parts": (lambda h: h["parts"][1].update(name=h["parts"][0]["name"]), b""),
    "many parts": (lambda h: h.update(parts=h["parts"] * 50), b""),
    "no name": (lambda h: h.update(name=""), b""),
    "a long name": (lambda h: h.update(name="é" * 40), b""),
    "lines": (lambda h: h["parts"][2].update(name="a\nb", kind="?"), b""),
    "surrogate": (lambda h: h["recipe"].update(called="\ud800"), b""),
    "licence": (lambda h: h.update(licence=None), b""),
    "deep": (lambda h: h["recipe"].update(called="ZZ"), b"[" * 100_000),
}


@pytest.mark.parametrize("which", LIES)
def test_headers_that_lie_are_refused(which: str, tmp_path: Path) -> None:
    path = lie(tmp_path, *LIES[which])
    with pytest.raises(InputError, match=r"^[^\n]* is damaged [^\n]*make it again with python -m render\.people\.make$"):
        read_person(path)


@pytest.mark.parametrize("value", [math.nan, math.inf, 3e38])
def test_points_must_be_numbers_of_a_person(value: float, tmp_path: Path) -> None:
    person = small_person()
    person.parts[0].points[7] = value
    write_person(tmp_path / "a.person", person)
    with pytest.raises(InputError, match="skin has numbers that are none"):
        read_person(tmp_path / "a.person")


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are POSIX's")
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.person")
    for path in (tmp_path / "a.person", tmp_path, Path("/dev/zero")):
        with pytest.raises(InputError, match="is not a file"):
            read_person(path)


def test_bones_come_after_those_that_they_hang_on(tmp_path: Path) -> None:
    person: Person = small_person()
    person.bones.insert(0, Bone("first", "head", (0, 0, 0), (0, 0, 1)))
    write_person(tmp_path / "a.person", person)
    with pytest.raises(InputError, match="a bone hangs on one that is not there or comes later"):
        read_person(tmp_path / "a.person")
