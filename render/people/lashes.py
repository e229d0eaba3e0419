"""Lashes: from the front edges of the lids, and round the eye with them."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from render.blender.figure.person_file import Part
from render.people.follow import dense
from render.people.head import Head, Roots, unit
from render.people.piece import sparse
from render.people.source import Floats, Indices

UPPER = (
    (11486, 11490, 11485, 11484, 11483, 11465, 11466, 11467, 11468, 11469, 11470, 11471),
    (4868, 4872, 4867, 4866, 4865, 4847, 4848, 4849, 4850, 4851, 4852, 4853),
)
LOWER = (
    (11488, 11489, 11482, 11743, 11481, 11480, 11479, 11478, 11477, 11476, 11475, 11742, 11474, 11473),
    (4870, 4871, 4864, 5128, 4863, 4862, 4861, 4860, 4859, 4858, 4857, 5127, 4856, 4855),
)
"""Points along the lids' edges from the inner to the outer corner; left and right."""
POINTS = 5
RADIUS = 0.00005
LEAST = 1e-4
BEHIND = 0.48
"""How far the eye's centre lies behind the middle of its corners, as a share of their distance."""


def lashes(head: Head, thick: float, dice: Generator) -> tuple[Floats, Roots, Floats]:
    """Strands, [N, POINTS, 3], their roots, and the centre of the eye that each belongs to, [N, 3]."""
    found, roots, centres = [], [], []
    for upper, lower in zip(UPPER, LOWER, strict=True):
        centre = eye_centre(head, upper)
        for edge, count, length, rise in ((upper, 95, 0.0085, 0.75), (lower, 45, 0.0032, -0.55)):
            points, root = _row(head, np.array(edge), int(count * (0.8 + 0.4 * thick)), length, rise, centre, dice)
            found.append(points)
            roots.append(root)
            centres.append(np.tile(centre, (len(root), 1)))
    corners = np.concatenate([one.corners for one in roots])
    return np.concatenate(found), Roots(corners, np.concatenate([one.shares for one in roots])), np.concatenate(centres)


def eye_centre(head: Head, upper: tuple[int, ...]) -> Floats:
    """Where the eye turns about, from its corners."""
    inner, outer = head.points[upper[0]], head.points[upper[-1]]
    back = np.linalg.norm(outer - inner) * BEHIND
    return np.asarray((inner + outer) / 2 + [0.0, back, 0.0])


def follow_lid(part: Part, skin: Part, strands: Floats, roots: Roots, centres: Floats) -> None:
    """Tie lashes to the lids: a lash goes where its root goes and turns about the eye's centre as much as its root does."""
    root = roots.mix(np.frombuffer(skin.points, dtype=np.float32).reshape(-1, 3).astype(np.float64))
    for unit_name in sorted({*skin.shapes, *skin.halfway}):
        full = roots.mix(dense(skin.shapes.get(unit_name), skin.count, 3))
        half = 0.5 * full + roots.mix(dense(skin.halfway.get(unit_name), skin.count, 3))
        if max(np.abs(full).max(), np.abs(half).max()) < LEAST:
            continue
        at_full = _turned(strands, root, full, centres) - strands
        at_half = _turned(strands, root, half, centres) - strands
        for values, into in ((at_full, part.shapes), (at_half - 0.5 * at_full, part.halfway)):
            flat = values.reshape(-1, 3)
            moved = np.flatnonzero(np.linalg.norm(flat, axis=1) > LEAST / 2)
            if len(moved):
                into[unit_name] = sparse(moved, flat[moved])


def _turned(strands: Floats, root: Floats, offset: Floats, centres: Floats) -> Floats:
    """Strands whose roots have moved by ``offset``, turned about the axis that takes the root's direction from the centre along."""
    before, after = unit(root - centres), unit(root + offset - centres)
    axis = np.cross(before, after)
    cosine = np.einsum("nd,nd->n", before, after)[:, None, None]
    arm = strands - root[:, None]
    across = np.cross(axis[:, None], arm)
    # Rodrigues' formula with the axis not normalised: its length is the sine.
    turned = arm * cosine + across + axis[:, None] * np.einsum("nd,nkd->nk", axis, arm)[..., None] / (1 + cosine)
    return np.asarray(turned + (root + offset)[:, None])


def _row(head: Head, edge: Indices, count: int, length: float, rise: float, centre: Floats, dice: Generator) -> tuple[Floats, Roots]:
    """A row of lashes along ``edge`` that bend up (``rise`` above 0) or down."""
    past = np.sort(dice.uniform(0.10, 0.97, count))
    # A few lean together at their tips.
    tips = past + (np.round(past * count / 3) * 3 / count - past) * 0.5
    roots, towards = _on(edge, past), _on(edge, np.clip(tips, 0, 1))
    root = roots.mix(head.points)
    middle = 0.5 * (head.points[edge[0]] + head.points[edge[-1]])
    fan = (towards.mix(head.points) - middle) * [1, 0, 0]
    out = unit(unit(root - centre) * [0.6, 1, 0.6] + 22 * fan)
    size = length * (0.55 + 0.45 * np.sin(np.pi * np.clip(0.15 + 0.65 * past, 0, 1))) * dice.uniform(0.75, 1.1, count)
    way = unit(out + np.array([0.0, 0.0, -0.15 if rise > 0 else -0.5]))
    points = [root]
    for _ in range(1, POINTS):
        points.append(points[-1] + (size / (POINTS - 1))[:, None] * way)
        way = unit(way + np.array([0.0, 0.0, 0.45 * rise]) + dice.normal(0, 0.03, (count, 3)))
    return np.stack(points, axis=1), roots


def _on(edge: Indices, past: Floats) -> Roots:
    """Places on a line of points, 0 at its start and 1 at its end."""
    place = past * (len(edge) - 1)
    low = np.minimum(place.astype(np.int64), len(edge) - 2)
    share = place - low
    corners = np.stack([edge[low], edge[low + 1], edge[low + 1], edge[low]], axis=1)
    return Roots(corners, np.stack([1 - share, share, 0 * share, 0 * share], axis=1))
