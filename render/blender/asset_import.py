"""Brings an asset into the empty scene, whichever importer this Blender has for its format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import bpy

from cat_dataset.errors import InputError
from render.blender import quiet
from render.blender.builtin import OBJECTS
from render.blender.engine import start_empty
from render.blender.normalise import normalise
from render.blender.shape_keys import names
from render.blender.sources import Source
from render.blender.subject import Subject


def load(source: Source, shape_keys: Sequence[str] = ()) -> Subject:
    """Start an empty scene that holds ``source``, normalised, with the named shape keys left alive.

    Raises:
        InputError: it cannot be imported, holds nothing with a face, misses a texture, or has no such shape keys.
    """
    _open(source)
    subject = normalise(str(source), shape_keys)
    _check_textures(source, subject)
    return subject


def shape_key_names(source: Source) -> tuple[str, ...]:
    """The shape keys that ``load`` can be asked for; leaves the scene as the importer left it.

    Raises:
        InputError: it cannot be imported.
    """
    _open(source)
    return names()


def _open(source: Source) -> None:
    start_empty()
    if source.path is None:
        OBJECTS[source.name]()
        return
    with quiet.importer_silenced():
        try:
            _importer(source.path)(str(source.path))
        except InputError:
            raise
        except Exception as error:  # importers raise whatever their parser met
            # Some operators raise with a whole traceback as their message; what went wrong is its last line.
            lines = [line.strip() for line in str(error).splitlines() if line.strip() and not line.startswith("Location:")]
            reason = (lines[-1] if lines else type(error).__name__).removeprefix("Error: ")[:200]
            version = bpy.app.version_string
            raise InputError(
                f"{source} cannot be imported: {reason}; check that it opens in Blender {version}, or export it again"
            ) from None


def _importer(path: Path) -> Callable[[str], Any]:
    """The function that imports files like ``path``.

    Raises:
        InputError: this Blender has none.
    """
    kind = path.suffix.lower()
    if kind == ".blend":
        return _append_scene
    if kind == ".obj":
        operator = _operator("wm", "obj_import") or _operator("import_scene", "obj")
    elif kind == ".fbx":
        operator = _operator("wm", "fbx_import") or _operator("import_scene", "fbx")
    elif kind.startswith(".usd"):
        operator = _operator("wm", "usd_import")
    else:
        operator = _operator("import_scene", "gltf")
        if find_spec("numpy") is None:
            raise InputError(f"{path} needs NumPy, which this Blender's Python lacks; install it, or export the asset as FBX or OBJ")
    if operator is None:
        version = bpy.app.version_string
        raise InputError(f"{path}: Blender {version} was built without an importer for {kind}; export the asset as FBX or OBJ")
    return lambda name: operator(filepath=name)


def _operator(group: str, name: str) -> Any:
    """An operator, or None where this build lacks it (looking it up never fails, only calling does)."""
    return getattr(getattr(bpy.ops, group), name) if name in dir(getattr(bpy.ops, group)) else None


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


def _check_textures(source: Source, subject: Subject) -> None:
    """Cycles paints a missing texture magenta without a word; we do not."""
    for material in subject.materials:
        for image in _images(material.node_tree, set()):
            if image is None:
                raise InputError(f"{source} needs a texture for its material {material.name} that is missing; put it back, or embed it")
            if image.source == "FILE" and image.size[0] == 0:
                name = Path(image.filepath.replace("\\", "/")).name
                raise InputError(f"{source} needs the texture {name}, which is missing or unreadable; put it back, or embed it")


def _images(tree: Any, seen: set[str]) -> list[Any]:
    """Images of the connected texture nodes of a node tree and its groups; None for a node that has lost its own."""
    if tree is None or tree.name in seen:
        return []
    seen.add(tree.name)
    found = []
    for node in tree.nodes:
        if node.type == "TEX_IMAGE" and any(output.is_linked for output in node.outputs):
            found.append(node.image)
        elif node.type == "GROUP":
            found += _images(node.node_tree, seen)
    return found
