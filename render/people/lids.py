"""Lids that fit their eyeball: they close exactly, and slide round the eye where MakeHuman's offsets go straight.

MakeHuman's face units are the same offsets for every phenotype, so that a lid made for one eye stops short of the lower lid of
another or runs over it, and half-way down cuts through the ball. Here ``eyeBlink`` is scaled along the lid until the margins meet,
points that would end inside the eyeball are set in front of it, and what a straight way lacks half-way goes to `Body.halfway`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from render.people import source
from render.people.eyes import Eye, cornea_radius, eye
from render.people.piece import Body
from render.people.source import Floats, Indices, Target

UPPER = (6850, 6847, 6886, 6844, 6841, 6838, 6785, 6784, 6790, 6793, 6796, 6799, 6802, 6805, 6808)
LOWER = (6850, 6853, 6856, 6837, 11695, 6834, 6831, 6828, 6825, 6820, 6817, 6814, 11693, 6811, 6808)
"""Front edges of the left lids from the inner to the outer corner, points of the base mesh."""

CLEAR = 2.5e-4
"""Metres that a visible point of a lid keeps from the eyeball, if it has as much at rest."""
OVER = 6e-4
"""Metres by which the margin of a closed upper lid lies before that of the lower one."""
CLOSED = 12e-4
"""Metres by which a closed lid may stand farther from the eyeball than the open one."""
UNITS = ("eyeBlink", "eyeWide", "eyeSquint", "eyeLookUp", "eyeLookDown", "eyeLookIn", "eyeLookOut", "cheekSquint", "browDown")


@lru_cache(maxsize=2)
def margins(side: str) -> tuple[Indices, Indices]:
    """Front edges of the upper and the lower lid on ``side`` (L or R), from the inner to the outer corner."""
    upper, lower = np.array(UPPER), np.array(LOWER)
    return (upper, lower) if side == "L" else (source.mirrored(upper), source.mirrored(lower))


def fitted(body: Body) -> Body:
    """``body`` with lids that fit."""
    units, halfway = dict(body.units), dict(body.halfway)
    for side, word in (("L", "Left"), ("R", "Right")):
        ball = eye(body, side)
        units[f"eyeBlink{word}"] = _meeting(body, side, units[f"eyeBlink{word}"])
        near = _near(body, ball)
        for name in (f"{unit}{word}" for unit in UNITS):
            units[name], arc = _round(body, ball, near, name, units[name])
            if len(arc.points):
                halfway[name] = arc
    return replace(body, units=units, halfway=halfway)


def _meeting(body: Body, side: str, blink: Target) -> Target:
    """``blink`` mended so that the upper margin comes down onto the lower one, point by point along their lengths.

    What that adds to a margin's way is added to all that moves with it, in the measure in which it does.
    """
    upper, lower = margins(side)
    way = np.zeros_like(body.points)
    way[blink.points] = blink.offsets
    closed = body.points + way
    along_upper, along_lower = _along(body.points[upper]), _along(body.points[lower])
    met = np.stack([np.interp(along_upper, along_lower, closed[lower, axis]) for axis in range(3)], axis=1)
    met[:, 1] -= OVER * np.sin(np.pi * along_upper)
    added = met - closed[upper]
    across = np.abs(body.points[:, 0])
    order = np.argsort(across[upper])
    place = across[upper][order]
    beside = np.stack([np.interp(across[blink.points], place, added[order, axis]) for axis in range(3)], axis=1)
    most = np.interp(across[blink.points], place, np.linalg.norm(way[upper], axis=1)[order])
    share = np.clip(np.linalg.norm(blink.offsets, axis=1) / np.maximum(most, 1e-4), 0.0, 1.0)
    share[np.isin(blink.points, lower)] = 0.0
    return Target(blink.points, blink.offsets + share[:, None] * beside)


def _along(points: Floats) -> Floats:
    """Places of the points of a line along its length, 0 to 1."""
    steps = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    return np.asarray(steps / steps[-1])


def _near(body: Body, ball: Eye) -> Indices:
    """The points of the skin close to the front of the eyeball."""
    way = body.points[: source.BODY] - ball.centre
    distance = np.linalg.norm(way, axis=1)
    return np.flatnonzero((np.abs(distance - ball.radius) < 0.4 * ball.radius) & (way @ ball.axis > 0.15 * distance))


def clearance(points: Floats, ball: Eye, axis: Floats) -> Floats:
    """Distance in metres of points [N, 3] from the eyeball, or its cornea, that looks along ``axis``; negative inside."""
    way = points - ball.centre
    distance = np.linalg.norm(way, axis=1)
    angle = np.arccos(np.clip((way @ axis) / distance, -1.0, 1.0))
    return np.asarray(distance - ball.radius * cornea_radius(angle))


def _round(body: Body, ball: Eye, near: Indices, name: str, unit: Target) -> tuple[Target, Target]:
    """``unit`` kept out of the eyeball at its full value, and what must be added half-way."""
    way = np.zeros_like(body.points)
    way[unit.points] = unit.offsets
    moved = near[np.linalg.norm(way[near], axis=1) > 1e-5]
    rest, full = body.points[moved], ball.looking(name, 1.0)
    before = clearance(rest, ball, ball.axis)
    after = clearance(rest + way[moved], ball, full)
    wanted = np.where(before > 0, np.clip(after, np.minimum(before, CLEAR), np.maximum(before, 0) + CLOSED), after)
    way[moved] += (wanted - after)[:, None] * _outward(rest + way[moved], ball)
    half = rest + 0.5 * way[moved]
    lacking = 0.5 * (before + wanted) - clearance(half, ball, ball.looking(name, 0.5))
    lacks = lacking > 1e-5
    arc = Target(moved[lacks], lacking[lacks, None] * _outward(half, ball)[lacks])
    points = np.union1d(unit.points, moved)
    return Target(points, way[points]), arc


def _outward(points: Floats, ball: Eye) -> Floats:
    way = points - ball.centre
    return np.asarray(way / np.linalg.norm(way, axis=1, keepdims=True))
