"""Shape keys by name: which there are, taking hold of some, and meshes that carry them afterwards."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Any

import bpy

from cat_dataset.errors import InputError

LIMIT = 10.0
"""Blender's own bound of a shape key's value, in both directions."""
_BASE = "(the named shape keys at 0)"


def names() -> tuple[str, ...]:
    """The shape keys of the loaded asset that change something relative to another, sorted."""
    return tuple(sorted({block.name for block in _blocks()}))


def release(name: str, keys: Sequence[str]) -> list[Any]:
    """Take hold of the shape keys called ``keys``, wherever they are: no driver moves them, nothing mutes them; all at 0.

    Raises:
        InputError: the asset ``name`` has no such key.
    """
    there = names()
    lacking = [key for key in keys if key not in there]
    if lacking:
        choices = ", ".join(there[:40]) + (f" and {len(there) - 40} more" if len(there) > 40 else "")
        hint = f"it has {choices}; name them with --key" if there else "it has none"
        raise InputError(f"{name} has no shape key {' or '.join(lacking)}; {hint}")
    held = [block for block in _blocks() if block.name in keys]
    for block in held:
        block.id_data.driver_remove(f'key_blocks["{bpy.utils.escape_identifier(block.name)}"].value')
        block.mute, block.slider_min, block.slider_max = False, -LIMIT, LIMIT
    if held:
        for thing in bpy.data.objects:
            thing.show_only_shape_key = False
    choose(held, None)
    return held


def choose(held: Sequence[Any], key: str | None) -> None:
    """Of what `release` gave, set those called ``key`` to 1 and the others to 0."""
    for block in held:
        block.value = float(block.name == key)


def add(thing: Any, key: str, target: array[float]) -> None:
    """Give the mesh object ``thing`` a shape key that holds the coordinates ``target``, at value 0, open to `LIMIT` both ways."""
    if thing.data.shape_keys is None:
        thing.shape_key_add(name=_BASE, from_mix=False)
    block = thing.data.shape_keys.key_blocks.get(key) or thing.shape_key_add(name=key, from_mix=False)
    block.data.foreach_set("co", target)
    block.slider_min, block.slider_max, block.value = -LIMIT, LIMIT, 0.0


def _blocks() -> Iterator[Any]:
    """Relative shape keys of everything loaded, without the ones that the others are relative to."""
    for group in bpy.data.shape_keys:
        if group.use_relative:
            for block in group.key_blocks:
                if block != group.reference_key:
                    yield block
