"""Brings an asset into the empty scene: imported, frozen, within its limits, in unit size under one pivot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import bpy

from cat_dataset.command import warn
from cat_dataset.errors import InputError
from render.blender import quiet
from render.blender.assets import materials, polygons
from render.blender.assets.files import ABSENT
from render.blender.assets.freeze import Part, freeze
from render.blender.assets.importers import importer, turn_for
from render.blender.assets.normalise import normalise
from render.blender.assets.policy import AssetPolicy
from render.blender.assets.shape_keys import names
from render.blender.assets.subject import Subject
from render.blender.builtin.objects import OBJECTS
from render.blender.figure.character import load_character
from render.blender.picture.engine import start_empty
from render.blender.sources import Source

_said: set[str] = set()


def load(source: Source, policy: AssetPolicy = AssetPolicy(), shape_keys: Sequence[str] = ()) -> Subject:  # noqa: B008
    """Start an empty scene that holds ``source``, normalised, with the named shape keys left alive at 0; a person is left as large
    as it is.

    Raises:
        InputError: it cannot be imported, holds nothing with a face, has no such shape keys, or ``policy`` refuses it.
    """
    if source.is_person:
        return load_character(source)
    _open(source)
    name = str(source)
    lowered = polygons.lower_subdivision(name, policy)
    parts = freeze(name, shape_keys)
    notes, adapted = _adapt(name, parts, policy, shape_keys)
    if lowered:
        adapted["max_polygons"] = policy.max_polygons
        notes.insert(0, "its subdivision was lowered")
    if absent := sorted(companion for companion, digest in source.companions.items() if digest == ABSENT):
        notes.append(f"files it refers to are missing: {', '.join(absent)}")
    turn = turn_for(source.path, policy) if source.path else None
    if turn is not None:
        adapted["up"] = policy.up
    for line in [f"{name}: {note}" for note in notes]:
        if line not in _said:  # an asset may be loaded several times
            warn(line)
            _said.add(line)
    return replace(normalise(name, parts, turn, shape_keys), notes=tuple(notes), adapted=adapted)


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
            importer(source.path)()
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


def _adapt(name: str, parts: Sequence[Part], policy: AssetPolicy, shape_keys: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """Do what ``policy`` allows where it is needed; what was done, in words and as settings."""
    meshes = list({part.thing.data.name: part.thing.data for part in parts}.values())
    notes: list[str] = []
    adapted: dict[str, Any] = {}
    count = polygons.triangles(meshes)
    if count > policy.max_polygons:
        if policy.too_many == "refuse":
            raise policy.too_large(name, count)
        if shape_keys:
            raise InputError(f"{name} has {count:,} triangles and cannot be thinned out where shape keys vary; raise --max-polygons")
        polygons.decimate(name, [part.thing for part in parts], policy.max_polygons)
        adapted["max_polygons"] = policy.max_polygons
        notes.append(f"thinned out from {count:,} to {polygons.triangles({part.thing.data for part in parts}):,} triangles")
        meshes = list({part.thing.data.name: part.thing.data for part in parts}.values())
    materials.give_materials(meshes)
    used = list({material.name: material for mesh in meshes for material in mesh.materials}.values())
    if missing := materials.missing_textures(used):
        if policy.missing_textures != "allow":
            raise materials.refuse(name, missing)
        for nodes in missing.values():
            materials.do_without(nodes)
        adapted["missing_textures"] = "allow"
        notes.append(f"rendered in plain colour where textures are missing: {', '.join(missing)}")
    return notes, adapted
