"""The object to render, and how far it reaches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import bpy
from mathutils import Vector

from render.blender.assets.hull import Point, corners_of, surface_corners

if TYPE_CHECKING:
    from render.blender.stage.pose import Pose

RADIUS = 0.5
"""Metres from the pivot to the farthest point of the object with its shape keys at 0, hence in every state of every rotation."""


@dataclass(frozen=True)
class Subject:
    """The object under its ``pivot`` empty.

    ``outline`` are the corners of its convex hull in the pivot's frame, with the shape keys at 0; ``notes`` say, for the
    reader of a series, what was changed about the asset, and ``adapted`` is what of it pixels depend on. ``radius`` is in metres.
    """

    pivot: Any
    parts: tuple[Any, ...]
    outline: tuple[Vector, ...]
    materials: tuple[Any, ...]
    shape_keys: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    adapted: Mapping[str, Any] = field(default_factory=dict)
    radius: float = RADIUS
    _still: dict[str, list[Point]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, pivot: Any, parts: Sequence[Any], outline: tuple[Vector, ...], shape_keys: tuple[str, ...]) -> Subject:
        """The subject made of mesh objects that hang under ``pivot``."""
        found = {material.name: material for part in parts for material in part.data.materials if material is not None}
        return cls(pivot, tuple(parts), outline, tuple(found[name] for name in sorted(found)), shape_keys)

    def set_shape_keys(self, values: Mapping[str, float]) -> None:
        """Set shape keys by name, -10 to 10; those not named stay as they are.

        Raises:
            KeyError: one that was not asked for at loading.
        """
        if unknown := set(values) - set(self.shape_keys):
            raise KeyError(", ".join(sorted(unknown)))
        for mesh in self._deforming():
            for name, value in values.items():
                if name in mesh.shape_keys.key_blocks:
                    mesh.shape_keys.key_blocks[name].value = value

    def measured_shape_key(self, name: str) -> float:
        """The value that the scene really has, read back from the evaluated meshes.

        Raises:
            KeyError: no part has the key.
        """
        graph = bpy.context.evaluated_depsgraph_get()
        for mesh in self._deforming():
            if name in mesh.shape_keys.key_blocks:
                return float(mesh.shape_keys.evaluated_get(graph).key_blocks[name].value)
        raise KeyError(name)

    def points(self) -> tuple[Vector, ...]:
        """The outline in the present state of the shape keys."""
        if not self._deforming():
            return self.outline
        bpy.context.view_layer.update()
        graph = bpy.context.evaluated_depsgraph_get()
        found: list[Point] = []
        for part in self.parts:
            if part.data.shape_keys is not None:
                local = surface_corners(part.evaluated_get(graph).data)
            else:
                local = self._still.get(part.data.name) or surface_corners(part.data)
                self._still[part.data.name] = local
            found += [tuple(part.matrix_parent_inverse @ Vector(corner)) for corner in local]
        return tuple(Vector(corner) for corner in (corners_of(found) if len(self.parts) > 1 else found))

    @property
    def licence(self) -> str | None:
        """The licence that the asset itself states."""
        return None

    @property
    def called(self) -> str | None:
        """What sentences call the object, where its file's name is no word for it."""
        return None

    def aimed(self, shot: str) -> Subject:
        """The object ready for a series in a ``shot``, which says how much of a person a picture shows."""
        return self

    def shaped(self, pose: Pose) -> Pose:
        """``pose`` with the outlines that the object has in it."""
        return pose

    def facts(self) -> dict[str, Any]:
        """What a reader of the series should know of the object itself (JSON values)."""
        return {}

    @contextmanager
    def showing_what_is_whole(self) -> Iterator[None]:
        """Meanwhile only that is there which must be whole in every picture: all of it."""
        yield

    def _deforming(self) -> list[Any]:
        return list({part.data.name: part.data for part in self.parts if part.data.shape_keys is not None}.values())
