"""How scalp hair grows: a few guides find their way over the head, and every strand follows the guide that is nearest to its root."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from render.people.hair_styles import BACK, FALLING, KNOT, OUT, PARTED, Style
from render.people.head import Head, Roots, unit
from render.people.nearest import Nearest
from render.people.source import Floats, Indices

GUIDES = 900
SUNK = 0.001
"""Metres under the skin at which strands start, so that none floats where the skin is rounded by subdivision."""
WHORL_AT = (-0.42, 0.93, 0.012)
KNOT_AT = (-0.86, 0.42, 0.0)
"""``front``, ``up`` and metres to the left."""
DOWN = np.array([0.0, 0.0, -1.0])


@dataclass(frozen=True)
class Comb:
    """What one person's hair is combed by: the style, the parting's place (metres to the left) and the whorl's sense of turning."""

    style: Style
    parting: float
    turn: float


def guides(head: Head, roots: Roots, comb: Comb, lengths: Floats, dice: Generator) -> Floats:
    """A guide from every root: [N, points, 3]."""
    style, count = comb.style, comb.style.points
    layer = style.volume * dice.uniform(0.15, 1.0, len(roots))
    lift: Floats = style.lift * dice.uniform(0.8, 1.2, len(roots))[:, None]
    points = [roots.mix(head.points)]
    normals = head.normal(roots)
    way = unit(normals * lift + _combed(head, points[0], normals, comb) * (1.0 - lift))
    steps = lengths / (count - 1)
    for index in range(1, count):
        past = index / (count - 1)
        at = points[-1] + steps[:, None] * way
        height, normals = head.above(at)
        near = np.exp(-np.maximum(0.0, height - layer) / 0.012)[:, None]
        combed = _combed(head, at, normals, comb)
        upright = lift * max(0.0, 1 - 2.5 * past) if style.combed != OUT else lift
        held = unit(near * combed + (1 - near) * unit(way)) if style.combed != OUT else normals
        way = unit(upright * normals + (1 - upright) * held + style.weight * (0.4 + past) * DOWN)
        least = np.minimum(layer, 0.001 + 1.5 * past * layer)
        if style.combed == FALLING:
            way = unit(way + near * _off_shoulders(head, at, normals))
        if style.combed != OUT:  # held down: it does not stand off where the head turns away under it, above the ears
            held_down = 0.5 if style.combed != FALLING else 0.35 * _step((head.front_up(at)[:, 1] + 0.2) / 0.4)
            at = at - (np.maximum(0.0, height - layer) * held_down)[:, None] * normals
        points.append(clear(head, at, least, style))
    return np.stack(points, axis=1)


def strands(head: Head, roots: Roots, lengths: Floats, of: Floats, reach: Floats, comb: Comb, dice: Generator) -> Floats:
    """A strand from every root, [N, points, 3], along the nearest of the guides ``of``, which are ``reach`` metres long."""
    style = comb.style
    start, normals = roots.mix(head.points), head.normal(roots)
    _, nearest = Nearest(of[:, 0])(start)
    along = np.linspace(0.0, 1.0, style.points)
    guide = _cut_short(of[nearest], np.clip(lengths / reach[nearest], 0.3, 1.0))
    draw = style.clump * dice.uniform(0.6, 1.1, len(roots)) * (dice.random(len(roots)) > 0.06)
    spread = (start - of[nearest, 0])[:, None] * (1 - np.clip(draw, 0, 1)[:, None] * along**0.7)[..., None]
    points = guide + spread + _strayed(lengths, along, style, dice)
    if style.curl:
        points += _curled(points, lengths, along, style, nearest, dice)
    points[:, 0] = start
    least = np.minimum(0.0006 + 0.003 * along, 0.5 * lengths[:, None] * along)
    flat = clear(head, points[:, 1:].reshape(-1, 3), least[:, 1:].ravel(), style)
    points[:, 1:] = flat.reshape(len(roots), -1, 3)
    points[:, 0] -= SUNK * normals
    return np.asarray(points)


def clear(head: Head, points: Floats, least: Floats, style: Style) -> Floats:
    """Points moved out of the skin, and, in styles that leave the face free, to its sides; further out over clothes."""
    front, up = head.front_up(points).T
    if style.off_face:
        width = 0.71 * np.abs(head.points[:, 0][head.is_ear]).mean()
        width = width * _step((0.80 - up) / 0.45) * _step((front - 0.10) / 0.25) * _step((up + 1.6) / 0.4)
        side = np.where(points[:, 0] < 0, -1.0, 1.0)
        points = np.stack([side * np.maximum(np.abs(points[:, 0]), width), points[:, 1], points[:, 2]], axis=1)
    return head.pushed_out(points, least + 0.012 * _step((-1.0 - up) / 0.5))


