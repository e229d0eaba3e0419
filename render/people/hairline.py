"""Where hair grows on a head: the scalp and the beard, drawn as outlines in the head's side view."""

from __future__ import annotations

import numpy as np

from render.people.head import Head
from render.people.source import Floats

SCALP = (
    (0.84, 0.69), (0.63, 0.66), (0.53, 0.50), (0.40, 0.27), (0.30, 0.11), (0.255, -0.07), (0.15, -0.07), (0.13, 0.14),
    (-0.035, 0.21), (-0.19, 0.14), (-0.25, -0.07), (-0.30, -0.22), (-0.40, -0.31), (-0.62, -0.33), (-1.5, -0.33), (-1.5, 1.5), (0.93, 1.5),
)  # fmt: skip
"""``front``, ``up`` of the scalp's outline: from the forehead over temple, sideburn, ear and nape to the back, and round above."""

BEARD = (
    (0.26, -0.05), (0.16, -0.05), (0.10, -0.36), (0.06, -0.60), (0.25, -0.80), (0.55, -0.92), (0.80, -1.0), (1.3, -0.9), (1.3, -0.20),
    (1.02, -0.205), (0.95, -0.235), (0.86, -0.29), (0.72, -0.37), (0.52, -0.40), (0.36, -0.30),
)  # fmt: skip
"""The beard's outline: from the sideburn down the jaw, under the chin, up to the nose, and back along the cheek."""

RECEDED = (-0.10, -0.20, -0.06)
"""How far back the first three points of SCALP lie, in ``front``, where the hair has receded."""
RAGGED = 0.003
"""Metres by which a hairline wanders."""
SOFT = 0.006
"""Metres over which hair thins out at the hairline."""


def scalp(head: Head, points: Floats, recede: float = 0.0) -> Floats:
    """How densely hair grows at points [N, 3] of the skin, 0 to 1."""
    outline = [(front + recede * (RECEDED[place] if place < len(RECEDED) else 0.0), up) for place, (front, up) in enumerate(SCALP)]
    return _dense(_inside(head, points, outline) + RAGGED * _wander(points))


def beard(head: Head, points: Floats) -> Floats:
    """How densely a beard grows at points [N, 3] of the skin, 0 to 1; lips and mouth are the caller's to leave free."""
    neck = np.clip((points[:, 2] - head.ears[2] + 1.2 * head.height) / 0.02, 0.0, 1.0)
    return np.asarray(_dense(_inside(head, points, list(BEARD)) + RAGGED * _wander(points)) * neck)


def _dense(inside: Floats) -> Floats:
    part = np.clip(inside / SOFT, 0.0, 1.0)
    return np.asarray(part * part * (3 - 2 * part))


def _inside(head: Head, points: Floats, outline: list[tuple[float, float]]) -> Floats:
    """How far inside ``outline`` the points lie in the side view, in metres (negative outside)."""
    scale = np.array([head.depth, head.height])
    place, corner = head.front_up(points) * scale, np.array(outline) * scale
    ends = np.roll(corner, -1, axis=0)
    nearest = np.full(len(place), np.inf)
    crossings = np.zeros(len(place), dtype=np.int64)
    for start, end in zip(corner, ends, strict=True):
        along = end - start
        share = np.clip((place - start) @ along / (along @ along), 0.0, 1.0)
        nearest = np.minimum(nearest, np.linalg.norm(place - start - share[:, None] * along, axis=1))
        spans = (start[1] > place[:, 1]) != (end[1] > place[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            x = start[0] + (place[:, 1] - start[1]) / (end[1] - start[1]) * along[0]
        crossings += spans & (place[:, 0] < x)
    return np.where(crossings % 2 == 1, nearest, -nearest)


def _wander(points: Floats) -> Floats:
    """A smooth pattern over the skin between about −1 and 1, not the same on both sides."""
    x, y, z = 2 * np.pi * points.T
    waves = np.sin(43 * x + 19 * z) + np.sin(61 * y + 37 * z + 1.0) + np.sin(97 * x - 71 * y + 2.0) + np.sin(139 * z + 83 * y)
    return np.asarray(waves / 3)
