"""Structure of Collada files, read as a stream of XML without entities. Standard library only."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote
from xml.parsers import expat

from cat_dataset.errors import InputError
from render.blender.assets.contents import Contents, cut_off, faceless, not_a

LARGEST = 1 << 30
"""Bytes: Blender's reader takes several times as much memory."""
_FACES = ("triangles", "polylist", "polygons", "trifans", "tristrips")


def look_at_dae(path: Path) -> Contents:
    """Well-formed to its end, with faces; the images it refers to."""
    if path.stat().st_size > LARGEST:
        raise InputError(f"{path} is larger than the {LARGEST >> 20} MiB that a Collada file may have; export it as glTF or FBX")
    reader = _Reader(path)
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = reader.start, reader.end, reader.text
    parser.EntityDeclHandler = reader.entity
    parser.buffer_text = True
    try:
        with open(path, "rb") as stream:
            parser.ParseFile(stream)
    except expat.ExpatError as error:
        if not reader.depth_seen:
            raise not_a(path, "a Collada file") from None
        if error.code == expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS] or reader.open_elements:
            at_end = parser.ErrorByteIndex >= path.stat().st_size - 1
            raise cut_off(path) if at_end else InputError(f"{path} is damaged: {error}; export it again") from None
        raise InputError(f"{path} is damaged: {error}; export it again") from None
    if not reader.triangles:
        raise faceless(path)
    return Contents(textures=list(dict.fromkeys(reader.images)), triangles=reader.triangles)


class _Reader:
    """Collects what `look_at_dae` needs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.open_elements: list[str] = []
        self.depth_seen = False
        self.images: list[str] = []
        self.triangles = 0
        self._text = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if not self.open_elements and name != "COLLADA":
            raise not_a(self.path, "a Collada file")
        self.open_elements.append(name)
        self.depth_seen = True
        self._text = ""
        if name in _FACES:
            count = attributes.get("count", "")
            self.triangles += int(count) if count.isdecimal() else 0

    def end(self, name: str) -> None:
        name = self.open_elements.pop()
        if name in ("init_from", "ref") and "library_images" in self.open_elements and self._text.strip():
            self.images.append(unquote(self._text.strip()).removeprefix("file://"))
        self._text = ""

    def text(self, data: str) -> None:
        if self.open_elements[-1:] in (["init_from"], ["ref"]):
            self._text += data

    def entity(self, *_: object) -> None:
        raise InputError(f"{self.path} declares XML entities, which no Collada file needs; export it again")
