"""Structure of the binary containers FBX, GLB, BLEND and USD, and of glTF's JSON. Standard library only."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from cat_dataset.errors import InputError
from cat_dataset.files import JSON_CAP, parse_json, read_json
from render.blender.assets.contents import Contents, cut_off, not_a

_FBX_BINARY = b"Kaydara FBX Binary  \x00"
_TRIANGLES, _STRIP, _FAN = 4, 5, 6


def look_at_fbx(path: Path) -> Contents:
    """Walk the top-level records: each starts with the offset of its end, and a null record closes the list."""
    size = path.stat().st_size
    with open(path, "rb") as stream:
        head = stream.read(27)
        if not head.startswith(_FBX_BINARY):
            if b"FBX" not in head + stream.read(1000):
                raise not_a(path, "an FBX file")
            return Contents()  # the ASCII form: no lengths to check, and not every Blender reads it
        if len(head) < 27:
            raise cut_off(path)
        (version,) = struct.unpack_from("<I", head, 23)
        record = struct.Struct("<Q" if version >= 7500 else "<I")
        here = 27
        while True:
            stream.seek(here)
            raw = stream.read(record.size)
            if len(raw) < record.size:
                raise cut_off(path)
            (end,) = record.unpack(raw)
            if end == 0:
                return Contents()
            if not here < end <= size:
                raise cut_off(path)
            here = end


def look_at_glb(path: Path) -> Contents:
    """glTF 2.0, 4.4.2 and 4.4.3: magic, version, total length; a first chunk of JSON."""
    with open(path, "rb") as stream:
        head = stream.read(20)
        if head[:4] != b"glTF" or len(head) < 12:
            raise not_a(path, "a GLB file")
        version, length = struct.unpack_from("<II", head, 4)
        if version != 2:
            raise InputError(f"{path} is glTF version {version}; only version 2 can be read, convert it")
        if length > path.stat().st_size or len(head) < 20:
            raise cut_off(path)
        size, kind = struct.unpack_from("<I4s", head, 12)
        if kind != b"JSON" or size > min(length, JSON_CAP):
            raise not_a(path, "a GLB file")
        return _gltf_contents(path, parse_json(stream.read(size), str(path)))


def look_at_gltf(path: Path) -> Contents:
    """The JSON form, whose buffers and images lie beside it or inside as data URIs."""
    return _gltf_contents(path, read_json(path))


def look_at_blend(path: Path) -> Contents:
    """An uncompressed .blend ends with an ENDB block; compressed ones are left to Blender."""
    with open(path, "rb") as stream:
        head = stream.read(7)
        if head[:4] == b"\x28\xb5\x2f\xfd" or head[:2] == b"\x1f\x8b":
            return Contents()
        if head != b"BLENDER":
            raise not_a(path, "a .blend file")
        stream.seek(max(0, path.stat().st_size - 64))
        if b"ENDB" not in stream.read():
            raise cut_off(path)
    return Contents()


def look_at_usd(path: Path) -> Contents:
    """Crate files start with the offset of a table of contents that lies at their end."""
    size = path.stat().st_size
    with open(path, "rb") as stream:
        head = stream.read(24)
    if path.suffix.lower() == ".usdz" or head[:2] == b"PK":
        try:
            with zipfile.ZipFile(path) as archive:
                if not archive.namelist():
                    raise cut_off(path)
        except zipfile.BadZipFile:
            raise cut_off(path) from None
    elif head.startswith(b"PXR-USDC"):
        if len(head) < 24 or not 24 <= struct.unpack_from("<Q", head, 16)[0] < size:
            raise cut_off(path)
    elif not head.startswith(b"#usda"):
        raise not_a(path, "a USD file")
    return Contents()


def _gltf_contents(path: Path, content: Any) -> Contents:
    if not isinstance(content, Mapping) or not isinstance(content.get("asset"), Mapping):
        raise not_a(path, "a glTF file")
    return Contents(_references(content, "buffers"), _references(content, "images"), _gltf_triangles(content))


def _references(content: Mapping[str, Any], group: str) -> list[str]:
    uris = [str(entry["uri"]) for entry in _entries(content, group) if "uri" in entry]
    return [unquote(uri) for uri in uris if not uri.startswith("data:")]


def _gltf_triangles(content: Mapping[str, Any]) -> int:
    """Triangles of all meshes, by the lengths of their accessors (glTF 2.0, 3.7.2)."""
    counts = [entry.get("count") for entry in _entries(content, "accessors")]
    total = 0
    for mesh in _entries(content, "meshes"):
        for primitive in _entries(mesh, "primitives"):
            attributes = primitive.get("attributes")
            index = primitive.get("indices", attributes.get("POSITION") if isinstance(attributes, Mapping) else None)
            count = counts[index] if isinstance(index, int) and 0 <= index < len(counts) else None
            if isinstance(count, int):
                mode = primitive.get("mode", _TRIANGLES)
                total += count // 3 if mode == _TRIANGLES else count - 2 if mode in (_STRIP, _FAN) else 0
    return total


def _entries(content: Mapping[str, Any], group: str) -> list[Mapping[str, Any]]:
    found = content.get(group)
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []
