"""Scalp hair of a character."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from render.people.growth import GUIDES, KNOT_AT, Comb, guides, strands
from render.people.hair_styles import KNOT, PARTED, Style
from render.people.head import Density, Head, Roots, unit
from render.people.source import Floats

TAIL = 900
"""Strands of a pony tail."""


def scalp_hair(head: Head, density: Density, style: Style, longer: float, dice: Generator) -> tuple[Floats, Floats]:
    """Strands of ``style``, [N, points, 3], and which side of the head's temples each is from, 0 to 1 (where grey begins).

    ``density`` is where it grows (`hairline.scalp`); lengths are ``longer`` times the style's.
    """
    comb = Comb(
        style,
        parting=float(dice.choice([-1, 1]) * dice.uniform(0.018, 0.036) * (1.0 if style.combed == PARTED else 0.6)),
        turn=float(dice.choice([-1, 1])),
    )
    led = head.scatter(dice, lambda points: (density(points) > 0).astype(np.float64), GUIDES)
    reach = _lengths(head, led, style, longer)
    ways = guides(head, led, comb, reach, dice)
    roots = head.scatter(dice, density, style.strands)
    lengths = _lengths(head, roots, style, longer) * dice.uniform(0.82, 1.0, len(roots))
    lengths *= 0.55 + 0.45 * density(roots.mix(head.points))
    found = strands(head, roots, lengths, ways, reach, comb, dice)
    temples = np.clip(1.2 - head.front_up(found[:, 0])[:, 1], 0.0, 1.0)
    if style.combed == KNOT:
        tail = _tail(head, style, dice)
        found, temples = np.concatenate([found, tail]), np.concatenate([temples, np.full(len(tail), 0.3)])
    return found, temples


def _lengths(head: Head, roots: Roots, style: Style, longer: float) -> Floats:
    """How long hair of ``style`` is at each root."""
    up = head.front_up(roots.mix(head.points))[:, 1]
    top = np.clip((up - 0.25) / 0.5, 0.0, 1.0)
    low = np.clip((up + 0.35) / 0.5, 0.0, 1.0)
    return np.asarray(longer * (style.nape + (style.sides - style.nape) * low + (style.top - style.sides) * top))


def _tail(head: Head, style: Style, dice: Generator) -> Floats:
    """A pony tail: from the knot back and down, spreading a little."""
    along = np.linspace(0.0, 1.0, style.points)[None, :, None]
    knot = head.pushed_out(head.at(*KNOT_AT)[None], 0.012)
    out = unit(head.above(knot)[1])
    length = 0.24 * dice.uniform(0.75, 1.0, (TAIL, 1, 1))
    middle = knot + 0.05 * np.sin(np.minimum(1.0, 2 * along) * np.pi / 2) * out + length * (along**1.4) * np.array([0.0, 0.12, -1.0])
    around = dice.normal(size=(TAIL, 1, 3)) * [1.0, 0.7, 0.5]
    around /= np.maximum(1.0, np.linalg.norm(around, axis=-1, keepdims=True))
    width = 0.006 + 0.022 * np.sin(np.pi * np.clip(along, 0, 0.8)) * (1 - 0.5 * along)
    points = middle + around * width
    flat = head.pushed_out(points.reshape(-1, 3), 0.006)
    return np.asarray(flat.reshape(points.shape))
