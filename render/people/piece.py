"""Pieces of the base mesh as parts of a character: their points, weights and shapes."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from render.blender.figure.person_file import SURFACE, Part, Sparse
from render.people import skeleton
from render.people.source import Floats, Indices, Target

LEAST_OFFSET = 1e-5
"""Metres; a face unit that moves a point by less does not move it."""

DECIMALS = 6
"""Coordinates are kept to a thousandth of a millimetre, so that the last bits of a sum do not show."""


@dataclass(frozen=True)
class Body:
    """A body at rest: all ``points`` of the base mesh, [19158, 3] metres; the ``units`` of its face, and what is added ``halfway``."""

    points: Floats
    units: Mapping[str, Target]
    halfway: Mapping[str, Target] = field(default_factory=dict)


def numbers(values: ArrayLike) -> array[float]:
    """Floats as the file keeps them; no negative zeros."""
    return array("f", (np.round(np.asarray(values, dtype=np.float64), DECIMALS) + 0.0).astype(np.float32).ravel().tobytes())


def whole(values: ArrayLike) -> array[int]:
    """Integers as the file keeps them."""
    return array("i", np.asarray(values, dtype=np.int32).ravel().tobytes())


def sparse(points: Indices, values: Floats) -> Sparse:
    """Values by point."""
    return whole(points), numbers(values)


def surface(name: str, points: Floats, polygons: list[list[int]] | Indices, bone: str = "", look: dict[str, Any] | None = None) -> Part:
    """A surface of our own making, all of which follows ``bone``."""
    part = Part(
        name=name,
        kind=SURFACE,
        points=numbers(points),
        sizes=whole([len(polygon) for polygon in polygons]),
        corners=whole([corner for polygon in polygons for corner in polygon]),
        look=look or {},
    )
    if bone:
        part.weights[bone] = sparse(np.arange(len(points)), np.ones(len(points)))
    return part


def cut(name: str, body: Body, quads: Indices, look: dict[str, Any] | None = None) -> tuple[Part, Indices]:
    """The quads of the base mesh as a part with weights and shapes; and its points' indices in the base mesh, ascending."""
    kept = np.unique(quads)
    place = np.full(len(body.points), -1, dtype=np.int64)
    place[kept] = np.arange(len(kept))
    part = surface(name, body.points[kept], place[quads], look=look)
    for bone, (points, weights) in skeleton.weights().items():
        inside = (place[points] >= 0) & (weights >= 1e-4)
        if inside.any():
            part.weights[bone] = sparse(place[points[inside]], weights[inside])
    for units, shapes in ((body.units, part.shapes), (body.halfway, part.halfway)):
        for unit, one in units.items():
            inside = (place[one.points] >= 0) & (np.linalg.norm(one.offsets, axis=1) > LEAST_OFFSET)
            if inside.any():
                shapes[unit] = sparse(place[one.points[inside]], one.offsets[inside])
    return part, kept
