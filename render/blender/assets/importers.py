"""Which of this Blender's operators opens which format, and how its axes are to be read."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import bpy
from mathutils import Matrix

from cat_dataset.errors import InputError
from render.blender.assets.policy import AssetPolicy

_Y_UP = Matrix(((1, 0, 0), (0, 0, -1), (0, 1, 0)))
_OPERATORS: dict[str, tuple[tuple[str, str, dict[str, Any]], ...]] = {
    ".obj": (("wm", "obj_import", {}), ("import_scene", "obj", {})),
    # The older FBX importer of Blender 5.0 crashes on a file with a light, hence second.
    ".fbx": (("wm", "fbx_import", {"use_anim": False}), ("import_scene", "fbx", {"use_anim": False})),
    ".gltf": (("import_scene", "gltf", {"disable_bone_shape": True}),),
    ".ply": (("wm", "ply_import", {}), ("import_mesh", "ply", {})),
    ".stl": (("wm", "stl_import", {}), ("import_mesh", "stl", {})),
    ".usd": (("wm", "usd_import", {"import_cameras": False, "import_lights": False}),),
    ".dae": (("wm", "collada_import", {}),),
}
_ALIASES = {".glb": ".gltf", ".usda": ".usd", ".usdc": ".usd", ".usdz": ".usd"}


def importer(path: Path) -> Callable[[], Any]:
    """What brings the file ``path`` into the scene when called.

    Raises:
        InputError: this Blender cannot read such files.
    """
    kind = _ALIASES.get(path.suffix.lower(), path.suffix.lower())
    if kind == ".blend":
        _check_version(path)
        return lambda: _append_scene(str(path))
    if kind == ".gltf":
        _check_numpy(path)
    for group, name, options in _OPERATORS[kind]:
        if name in dir(getattr(bpy.ops, group)):  # looking an operator up never fails, only calling it does
            operator = getattr(getattr(bpy.ops, group), name)
            if kind == ".stl" and group == "wm" and bpy.app.version < (4, 1):
                continue  # an experiment then
            known = operator.get_rna_type().properties.keys()
            chosen = {option: value for option, value in options.items() if option in known}
            return lambda: operator(filepath=str(path), **chosen)
    raise InputError(
        f"{path}: Blender {bpy.app.version_string} has no importer for {path.suffix.lower()} files; export the asset as FBX, glTF or OBJ"
    )


def turn_for(path: Path, policy: AssetPolicy) -> Matrix | None:
    """3×3 rotation, after the import, that makes the axis of ``policy`` point up; None where nothing is to be done."""
    axis = policy.axis_up(path.suffix)
    return None if axis is None else _Y_UP if axis == "y" else _Y_UP.inverted()


def _check_numpy(path: Path) -> None:
    """The importer of glTF needs NumPy, and before Blender 3.5 one that still has ``numpy.bool``."""
    if find_spec("numpy") is None:
        raise InputError(f"{path} needs NumPy, which this Blender's Python lacks; install it, or export the asset as FBX or OBJ")
    found = tuple(int(part) for part in version("numpy").split(".")[:2])
    if bpy.app.version < (3, 5) and found >= (1, 24):
        raise InputError(
            f"{path} needs NumPy older than 1.24 in Blender {bpy.app.version_string}, which finds {version('numpy')}; "
            "export the asset as FBX or OBJ, or use python -m render.blender"
        )


def _check_version(path: Path) -> None:
    """An older Blender crashes on the .blend of a newer one, or loses half of it. Compressed files do not show their version."""
    with open(path, "rb") as stream:
        head = re.match(rb"BLENDER(?:[-_][vV](\d)(\d\d)|\d\d-\d\d[vV](\d\d)(\d\d))", stream.read(17))
    if head is None:
        return
    saved = tuple(int(number) for number in head.groups() if number)
    if saved > bpy.app.version[:2]:
        raise InputError(
            f"{path} was saved by Blender {saved[0]}.{saved[1]} and this is {bpy.app.version_string}; "
            "use that one, or export the asset as glTF or FBX"
        )


def _append_scene(name: str) -> None:
    """Link the objects of a .blend's first scene that has a surface (or of no scene, in an asset library) into ours."""
    with bpy.data.libraries.load(name, link=False) as (there, here):
        here.scenes = there.scenes
        if not there.scenes:
            here.objects = there.objects
    scenes = [scene for scene in here.scenes if scene is not None]
    ours = bpy.context.scene
    if not scenes:
        for thing in here.objects:
            ours.collection.objects.link(thing)
        return
    chosen = next((scene for scene in scenes if any(thing.type not in ("CAMERA", "LIGHT") for thing in scene.objects)), scenes[0])
    for thing in _rendered(chosen.collection):
        if thing.name not in ours.collection.objects:
            ours.collection.objects.link(thing)


def _rendered(collection: Any) -> list[Any]:
    """Objects of ``collection`` and below, except in collections that do not render."""
    if collection.hide_render:
        return []
    return [*collection.objects, *(thing for child in collection.children for thing in _rendered(child))]
