"""Looks into an asset file before Blender does: is it what it says, is it whole, are its companions there?

Importers accept a cut-off file in silence or die of it; these checks read lengths and references only. Standard library only.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from cat_dataset.errors import InputError
from cat_dataset.files import sha256_file
from render.blender.assets.collada import look_at_dae
from render.blender.assets.containers import look_at_blend, look_at_fbx, look_at_glb, look_at_gltf, look_at_usd
from render.blender.assets.contents import Contents
from render.blender.assets.mesh_files import look_at_obj, look_at_ply, look_at_stl, mtl_textures
from render.blender.assets.policy import AssetPolicy
from render.blender.figure.person_file import read_person
from render.blender.sources import PERSON


def _look_at_person(path: Path) -> Contents:
    read_person(path)
    return Contents()


_LOOKS: dict[str, Callable[[Path], Contents]] = {
    ".fbx": look_at_fbx, ".glb": look_at_glb, ".gltf": look_at_gltf, ".obj": look_at_obj, ".ply": look_at_ply, ".stl": look_at_stl,
    ".dae": look_at_dae, ".blend": look_at_blend, ".usd": look_at_usd, ".usda": look_at_usd, ".usdc": look_at_usd, ".usdz": look_at_usd,
    PERSON: _look_at_person,
}  # fmt: skip
KINDS = tuple(_LOOKS)
ABSENT = "missing"
"""Stands for the hash of a texture that is not there, where that is allowed."""


def check_asset(path: Path, policy: AssetPolicy = AssetPolicy()) -> dict[str, str]:  # noqa: B008
    """Check ``path`` by its format; the hashes of the files it refers to, by name (`ABSENT` for those it may lack).

    Raises:
        InputError: another format than its suffix says, cut off, without faces, too large, or a companion is missing.
    """
    contents = _LOOKS[path.suffix.lower()](path)
    if contents.triangles > policy.max_polygons and policy.too_many == "refuse":
        raise policy.too_large(str(path), contents.triangles)
    found = {name: sha256_file(_beside(path, name)) for name in contents.parts}
    for owner, name, spelling in _textures(path, contents):
        there = _find(owner, name)
        if there is None and policy.missing_textures != "allow":
            raise InputError(f"{path} needs {spelling}, which is missing; put it back beside it, embed it, or --missing-textures allow")
        found[spelling] = sha256_file(there) if there else ABSENT
    return found


def _textures(path: Path, contents: Contents) -> list[tuple[Path, str, str]]:
    """Textures and material libraries: which file names them, how, and how they are called seen from ``path``."""
    named = [(path, name, name) for name in contents.textures]
    if path.suffix.lower() == ".obj":
        for library in contents.textures:
            there = _find(path, library)
            named += [(there, name, str(Path(library).parent / name)) for name in mtl_textures(there)] if there else []
    return named


def _beside(owner: Path, name: str) -> Path:
    """The file that ``owner`` refers to by ``name``.

    Raises:
        InputError: it is not there.
    """
    path = _find(owner, name)
    if path is None:
        raise InputError(f"{owner} needs {name}, which is missing; put it back beside it, or export with the files embedded")
    return path


def _find(owner: Path, name: str) -> Path | None:
    """The file that ``owner`` refers to by ``name``: where it says, or under that name right beside it, as importers look."""
    for spelling in (name.replace("\\", os.sep), name.replace("\\", "/").rpartition("/")[2]):
        try:
            path = owner.parent / spelling
            if path.is_file():
                return path
        except (OSError, ValueError):  # a name too long, or with a NUL
            return None
    return None
