"""Brows: short hairs along the ridge, upright near the nose, then leaning outwards, the upper ones down onto the lower ones."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from render.people.head import Head, Roots, unit
from render.people.source import Floats, Indices

LEFT = ((7001, 6983, 6980, 6979, 6981, 6982, 7024), (7007, 7006, 6997, 6996, 6998, 6999, 7031))
RIGHT = ((228, 208, 205, 204, 206, 207, 255), (235, 233, 223, 222, 224, 225, 262))
"""Points along the lower and the upper edge of the ridge, from the nose outwards: a strip of quads."""
START, END = 0.62, 5.6
"""Where the brow begins and ends, in quads along the strip."""
EACH, POINTS = 460, 4
RADIUS = 0.00005


def brows(head: Head, thick: float, dice: Generator) -> tuple[Floats, Roots]:
    """Strands, [N, POINTS, 3], and their roots; ``thick`` 0 to 1."""
    sides = [_brow(head, np.array(edges), thick, dice) for edges in (LEFT, RIGHT)]
    corners = np.concatenate([roots.corners for _, roots in sides])
    return np.concatenate([points for points, _ in sides]), Roots(corners, np.concatenate([roots.shares for _, roots in sides]))


def _brow(head: Head, edges: Indices, thick: float, dice: Generator) -> tuple[Floats, Roots]:
    count = int(EACH * (0.6 + 0.6 * thick))
    past = dice.beta(1.2, 1.1, count)
    along = START + (END - START) * past
    half = (0.62 + 0.40 * thick) * np.minimum(1.0, 0.6 + 3 * past) * np.clip(1.35 - 1.0 * past, 0.3, 1.0)
    # Denser along the middle than at the edges.
    off = half * np.clip(dice.normal(0, 0.55, count), -1.2, 1.2)
    across = 0.36 + 0.30 * np.sin(np.pi * np.minimum(1.0, 0.1 + 0.9 * past)) - 1.8 * np.maximum(0.0, past - 0.7) + off
    roots = _placed(edges, along, across)
    root = roots.mix(head.points)
    normal = head.normal(roots)
    outwards = unit(root - _placed(edges, np.maximum(along - 0.4, 0.0), across).mix(head.points))
    upwards = unit(np.cross(outwards, normal))
    upwards = upwards * np.sign(upwards[:, 2:])
    steep = np.clip(1.5 - 5.0 * past, 0.0, 1.5) + np.clip(0.62 - 0.75 * past, -0.1, 0.6) - 0.45 * off / half + dice.normal(0, 0.18, count)
    lift = dice.uniform(0.25, 0.45, count)[:, None]
    way = unit(outwards + steep[:, None] * upwards + lift * normal)
    length = (
        (0.0055 + 0.0035 * np.sin(np.pi * np.minimum(1.0, 0.2 + past))) * dice.uniform(0.7, 1.15, count) * np.where(past > 0.8, 0.75, 1.0)
    )
    points = [root - 0.0004 * normal]
    for step in range(1, POINTS):
        points.append(points[-1] + (length / (POINTS - 1))[:, None] * way)
        way = unit(way + 0.25 * outwards - 0.25 * (step * lift) * normal)
    strands = np.stack(points, axis=1)
    strands[:, 1:] = head.pushed_out(strands[:, 1:].reshape(-1, 3), 0.0005).reshape(count, -1, 3)
    return strands, roots


def _placed(edges: Indices, along: Floats, across: Floats) -> Roots:
    """Roots at places of the strip: ``along`` in quads, ``across`` 0 at the lower and 1 at the upper edge (a little beyond is fine)."""
    cell = np.minimum(along.astype(np.int64), edges.shape[1] - 2)
    s, t = along - cell, across
    corners = np.stack([edges[0, cell], edges[0, cell + 1], edges[1, cell + 1], edges[1, cell]], axis=1)
    return Roots(corners, np.stack([(1 - s) * (1 - t), s * (1 - t), s * t, (1 - s) * t], axis=1))
