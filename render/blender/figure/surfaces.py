"""A surface of a character file as a mesh object: polygons, shape keys, vertex groups, and attributes that materials read."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any

import bpy

from cat_dataset.errors import InputError
from render.blender.figure.person_file import Part, Sparse

REST = "rest"
"""Attribute with the place of a point at rest, in metres: patterns laid by it stick to the surface wherever that goes."""
BASIS = "(neutral)"
LIMIT = 10.0
"""Blender's own bound of a shape key's value, in both directions."""


def halfway_key(unit: str) -> str:
    """The shape key that holds a face unit's halfway offsets."""
    return f"{unit} (halfway)"


def field_attribute(name: str) -> str:
    """The attribute that holds a field; fields are named by files, and must not collide with Blender's own."""
    return f"field {name}"


def surface_object(part: Part) -> Any:
    """The mesh object of ``part``, in no collection yet, without material and modifiers.

    Raises:
        InputError: polygons that no mesh can have, such as one with the same point twice.
    """
    mesh = bpy.data.meshes.new(part.name)
    polygons, start = [], 0
    for size in part.sizes:
        polygons.append(part.corners[start : start + size].tolist())
        start += size
    mesh.from_pydata(triples(part.points), [], polygons)
    if mesh.validate():
        bpy.data.meshes.remove(mesh)
        raise InputError(f"{part.name} has polygons that make no mesh; make the character file again with python -m render.people.make")
    mesh.polygons.foreach_set("use_smooth", [True] * len(polygons))
    thing = bpy.data.objects.new(part.name, mesh)
    dress(thing, part)
    return thing


def dress(thing: Any, part: Part) -> None:
    """Give a mesh object whose points are those of ``part`` its attributes, vertex groups and shape keys."""
    _attribute(thing.data, REST, "FLOAT_VECTOR", "vector", part.points)
    for name in sorted(part.fields):
        _attribute(thing.data, field_attribute(name), "FLOAT", "value", part.fields[name])
    for name in sorted(part.weights):
        _weigh(thing.vertex_groups.new(name=name), part.weights[name])
    if part.shapes or part.halfway:
        thing.shape_key_add(name=BASIS, from_mix=False)
    for unit in sorted(part.shapes):
        _shape(thing, unit, part, part.shapes[unit])
    for unit in sorted(part.halfway):
        _shape(thing, halfway_key(unit), part, part.halfway[unit])


def set_keys(thing: Any, values: Mapping[str, float]) -> None:
    """Set the shape keys of ``thing`` to face units, absent ones to 0, and the halfway keys to what follows from them."""
    if thing.data.shape_keys is None:
        return
    for block in thing.data.shape_keys.key_blocks[1:]:
        unit = block.name.removesuffix(halfway_key(""))
        value = values.get(unit, 0.0)
        block.value = value if unit == block.name else halfway(value)


def halfway(value: float) -> float:
    """How much of a unit's halfway offsets belongs to its ``value``: 1 at 0.5, nothing at 0, at 1 and where it runs below 0."""
    return max(0.0, 4.0 * value * (1.0 - value))


def triples(flat: array[float]) -> list[tuple[float, float, float]]:
    """Coordinates by threes."""
    return list(zip(flat[0::3], flat[1::3], flat[2::3], strict=True))


def _attribute(mesh: Any, name: str, kind: str, key: str, values: array[float]) -> None:
    mesh.attributes.new(name=name, type=kind, domain="POINT")
    mesh.attributes[name].data.foreach_set(key, values)


def _weigh(group: Any, sparse: Sparse) -> None:
    """Fill a vertex group; points of one weight together, since most follow one bone alone."""
    by_weight: dict[float, list[int]] = {}
    for index, weight in zip(*sparse, strict=True):
        by_weight.setdefault(weight, []).append(index)
    for weight, indices in by_weight.items():
        group.add(indices, weight, "REPLACE")


def _shape(thing: Any, name: str, part: Part, sparse: Sparse) -> None:
    target, (indices, offsets) = part.points[:], sparse
    for place, index in enumerate(indices):
        for axis in range(3):
            target[3 * index + axis] += offsets[3 * place + axis]
    block = thing.shape_key_add(name=name, from_mix=False)
    block.data.foreach_set("co", target)
    block.slider_min, block.slider_max, block.value = -LIMIT, LIMIT, 0.0
