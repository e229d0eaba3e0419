"""Keeps an asset within a number of triangles: counted as they will be rendered, refused or thinned out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import bpy

from cat_dataset.errors import InputError
from render.blender.assets.policy import AssetPolicy

SMALL = 100
"""Triangles of a mesh that is never thinned out: a few boxes among a million would lose their shape for nothing."""
_TRIES = 4


def triangles(meshes: Iterable[Any]) -> int:
    """Triangles of meshes: a polygon of n corners makes n - 2."""
    return sum(len(mesh.loops) - 2 * len(mesh.polygons) for mesh in meshes)


def lower_subdivision(name: str, policy: AssetPolicy) -> bool:
    """Look at subdivision before it is evaluated: each level makes four polygons of one, and a few more fill any memory.

    Where the policy is to decimate, levels are lowered until the asset is near its limit; whether any was.

    Raises:
        InputError: it would have far more triangles than that, and the policy is to refuse.
    """
    subdivided = [
        (thing.data, modifier)
        for thing in bpy.context.scene.objects
        if thing.type == "MESH"
        for modifier in thing.modifiers
        if modifier.type == "SUBSURF" and modifier.show_render
    ]
    lowered = False
    while True:
        count = sum(2 * len(mesh.loops) * 4 ** (modifier.render_levels - 1) for mesh, modifier in subdivided if modifier.render_levels)
        if count <= 4 * policy.max_polygons:  # what stands in front of it in the stack may be fewer, and is counted afterwards
            return lowered
        if policy.too_many == "refuse":
            raise policy.too_large(name, count)
        highest = max((modifier for _, modifier in subdivided), key=lambda modifier: int(modifier.render_levels))
        highest.render_levels -= 1
        lowered = True


def decimate(name: str, things: Sequence[Any], limit: int) -> None:
    """Thin out the mesh objects ``things`` in place, evenly, to ``limit`` triangles at most. The same each time.

    Raises:
        InputError: there are too many parts to get there.
    """
    for _ in range(_TRIES):
        owners = list({thing.data.name: thing for thing in things}.values())
        large = [thing for thing in owners if triangles([thing.data]) > SMALL]
        count = triangles(thing.data for thing in owners)
        if count <= limit:
            return
        small = count - triangles(thing.data for thing in large)
        if not large or small >= limit:
            break
        for thing in large:
            _collapse(thing, things, (limit - small) / (count - small))
    raise InputError(f"{name} cannot be thinned out to {limit:,} triangles (--max-polygons): it has too many separate parts; raise it")


def _collapse(thing: Any, things: Sequence[Any], share: float) -> None:
    """Replace the mesh of ``thing``, wherever ``things`` use it, by one with ``share`` of its triangles."""
    old = thing.data
    probe = bpy.data.objects.new("decimated", old)
    bpy.context.scene.collection.objects.link(probe)
    modifier = probe.modifiers.new("decimate", "DECIMATE")
    modifier.ratio = share
    graph = bpy.context.evaluated_depsgraph_get()
    new = bpy.data.meshes.new_from_object(probe.evaluated_get(graph), preserve_all_data_layers=True, depsgraph=graph)
    bpy.data.objects.remove(probe)
    for user in things:
        if user.data == old:
            user.data = new
    bpy.data.meshes.remove(old)
