"""Brows: short hairs along the ridge, upright near the nose, then leaning outwards, the upper ones down onto the lower ones."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from render.people.head import Head, Roots, unit
from render.people.source import Floats, Indices

LEFT = ((7001, 6983, 6980, 6979, 6981, 6982, 7024), (7007, 7006, 6997, 6996, 6998, 6999, 7031))
RIGHT = ((228, 208, 205, 204, 206, 207, 255), (235, 233, 223, 222, 224, 225, 262))
"""Points along the lower and the upper edge of the ridge, from the nose outwards: a strip of quads."""
START = 0.62
"""Where on its first quad the strip begins."""
EACH, POINTS = 420, 4
RADIUS = 0.00006


def brows(head: Head, thick: float, dice: Generator) -> tuple[Floats, Roots]:
    """Strands, [N, POINTS, 3], and their roots; ``thick`` 0 to 1."""
    sides = [_brow(head, np.array(edges), thick, dice) for edges in (LEFT, RIGHT)]
    corners = np.concatenate([roots.corners for _, roots in sides])
    return np.concatenate([points for points, _ in sides]), Roots(corners, np.concatenate([roots.shares for _, roots in sides]))


def _brow(head: Head, edges: Indices, thick: float, dice: Generator) -> tuple[Floats, Roots]:
    cells = edges.shape[1] - 1
    count = int(EACH * (0.6 + 0.6 * thick))
    along = START + (cells - START) * dice.random(count)
    past = (along - START) / (cells - START)
    half = (0.26 + 0.24 * thick) * np.minimum(1.0, 0.35 + 5 * past) * np.clip(1.25 - 1.05 * past, 0.1, 1.0)
    # Denser along the middle than at the edges.
    off = half * np.clip(dice.normal(0, 0.5, count), -1.15, 1.15)
    across = 0.42 + 0.22 * np.sin(np.pi * np.minimum(1.0, 0.15 + past)) + off
    roots = _placed(edges, along, across)
    root = roots.mix(head.points)
    normal = head.normal(roots)
    outwards = unit(_placed(edges, np.minimum(along + 0.3, cells), across).mix(head.points) - root)
    upwards = unit(np.cross(outwards, normal))
    upwards = upwards * np.sign(upwards[:, 2:])
    steep = np.clip(1.5 - 5.0 * past, 0.0, 1.5) + np.clip(0.55 - 0.75 * past, -0.2, 0.5) - 0.8 * off / half + dice.normal(0, 0.15, count)
    lift = dice.uniform(0.25, 0.45, count)[:, None]
    way = unit(outwards + steep[:, None] * upwards + lift * normal)
    length = (0.0055 + 0.0035 * np.sin(np.pi * np.minimum(1.0, 0.2 + past))) * dice.uniform(0.7, 1.15, count) * np.where(past > 0.8, 0.75, 1.0)
    points = [root - 0.0004 * normal]
    for step in range(1, POINTS):
        points.append(points[-1] + (length / (POINTS - 1))[:, None] * way)
        way = unit(way + 0.35 * outwards - 0.25 * (step * lift) * normal)
    strands = np.stack(points, axis=1)
    strands[:, 1:] = head.pushed_out(strands[:, 1:].reshape(-1, 3), 0.0005).reshape(count, -1, 3)
    return strands, roots


def _placed(edges: Indices, along: Floats, across: Floats) -> Roots:
    """Roots at places of the strip: ``along`` in quads, ``across`` 0 at the lower and 1 at the upper edge (a little beyond is fine)."""
    cell = np.minimum(along.astype(np.int64), edges.shape[1] - 2)
    s, t = along - cell, across
    corners = np.stack([edges[0, cell], edges[0, cell + 1], edges[1, cell + 1], edges[1, cell]], axis=1)
    return Roots(corners, np.stack([(1 - s) * (1 - t), s * (1 - t), s * t, (1 - s) * t], axis=1))
