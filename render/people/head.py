"""The head under the hair: its surface in samples, its own measures, and places on it that hair can grow from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from render.blender.figure.person_file import Part
from render.people.nearest import Nearest
from render.people.source import Floats, Indices, base

EARS = ((5412, 5544), (5567, 5771), (12011, 12143), (12164, 12368))
"""Points of the ears, right and left, in ranges that end before the second number."""
BROW_MIDDLE, CROWN = 227, 881
"""Points in the plane x = 0: between the brows, and the highest of the head."""
REACH = 0.42
"""Metres below the crown down to which hair can reach: shoulders, chest and shoulder blades."""
FINE = 3
"""Samples along each side of a quad."""


Density = Callable[[Floats], Floats]
"""How densely hair grows at points [N, 3], 0 to 1."""


@dataclass(frozen=True)
class Roots:
    """Places on the skin: of each the four corners of its quad, [N, 4], and their shares, [N, 4]."""

    corners: Indices
    shares: Floats

    def mix(self, values: Floats) -> Floats:
        """What the corners have, [M, D] of all points of the skin, at each root: [N, D]."""
        return np.asarray(np.einsum("nc,ncd->nd", self.shares, values[self.corners]))

    def __len__(self) -> int:
        return len(self.corners)


class Head:
    """The upper end of a skin. Metres; ``front`` is 0 at the ears and 1 between the brows, ``up`` is 0 at the ears and 1 at the crown."""

    def __init__(self, skin: Part) -> None:
        self.points: Floats = np.frombuffer(skin.points, dtype=np.float32).reshape(-1, 3).astype(np.float64)
        # All of the body, not the part's own polygons: what is under clothes is left out of those.
        corners = base().quads["body"]
        self.quads: Indices = corners[self.points[corners, 2].min(axis=1) > self.points[CROWN, 2] - REACH]
        self.normals: Floats = _normals(self.points, self.quads)
        ears = np.concatenate([np.arange(*ends) for ends in EARS])
        self.is_ear = np.zeros(len(self.points), dtype=bool)
        self.is_ear[ears] = True
        self.ears: Floats = np.abs(self.points[ears]).mean(axis=0) * [0, -1, 1]
        self.depth = float(self.ears[1] - self.points[BROW_MIDDLE, 1])
        self.height = float(self.points[CROWN, 2] - self.ears[2])

    def front_up(self, points: Floats) -> Floats:
        """``front`` and ``up`` of points, [..., 2]."""
        return np.stack([(self.ears[1] - points[..., 1]) / self.depth, (points[..., 2] - self.ears[2]) / self.height], axis=-1)

    def at(self, front: float, up: float, x: float = 0.0) -> Floats:
        """The point of those measures, ``x`` metres to the left."""
        return np.array([x, self.ears[1] - front * self.depth, self.ears[2] + up * self.height])

    def scatter(self, dice: Generator, density: Density, count: int) -> Roots:
        """About ``count`` roots, none on the ears, as dense as ``density`` says of points [N, 3]: 1 is dense, 0 is bare."""
        quads = self.quads[~self.is_ear[self.quads].any(axis=1)]
        around = np.einsum("sc,qcd->qsd", _shares(*_grid()), self.points[quads])
        dense = density(around.reshape(-1, 3)).reshape(len(quads), -1)
        quads, dense = quads[dense.max(axis=1) > 0], dense[dense.max(axis=1) > 0]
        if not len(quads):
            return Roots(np.zeros((0, 4), dtype=np.int64), np.zeros((0, 4)))
        area = _areas(self.points, quads)
        tries = int(count * area.sum() / max(1e-12, (area * dense.mean(axis=1)).sum()))
        chosen = quads[dice.choice(len(quads), size=min(tries, 20 * count), p=area / area.sum())]
        roots = Roots(chosen, _shares(dice.random(len(chosen)), dice.random(len(chosen))))
        return self.kept(roots, dice.random(len(roots)) < density(roots.mix(self.points)))

    @staticmethod
    def kept(roots: Roots, which: NDArray[np.bool_]) -> Roots:
        """Those of ``roots`` that ``which`` picks."""
        return Roots(roots.corners[which], roots.shares[which])

    def normal(self, roots: Roots) -> Floats:
        """Unit normals at the roots."""
        return unit(roots.mix(self.normals))

    def above(self, points: Floats) -> tuple[Floats, Floats]:
        """Of points [N, 3]: how far outside the skin each is, in metres (negative inside), and the skin's normal there."""
        _, nearest = self._nearest(points)
        normals = self._samples[1][nearest]
        return np.einsum("nd,nd->n", points - self._samples[0][nearest], normals), normals

    def pushed_out(self, points: Floats, least: Floats | float) -> Floats:
        """Points [N, 3], moved along the normal until they are ``least`` metres outside the skin."""
        for _ in range(2):
            height, normals = self.above(points)
            points = points + np.maximum(0.0, least - height)[:, None] * normals
        return points

    @cached_property
    def _samples(self) -> tuple[Floats, Floats]:
        """Points all over the surface, and the normals there. Ears are left out: they are thin, and hair lies over them anyhow."""
        quads = self.quads[~self.is_ear[self.quads].all(axis=1)]
        shares = _shares(*_grid())
        return (
            np.einsum("sc,qcd->qsd", shares, self.points[quads]).reshape(-1, 3),
            unit(np.einsum("sc,qcd->qsd", shares, self.normals[quads]).reshape(-1, 3)),
        )

    @cached_property
    def _nearest(self) -> Nearest:
        return Nearest(self._samples[0])


def unit(vectors: Floats) -> Floats:
    """Vectors [..., 3] of length 1; those of no length stay as they are."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(length > 1e-12, length, 1.0))


def _grid() -> tuple[Floats, Floats]:
    """Samples of a quad in both directions."""
    at = (np.arange(FINE) + 0.5) / FINE
    s, t = np.meshgrid(at, at)
    return s.ravel(), t.ravel()


def _shares(s: Floats, t: Floats) -> Floats:
    """What the four corners of a quad have in its points at ``s``, ``t``: [N, 4]."""
    return np.stack([(1 - s) * (1 - t), s * (1 - t), s * t, (1 - s) * t], axis=1)


def _normals(points: Floats, quads: Indices) -> Floats:
    corner = points[quads]
    across = np.cross(corner[:, 2] - corner[:, 0], corner[:, 3] - corner[:, 1])
    normals = np.zeros_like(points)
    for place in range(4):
        np.add.at(normals, quads[:, place], across)
    return unit(normals)


def _areas(points: Floats, quads: Indices) -> Floats:
    corner = points[quads]
    return np.asarray(0.5 * np.linalg.norm(np.cross(corner[:, 2] - corner[:, 0], corner[:, 3] - corner[:, 1]), axis=1))
