"""Strands as parts of a character file that go where the skin goes."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np

from render.blender.figure.person_file import STRANDS, Part, Sparse
from render.people.head import Head, Roots
from render.people.piece import numbers, sparse, whole
from render.people.source import Floats

LEAST_MOVE = 1e-4
"""Metres; a face unit that moves a root by less does not move its strand."""
CHEST = "spine01"
"""The bone that hair follows where it lies on the shoulders."""


def strands_part(name: str, points: Floats, look: dict[str, Any], shade: Floats, grey: Floats) -> Part:
    """A part of the strands ``points``, [N, K, 3], with the fields ``shade`` and ``grey``, [N], of every strand."""
    count, each, _ = points.shape
    return Part(
        name=name,
        kind=STRANDS,
        points=numbers(points),
        sizes=whole(np.full(count, each)),
        fields={"shade": numbers(np.repeat(shade, each)), "grey": numbers(np.repeat(grey, each))},
        look=look,
    )


def follow_head(part: Part, head: Head, points: Floats) -> None:
    """Tie strands to the head, and, where they hang below the jaw, more and more to the chest."""
    height = head.front_up(points.reshape(-1, 3))[:, 1]
    bent = np.clip((height + 1.45) / 0.85, 0.0, 1.0)
    share: Floats = np.asarray(np.round(bent * bent * (3 - 2 * bent), 2))
    for bone, weights in (("head", share), (CHEST, 1.0 - share)):
        tied = np.flatnonzero(weights > 0)
        if len(tied):
            part.weights[bone] = sparse(tied, weights[tied])


def follow_skin(part: Part, skin: Part, roots: Roots, each: int) -> None:
    """Tie every strand of ``each`` points to the skin at its root: weights, shapes and halfway offsets."""
    tie(part, skin, roots, each)
    for group, into in ((skin.shapes, part.shapes), (skin.halfway, part.halfway)):
        for name, one in group.items():
            _spread(into, name, roots.mix(dense(one, skin.count, 3)), each, LEAST_MOVE)


def tie(part: Part, skin: Part, roots: Roots, each: int) -> None:
    """Give every strand of ``each`` points the weights that the skin has at its root."""
    for name, one in skin.weights.items():
        _spread(part.weights, name, roots.mix(dense(one, skin.count, 1)), each, 0.01)


def dense(one: Sparse | None, count: int, width: int) -> Floats:
    """Sparse values of a part as an array over all of its points, [count, width]."""
    values = np.zeros((count, width))
    if one is None:
        return values
    values[np.frombuffer(one[0], dtype=np.int32)] = np.frombuffer(one[1], dtype=np.float32).reshape(-1, width)
    return values


def _spread(into: dict[str, tuple[array[int], array[float]]], name: str, values: Floats, each: int, least: float) -> None:
    moved = np.flatnonzero(np.linalg.norm(values, axis=1) > least)
    if len(moved):
        places = (moved[:, None] * each + np.arange(each)).ravel()
        into[name] = sparse(places, np.repeat(values[moved], each, axis=0))
