"""Looks into an asset file before Blender does: is it what it says, is it whole, are its companions there?

Importers accept a cut-off file in silence or die of it; these checks read lengths and references only. Standard library only.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from cat_dataset.command import warn
from cat_dataset.errors import InputError
from cat_dataset.files import read_json, sha256_file
from render.blender.sources import companion

KINDS = (".fbx", ".glb", ".gltf", ".obj", ".blend", ".usd", ".usda", ".usdc", ".usdz")
_FBX_BINARY = b"Kaydara FBX Binary  \x00"
_TEXTURE_KEYS = ("map_", "bump", "norm", "disp", "decal", "refl")


def check_asset(path: Path) -> dict[str, str]:
    """Check ``path`` by its format; the hashes of the files it refers to, by name.

    Raises:
        InputError: another format than its suffix says, cut off, without faces, or a companion is missing.
    """
    kind = path.suffix.lower()
    if kind == ".glb":
        _check_glb(path)
    elif kind == ".fbx":
        _check_fbx(path)
    elif kind == ".blend":
        _check_blend(path)
    elif kind.startswith(".usd"):
        _check_usd(path)
    elif kind == ".obj":
        return _hashes(path, _obj_references(path))
    elif kind == ".gltf":
        return _hashes(path, _gltf_references(path))
    return {}


def _hashes(owner: Path, names: list[str]) -> dict[str, str]:
    return {name: sha256_file(companion(owner, name)) for name in dict.fromkeys(names)}


def _cut_off(path: Path) -> InputError:
    return InputError(f"{path} is cut off: its data ends too early; copy or export it again")


def _not_a(path: Path, kind: str) -> InputError:
    return InputError(f"{path} is not {kind}, whatever its name says; export it again")


def _check_glb(path: Path) -> None:
    """glTF 2.0, 4.4.2: magic, version, total length."""
    with open(path, "rb") as stream:
        head = stream.read(12)
    if head[:4] != b"glTF" or len(head) < 12:
        raise _not_a(path, "a GLB file")
    _, version, length = struct.unpack("<4sII", head)
    if version != 2:
        raise InputError(f"{path} is glTF version {version}; only version 2 can be read, convert it")
    if length > path.stat().st_size:
        raise _cut_off(path)


def _check_fbx(path: Path) -> None:
    """Walk the top-level records: each starts with the offset of its end, and a null record closes the list."""
    size = path.stat().st_size
    with open(path, "rb") as stream:
        head = stream.read(27)
        if not head.startswith(_FBX_BINARY):
            if b"FBX" in head + stream.read(1000):
                return  # the ASCII form: no lengths to check, and not every Blender reads it
            raise _not_a(path, "an FBX file")
        if len(head) < 27:
            raise _cut_off(path)
        (version,) = struct.unpack_from("<I", head, 23)
        record = struct.Struct("<Q" if version >= 7500 else "<I")
        here = 27
        while True:
            stream.seek(here)
            raw = stream.read(record.size)
            if len(raw) < record.size:
                raise _cut_off(path)
            (end,) = record.unpack(raw)
            if end == 0:
                return
            if not here < end <= size:
                raise _cut_off(path)
            here = end


def _check_blend(path: Path) -> None:
    """An uncompressed .blend ends with an ENDB block; compressed ones are left to Blender."""
    with open(path, "rb") as stream:
        head = stream.read(7)
        if head[:4] == b"\x28\xb5\x2f\xfd" or head[:2] == b"\x1f\x8b":
            return
        if head != b"BLENDER":
            raise _not_a(path, "a .blend file")
        stream.seek(max(0, path.stat().st_size - 64))
        if b"ENDB" not in stream.read():
            raise _cut_off(path)


def _check_usd(path: Path) -> None:
    """Crate files start with the offset of a table of contents that lies at their end."""
    size = path.stat().st_size
    with open(path, "rb") as stream:
        head = stream.read(24)
    if path.suffix.lower() == ".usdz" or head[:2] == b"PK":
        try:
            with zipfile.ZipFile(path) as archive:
                if not archive.namelist():
                    raise _cut_off(path)
        except zipfile.BadZipFile:
            raise _cut_off(path) from None
    elif head.startswith(b"PXR-USDC"):
        if len(head) < 24 or not 24 <= struct.unpack_from("<Q", head, 16)[0] < size:
            raise _cut_off(path)
    elif not head.startswith(b"#usda"):
        raise _not_a(path, "a USD file")


def _obj_references(path: Path) -> list[str]:
    """Material libraries and their textures; refuses an OBJ without faces or with faces of points that never come."""
    libraries: list[str] = []
    points = faces = highest = 0
    last = b"\n"
    with open(path, "rb") as stream:
        for last in stream:
            word, _, rest = last.partition(b" ")
            if word == b"v":
                points += 1
            elif word == b"f":
                faces += 1
                try:
                    highest = max(highest, *(int(corner.split(b"/")[0]) for corner in rest.split()))
                except (ValueError, TypeError):
                    raise InputError(f"{path} has a face that is not numbers: {last[:40]!r}; export it again") from None
            elif word == b"mtllib":
                libraries.append(rest.decode("utf-8", "replace").strip())
    if not points:
        raise _not_a(path, "an OBJ file with vertices")
    if not faces:
        raise InputError(f"{path} holds no mesh with a face (or is cut off before the first); export it again")
    if highest > points:
        raise InputError(f"{path} has a face of vertex {highest} and only {points} vertices: it is cut off or damaged; export it again")
    if not last.endswith(b"\n"):
        warn(f"{path} does not end with a newline: it may be cut off")
    names = list(libraries)
    for library in libraries:
        names += [str(Path(library).parent / name) for name in _mtl_textures(companion(path, library))]
    return names


def _mtl_textures(path: Path) -> list[str]:
    """Texture names of a material library; options (``-s 1 1 1``) come before the name."""
    result = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word.lower().startswith(_TEXTURE_KEYS) and rest.strip() and "-" not in rest.split()[0][:1]:
            result.append(rest.strip())
    return result


def _gltf_references(path: Path) -> list[str]:
    content = read_json(path)
    if not isinstance(content, Mapping) or not isinstance(content.get("asset"), Mapping):
        raise _not_a(path, "a glTF file")
    entries = [entry for group in ("buffers", "images") for entry in content.get(group) or [] if isinstance(entry, Mapping)]
    uris = [str(entry["uri"]) for entry in entries if "uri" in entry]
    return [unquote(uri) for uri in uris if not uri.startswith("data:")]
