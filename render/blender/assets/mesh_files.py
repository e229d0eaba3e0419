"""Structure of the plain mesh formats OBJ, PLY and STL. Standard library only."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from cat_dataset.command import warn
from cat_dataset.errors import InputError
from render.blender.assets.contents import Contents, cut_off, faceless, not_a

_TEXTURE_KEYS = ("map_", "bump", "norm", "disp", "decal", "refl")
_OPTION_NUMBERS = {"-mm": 2, "-o": 3, "-s": 3, "-t": 3}
"""Arguments of the options in front of a texture's name; of those with three, one or two may be left out. Others take one."""
_PLY_SIZES = {
    "char": 1, "int8": 1, "uchar": 1, "uint8": 1, "short": 2, "int16": 2, "ushort": 2, "uint16": 2,
    "int": 4, "int32": 4, "uint": 4, "uint32": 4, "float": 4, "float32": 4, "double": 8, "float64": 8,
}  # fmt: skip
_PLY_HEADER = 1 << 16
_STL_HEAD, _STL_FACET = 84, 50


def look_at_obj(path: Path) -> Contents:
    """Material libraries; refuses an OBJ without faces or with faces of points that never come."""
    libraries: list[str] = []
    points = faces = triangles = highest = 0
    last = b"\n"
    with open(path, "rb") as stream:
        for last in stream:
            word, _, rest = last.strip().partition(b" ")
            if word == b"v":
                points += 1
                if b"n" in rest.lower():  # nan, inf: Blender would read them as 0
                    raise InputError(f"{path} has coordinates that are not finite numbers ({last[:40]!r}); repair the file")
            elif word == b"f":
                corners = rest.split()
                faces += 1
                triangles += len(corners) - 2
                try:
                    highest = max(highest, *(int(corner.split(b"/")[0]) for corner in corners))
                except (ValueError, TypeError):
                    raise InputError(f"{path} has a face that is not numbers: {last[:40]!r}; export it again") from None
            elif word == b"mtllib":
                libraries.append(rest.decode("utf-8", "replace").strip())
    if not points:
        raise not_a(path, "an OBJ file with vertices")
    if not faces:
        raise faceless(path)
    if highest > points:
        raise InputError(f"{path} has a face of vertex {highest} and only {points} vertices: it is cut off or damaged; export it again")
    if not last.endswith(b"\n"):
        warn(f"{path} does not end with a newline: it may be cut off")
    return Contents(textures=list(dict.fromkeys(libraries)), triangles=triangles)


def mtl_textures(path: Path) -> list[str]:
    """Texture names of a material library, as it spells them."""
    result = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word.lower().startswith(_TEXTURE_KEYS):
            name = _without_options(rest.strip())
            if name:
                result.append(name)
    return list(dict.fromkeys(result))


def look_at_ply(path: Path) -> Contents:
    """Header against length: as many lines (ASCII) or bytes (binary) as its elements need at least."""
    with open(path, "rb") as stream:
        if stream.read(3) != b"ply":
            raise not_a(path, "a PLY file")
        coding, elements = _ply_header(path, stream)
        faces = sum(count for name, count, _, _ in elements if name in ("face", "tristrips"))
        if not faces:
            raise faceless(path)
        if coding == "ascii":
            there, needed = _lines(stream), sum(count for _, count, _, _ in elements)
        else:
            here = stream.tell()
            there, needed = path.stat().st_size - here, sum(count * size for _, count, size, _ in elements)
        if there < needed:
            raise cut_off(path)
    return Contents(triangles=faces)


def look_at_stl(path: Path) -> Contents:
    """Binary if its length says so (a name in the head may start with "solid"), text otherwise."""
    size = path.stat().st_size
    with open(path, "rb") as stream:
        head = stream.read(4096)
        facets = struct.unpack_from("<I", head, 80)[0] if len(head) >= _STL_HEAD else 0
        if size == _STL_HEAD + _STL_FACET * facets and len(head) >= _STL_HEAD:
            if not facets:
                raise faceless(path)
            return Contents(triangles=facets)
        text = head.lstrip().lower()
        if not text.startswith(b"solid") or b"\0" in head:
            raise cut_off(path) if _STL_HEAD < size < _STL_HEAD + _STL_FACET * facets else not_a(path, "an STL file")
        stream.seek(max(0, size - 1024))
        if b"endsolid" not in stream.read().lower():
            raise cut_off(path)
        if b"facet" not in text.split(b"\n", 1)[-1]:
            raise faceless(path)
        stream.seek(0)
        return Contents(triangles=sum(line.lstrip()[:8].lower() == b"endfacet" for line in stream))


def _without_options(text: str) -> str:
    """The name in "-s 1 1 1 -clamp on name with spaces.png" (MTL, material texture maps)."""
    words = text.split(" ")
    while words and words[0].startswith("-") and len(words) > 1:
        option = words.pop(0).lower()
        for _ in range(_OPTION_NUMBERS.get(option, 1)):
            if len(words) > 1 and (option not in ("-o", "-s", "-t") or _is_number(words[0])):
                words.pop(0)
    return " ".join(words).strip()


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _ply_header(path: Path, stream: BinaryIO) -> tuple[str, list[tuple[str, int, int, bool]]]:
    """Coding, and each element's name, count, least bytes per item and whether it has lists; leaves the stream at the data.

    A face's list is reckoned as three corners: none can have fewer.
    """
    coding = ""
    elements: list[tuple[str, int, int, bool]] = []
    while stream.tell() < _PLY_HEADER:
        line = stream.readline(4096)
        words = line.decode("ascii", "replace").split()
        if not line.endswith(b"\n"):
            raise cut_off(path)
        try:
            if words[:1] == ["end_header"]:
                if not coding:
                    raise not_a(path, "a PLY file")
                return coding, elements
            if words[:1] == ["format"]:
                coding = words[1]
            elif words[:1] == ["element"]:
                elements.append((words[1], int(words[2]), 0, False))
            elif words[:1] == ["property"]:
                name, count, size, lists = elements[-1]
                is_list = words[1] == "list"
                more = _PLY_SIZES[words[2]] + 3 * _PLY_SIZES[words[3]] * (name == "face") if is_list else _PLY_SIZES[words[1]]
                elements[-1] = (name, count, size + more, lists or is_list)
        except (IndexError, KeyError, ValueError):
            raise InputError(f"{path} has a line in its header that is not PLY: {line[:40]!r}; export it again") from None
    raise not_a(path, "a PLY file")


def _lines(stream: BinaryIO) -> int:
    """Lines from here on that hold anything."""
    return sum(bool(line.strip()) for line in stream)
