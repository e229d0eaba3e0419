"""Beards: from stubble to full."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.random import Generator

from render.blender.figure.person_file import Part
from render.people.hairline import beard as outline
from render.people.head import Head, Roots, unit
from render.people.nearest import Nearest
from render.people.source import Floats

LEAST, STUBBLE = 0.05, 0.35
"""``amount`` of beard: up to the first none, up to the second stubble, then longer and longer."""
LONGEST = 0.03
"""Metres, at the chin, at amount 1."""


def hairless(skin: Part) -> Floats:
    """0 on the lips and in the mouth, 1 elsewhere: of every point of the skin."""
    free = np.ones(skin.count)
    for name in ("lips", "inside_mouth"):
        if name in skin.fields:
            free *= 1 - np.clip(3 * np.frombuffer(skin.fields[name], dtype=np.float32), 0, 1)
    return free


def beard(head: Head, free: Floats, amount: float, dice: Generator) -> tuple[Floats, Roots, float]:
    """Strands, [N, K, 3], their roots, and their radius; ``free`` is `hairless`."""
    stubble = amount <= STUBBLE
    share = (amount - STUBBLE) / (1 - STUBBLE)
    count, points = (6500, 2) if stubble else (4500, 4)
    radius = 0.00006 if stubble else 0.00008
    roots = head.scatter(dice, partial(outline, head), count)
    roots = head.kept(roots, dice.random(len(roots)) < roots.mix(free[:, None])[:, 0])
    root, normal = roots.mix(head.points), head.normal(roots)
    front, up = head.front_up(root).T
    chin = np.clip((front - 0.35) / 0.4, 0, 1) * np.clip((-up - 0.3) / 0.3, 0, 1)
    length = 0.0022 * (0.6 + amount) * np.ones(len(root)) if stubble else 0.004 + (LONGEST - 0.004) * share * (0.35 + 0.65 * chin)
    length = length * dice.uniform(0.7, 1.0, len(root))
    lips = Nearest(head.points[(free < 0.5) & (head.front_up(head.points)[:, 0] > 0.8)])(root)[0]
    length = np.where(front > 0.8, np.minimum(length, 0.003 + 1.3 * lips), length)
    aside = np.sign(root[:, 0]) * np.clip((front - 0.8) / 0.15, 0, 1) * np.clip((up + 0.48) / 0.1, 0, 1)
    way = np.stack([1.1 * aside, -0.35 * np.clip(1.2 - front, 0, 1), -np.ones(len(root))], axis=1)
    way = unit(way - np.einsum("nd,nd->n", way, normal)[:, None] * normal)
    way = unit(way + (0.9 if stubble else 0.55) * normal + dice.normal(0, 0.18, way.shape))
    strand = [root - 0.0004 * normal]
    for _ in range(1, points):
        strand.append(strand[-1] + (length / (points - 1))[:, None] * way)
        way = unit(way + np.array([0.0, 0.0, -0.25]) + dice.normal(0, 0.1, way.shape))
    found = np.stack(strand, axis=1)
    found[:, 1:] = head.pushed_out(found[:, 1:].reshape(-1, 3), np.repeat(0.25 * np.minimum(length, 0.008), points - 1)).reshape(
        len(root), -1, 3
    )
    return found, roots, radius
