"""Teeth and tongue. MakeHuman's teeth are one smooth band: it becomes the gums, and single teeth stand where it ends.

The lower ones follow the jaw as the band does.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise, product

import numpy as np

from render.blender.figure.person_file import Part
from render.people import source
from render.people.piece import LEAST_OFFSET, Body, cut, numbers, sparse, whole
from render.people.source import Floats, Indices

WIDTHS = {"upper": (8.6, 6.6, 7.6, 7.0, 6.8, 10.2, 9.8), "lower": (5.4, 5.9, 6.9, 7.0, 7.1, 11.0, 10.5)}
"""Of the teeth from the middle outwards, in any unit: they share out half the arch."""
EDGES = {"upper": (15069, 15079), "lower": (15010, 15012)}
"""In the middle of each band: the point on its biting edge and the one of the row next to it, where the gums end."""
LONGER = {"upper": 1.25, "lower": 1.0}
DEEP = 0.0058
"""Metres from the front to the back of a tooth."""
INSIDE = {"upper": 0.0, "lower": 0.0022}
"""Metres by which teeth stand behind the band: lower teeth close behind the upper ones."""
SQUARE = 5.0
"""Exponent of the rounded box that a tooth is: 2 would make an egg, more a brick."""


def mouth(body: Body) -> list[Part]:
    """teeth_upper, teeth_lower and tongue; the field ``gums`` is 1 on gums."""
    parts = [_jaw(body, name) for name in ("upper", "lower")]
    return [*parts, cut("tongue", body, source.base().quads["helper-tongue"])[0]]


@lru_cache(maxsize=2)
def _rows(name: str) -> tuple[Indices, Indices]:
    """The band's biting edge and the row next to it, each from the right to the left, points of the base mesh."""
    quads = source.base().quads[f"helper-{name}-teeth"].tolist()
    beside: dict[int, set[int]] = {}
    faces: dict[int, set[int]] = {}
    for number, quad in enumerate(quads):
        for here, there in zip(quad, [*quad[1:], quad[0]], strict=True):
            beside.setdefault(here, set()).add(there)
            beside.setdefault(there, set()).add(here)
            faces.setdefault(here, set()).add(number)
    columns = {name_: set(pair) for name_, pair in EDGES.items()}[name]

    def walk(start: int, leftwards: bool) -> list[int]:
        points = source.base().points
        aside = [other for other in beside[start] if other not in columns and abs(points[other, 0]) > 1e-4]
        row = [start, max(aside, key=lambda other: points[other, 0] if leftwards else -points[other, 0])]
        while True:
            behind = faces[row[-2]] & faces[row[-1]]
            ahead = [other for other in beside[row[-1]] if other != row[-2] and not faces[other] & faces[row[-1]] & behind]
            if not ahead:
                return row[1:]
            row.append(ahead[0])

    edge, gum = (np.array([*walk(start, False)[::-1], start, *walk(start, True)]) for start in EDGES[name])
    return edge, gum


def _jaw(body: Body, name: str) -> Part:
    edge, gum = _rows(name)
    part, kept = cut(f"teeth_{name}", body, source.base().quads[f"helper-{name}-teeth"])
    low, high = body.points[edge], body.points[gum]
    inward = _inward(high)
    points = body.points[kept].copy()
    points[np.searchsorted(kept, edge)] = high + 0.15 * (low - high) + 0.003 * inward
    points[np.searchsorted(kept, gum)] += (0.0012 + INSIDE[name]) * inward
    teeth, quads, along, up = _teeth(low + INSIDE[name] * inward, high + INSIDE[name] * inward, name)
    part.points = numbers(np.concatenate([points, teeth]))
    part.sizes.extend(whole([4] * len(quads)))
    part.corners.extend(whole(quads + len(kept)))
    part.weights = {"head": sparse(np.arange(part.count), np.ones(part.count))}
    part.fields["gums"] = numbers(np.arange(part.count) < len(kept))
    for unit in list(part.shapes):
        way = np.zeros_like(body.points)
        way[body.units[unit].points] = body.units[unit].offsets
        offsets = np.concatenate([way[kept], (1 - up) * _at(way[edge], along) + up * _at(way[gum], along)])
        moved = np.flatnonzero(np.linalg.norm(offsets, axis=1) > LEAST_OFFSET)
        part.shapes[unit] = sparse(moved, offsets[moved])
    return part


def _inward(row: Floats) -> Floats:
    """Level unit vectors towards the inside of an arch."""
    way = np.gradient(row, axis=0)
    across = np.stack([-way[:, 1], way[:, 0], np.zeros(len(way))], axis=1)
    return np.asarray(across / np.linalg.norm(across, axis=1, keepdims=True))


def _at(row: Floats, along: Floats) -> Floats:
    """``row`` [17, 3] at places [N] counted in its points."""
    return np.stack([np.interp(along, np.arange(len(row)), column) for column in row.T], axis=1)


@lru_cache(maxsize=1)
def _brick() -> tuple[Floats, Indices]:
    """A rounded box with sides from −1 to 1, and its quads."""
    steps = (-1.0, -0.5, 0.5, 1.0)
    corners = sorted({corner for corner in product(steps, repeat=3) if max(map(abs, corner)) == 1.0})
    place = {corner: index for index, corner in enumerate(corners)}
    quads = []
    for axis, side in product(range(3), (-1.0, 1.0)):
        for (a, b), (c, d) in product(pairwise(steps), repeat=2):
            square = [(a, c), (b, c), (b, d), (a, d)] if side > 0 else [(a, c), (a, d), (b, d), (b, c)]
            quads.append([place[(side, *two) if axis == 0 else (two[1], side, two[0]) if axis == 1 else (*two, side)] for two in square])
    points = np.array(corners)
    return points / (np.abs(points) ** SQUARE).sum(axis=1, keepdims=True) ** (1 / SQUARE), np.array(quads)


def _teeth(low: Floats, high: Floats, name: str) -> tuple[Floats, Indices, Floats, Floats]:
    """Points and quads of all teeth; where each point lies along the arch, and how far up from the edge, [N] and [N, 1]."""
    brick, quads = _brick()
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(low, axis=0), axis=1))])
    middle = length[len(low) // 2]
    widths = np.array(WIDTHS[name]) / sum(WIDTHS[name])
    ends = np.concatenate([[0.0], np.cumsum(widths)])
    half = min(middle, length[-1] - middle)
    found, along, up = [], [], []
    for sign in (-1, 1):
        for start, end in pairwise(ends):
            spot = middle + sign * half * ((start + end) / 2 + brick[:, 0] * 0.5 * (end - start))
            place = np.interp(spot, length, np.arange(len(low)))
            bottom, top = _at(low, place), _at(high, place)
            high_up = 0.5 + 0.5 * brick[:, 2:3]
            tall = LONGER[name]
            point = bottom + (tall * high_up + (1 - tall)) * (top - bottom) * 1.1
            tip = 0.35 + 0.65 * np.minimum(1.0, 1.4 * high_up)
            point += (0.5 + 0.5 * brick[:, 1:2] * tip) * DEEP * (0.7 + 0.9 * start) * _at(_inward(high), place)
            found.append(point)
            along.append(place)
            up.append(np.clip(high_up, 0, 1))
    count, each = len(brick), len(WIDTHS[name])
    listed = [quads[:, :: 1 if (number >= each) == (name == "upper") else -1] + count * number for number in range(2 * each)]
    return np.concatenate(found), np.concatenate(listed), np.concatenate(along), np.concatenate(up)