def _off_shoulders(head: Head, points: Floats, normals: Floats) -> Floats:
    """Which way hair slides that has come down on the shoulders: to the chest or to the back, and inwards."""
    front, up = head.front_up(points).T
    lies = _step((normals[:, 2] - 0.2) / 0.5) * _step((-0.7 - up) / 0.3)
    ahead = np.where(front > -0.15, -1.3, 1.3)
    return np.asarray(lies[:, None] * np.stack([-0.9 * np.sign(points[:, 0]), ahead, np.zeros_like(up)], axis=1))


def _combed(head: Head, points: Floats, normals: Floats, comb: Comb) -> Floats:
    """Which way hair at ``points`` is combed, along the skin: unit vectors."""
    front, up = head.front_up(points).T
    whorl = points - head.at(*WHORL_AT)
    way = unit(whorl)
    kind = comb.style.combed
    side = np.tanh((points[:, 0] - comb.parting) / 0.008)
    if kind == PARTED:
        top = _step((up - 0.45) / 0.3)[:, None]
        over = np.stack([side, 0.35 + 0.25 * np.abs(side), np.zeros_like(side)], axis=1)
        way = unit(top * unit(over) + (1 - top) * unit(np.array([0.0, 0.55, -1.0])))
    elif kind == BACK:
        top = _step((up - 0.25) / 0.4)[:, None]
        way = unit(top * np.array([0.0, 1.0, 0.0]) + (1 - top) * unit(np.array([0.0, 0.9, -0.6])))
    elif kind == FALLING:
        top = _step((up - 0.5) / 0.4)[:, None]
        over = np.stack([side, np.where(front > 0.2, 0.3, 0.1), -0.15 + np.zeros_like(side)], axis=1)
        way = unit(top * unit(over) + (1 - top) * np.stack([np.zeros_like(side), 0.35 * _step(front / 0.3), -np.ones_like(side)], axis=1))
    elif kind == KNOT:
        way = unit(head.at(*KNOT_AT) - points)
    else:
        turned = np.cross(normals, way) * comb.turn
        swirl = np.exp(-np.linalg.norm(whorl, axis=1) / 0.035)[:, None]
        way = unit(way + 1.2 * swirl * turned)
    along = way - np.einsum("nd,nd->n", way, normals)[:, None] * normals
    return unit(along)


def _cut_short(curves: Floats, share: Floats) -> Floats:
    """The first ``share`` of every curve, in as many points."""
    count = curves.shape[1]
    place = np.linspace(0.0, 1.0, count)[None] * share[:, None] * (count - 1)
    low = np.minimum(place.astype(np.int64), count - 2)
    rest = (place - low)[..., None]
    rows = np.arange(len(curves))[:, None]
    return np.asarray(curves[rows, low] * (1 - rest) + curves[rows, low + 1] * rest)


def _strayed(lengths: Floats, along: Floats, style: Style, dice: Generator) -> Floats:
    """Where each strand goes that its neighbours do not, growing along it: [N, points, 3]."""
    count = len(lengths)
    far = style.stray * np.minimum(lengths, 0.12) * np.where(dice.random(count) < 0.08, 2.2, 1.0)
    straight, bent = dice.normal(size=(2, count, 1, 3))
    phase = dice.uniform(0, 2 * np.pi, (count, 1, 1))
    wave = np.sin(phase + 5 * along[None, :, None]) - np.sin(phase)
    return np.asarray(far[:, None, None] * (along[None, :, None] * straight + 0.6 * wave * bent))


def _curled(points: Floats, lengths: Floats, along: Floats, style: Style, clump: Indices, dice: Generator) -> Floats:
    """Coils round the strands; neighbours of a clump coil together, nearly."""
    way = unit(np.gradient(points, axis=1))
    first = unit(np.cross(way, np.where(np.abs(way[..., 2:]) > 0.8, [1.0, 0.0, 0.0], [0.0, 0.0, 1.0])))
    second = np.cross(way, first)
    shared = (clump * 0.618034) % 1.0
    phase = 2 * np.pi * shared + dice.normal(0, 0.3, len(points))
    sense = np.where(shared * 7 % 1.0 < 0.5, -1.0, 1.0)
    turns = style.turns * (0.8 + 0.4 * (shared * 13 % 1.0)) * lengths
    angle = phase[:, None] + sense[:, None] * 2 * np.pi * turns[:, None] * along
    radius = style.curl * np.minimum(1.0, 4 * along) * dice.uniform(0.7, 1.2, len(points))[:, None]
    return np.asarray(radius[..., None] * (np.cos(angle)[..., None] * first + np.sin(angle)[..., None] * second))


def _step(share: Floats) -> Floats:
    """0 up to 0, 1 from 1 on, smooth between."""
    part = np.clip(share, 0.0, 1.0)
    return np.asarray(part * part * (3 - 2 * part))
