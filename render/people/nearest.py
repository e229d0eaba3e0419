"""The nearest of many points."""

from __future__ import annotations

from scipy.spatial import cKDTree

from render.people.source import Floats, Indices


class Nearest:
    """Finds the nearest of ``points`` [M, 3]."""

    def __init__(self, points: Floats) -> None:
        self._tree = cKDTree(points)

    def __call__(self, places: Floats) -> tuple[Floats, Indices]:
        """Of every place [N, 3]: the distance to the nearest point, and its index."""
        distance, index = self._tree.query(places)
        return distance, index
