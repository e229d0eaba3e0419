"""Sheets: pieces of the base mesh that are cut along a line, smoothed and hemmed, to make clothes of."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from render.people.source import Floats, Indices

Polygons = list[list[int]]


@dataclass(frozen=True)
class Sheet:
    """``polygons`` over ``rows`` [N, K]: what is known of every point, its place in the first three columns."""

    rows: Floats
    polygons: Polygons

    @property
    def points(self) -> Floats:
        return self.rows[:, :3]

    def at(self, points: Floats) -> Sheet:
        """The sheet with its points elsewhere."""
        return replace(self, rows=np.concatenate([points, self.rows[:, 3:]], axis=1))


def clip(sheet: Sheet, values: Floats) -> Sheet:
    """What of ``sheet`` has positive ``values`` [N]; polygons are cut where the value is 0, in between by straight lines."""
    rows = list(sheet.rows)
    made: dict[tuple[int, int], int] = {}
    polygons: Polygons = []

    def between(one: int, two: int) -> int:
        key = (min(one, two), max(one, two))
        if key not in made:
            share = values[key[0]] / (values[key[0]] - values[key[1]])
            made[key] = len(rows)
            rows.append((1 - share) * sheet.rows[key[0]] + share * sheet.rows[key[1]])
        return made[key]

    for polygon in sheet.polygons:
        kept = []
        for here, there in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
            if values[here] > 0:
                kept.append(here)
            if (values[here] > 0) != (values[there] > 0):
                kept.append(between(here, there))
        if len(kept) > 2:
            polygons.append(kept)
    return _used(np.array(rows), polygons)


def _used(rows: Floats, polygons: Polygons) -> Sheet:
    used = sorted({corner for polygon in polygons for corner in polygon})
    place = {point: index for index, point in enumerate(used)}
    return Sheet(rows[used], [[place[corner] for corner in polygon] for polygon in polygons])


def edges(polygons: Polygons) -> tuple[Indices, Indices]:
    """All edges, [E, 2], each once and directed as its first polygon has it; and those of them at the border."""
    seen: dict[tuple[int, int], int] = {}
    directed: dict[tuple[int, int], tuple[int, int]] = {}
    for polygon in polygons:
        for here, there in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
            key = (min(here, there), max(here, there))
            seen[key] = seen.get(key, 0) + 1
            directed.setdefault(key, (here, there))
    border = [directed[key] for key, count in seen.items() if count == 1]
    return np.array(list(directed.values()), dtype=np.int64).reshape(-1, 2), np.array(border, dtype=np.int64).reshape(-1, 2)


def normals(points: Floats, polygons: Polygons) -> Floats:
    """Unit normals at the points [N, 3], weighted by area."""
    found = np.zeros_like(points)
    for size in {len(polygon) for polygon in polygons}:
        same = np.array([polygon for polygon in polygons if len(polygon) == size])
        corners = points[same]
        area = np.cross(corners, np.roll(corners, -1, axis=1)).sum(axis=1)
        for corner in range(size):
            np.add.at(found, same[:, corner], area)
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12))


def smoothed(points: Floats, polygons: Polygons, rounds: int, border_only: bool = False) -> Floats:
    """``points`` drawn half-way to the mean of their neighbours, ``rounds`` times; those of the border only along the border."""
    every, border = edges(polygons)
    inner = np.ones(len(points), dtype=bool)
    inner[border.ravel()] = False
    links = border if border_only else np.concatenate([every[inner[every].any(axis=1)], border])
    here = np.concatenate([links[:, 0], links[:, 1]])
    there = np.concatenate([links[:, 1], links[:, 0]])
    counted = inner[here] | ~inner[there]
    here, there = here[counted], there[counted]
    count = np.maximum(np.bincount(here, minlength=len(points)), 1)[:, None]
    moving = ~inner[:, None] | (not border_only)
    for _ in range(rounds):
        total = np.zeros_like(points)
        np.add.at(total, here, points[there])
        points = np.where(moving, 0.5 * points + 0.5 * total / count, points)
    return points


def hemmed(sheet: Sheet, thickness: float, width: float) -> tuple[Sheet, Floats]:
    """``sheet`` with its borders turned in: ``thickness`` metres thick, ``width`` wide; and 1 at the border's points, else 0."""
    every, border = edges(sheet.polygons)
    outward = normals(sheet.points, sheet.polygons)
    rim = np.unique(border)
    inner = np.ones(len(sheet.rows), dtype=bool)
    inner[rim] = False
    back = np.zeros_like(sheet.points)
    for one, two in ((0, 1), (1, 0)):
        leads = ~inner[every[:, one]] & inner[every[:, two]]
        np.add.at(back, every[leads, one], sheet.points[every[leads, two]] - sheet.points[every[leads, one]])
    back /= np.maximum(np.linalg.norm(back, axis=1, keepdims=True), 1e-9)
    place = np.full(len(sheet.rows), -1)
    place[rim] = np.arange(len(rim)) + len(sheet.rows)
    folded, ends = sheet.rows[rim].copy(), sheet.rows[rim].copy()
    folded[:, :3] -= thickness * outward[rim]
    ends[:, :3] += width * back[rim] - thickness * outward[rim]
    new: Polygons = []
    for here, there in border:
        inside, beside = int(place[here]), int(place[there])
        new.append([int(there), int(here), inside, beside])
        new.append([beside, inside, inside + len(rim), beside + len(rim)])
    rows = np.concatenate([sheet.rows, folded, ends])
    return Sheet(rows, [*sheet.polygons, *new]), (np.arange(len(rows)) >= len(sheet.rows)).astype(np.float64) + ~np.pad(
        inner, (0, 2 * len(rim)), constant_values=True
    )
