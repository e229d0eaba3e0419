"""A stylised head with shape keys, so that expressions can be rendered without any asset.

Front towards -y, z up, about one unit from the middle of the head to its top. Every piece is a grid of points, computed
from the weights of the expression: the neutral one gives the mesh, each expression at 1 a shape key.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from render.blender.builtin.grids import Grid, Point, Weights, add_piece, cap, ellipsoid, fixed, sphere, tube
from render.blender.builtin.shapes import Shapes

KEYS = ("smile", "frown", "mouthOpen", "mouthPucker", "eyesClosed", "eyesWide", "browsUp", "browsDown")

_ROWS, _COLUMNS = 96, 128
_MOUTH_Z, _LIP_STEPS, _LIP_SIDES = -0.43, 40, 10
_EYE, _EYE_RADIUS, _LID = (0.29, -0.655, 0.13), 0.16, 1.13
"""The lid's radius is over the eye's: vertices move along chords, and must stay outside the eye half-way."""
_UPPER, _LOWER = (34.0, -22.0, 54.0), (-40.0, -25.0, -50.0)
"""Degrees of the lids' edges above the line of sight: neutral, closed, wide open."""


def face() -> Any:
    """A bust; one object for each piece. Returns the head."""
    s = Shapes("face")
    skin, lip, dark = s.paint(0.76, 0.42, 0.27, 0.5), s.paint(0.52, 0.15, 0.11, 0.45), s.paint(0.05, 0.008, 0.01, 0.6)
    white, tooth, iris = s.paint(0.85, 0.85, 0.83, 0.12), s.paint(0.86, 0.84, 0.76, 0.25), s.paint(0.03, 0.2, 0.32, 0.15)
    black, hair, shirt = s.paint(0.006, 0.006, 0.007, 0.12), s.paint(0.10, 0.035, 0.012, 0.55), s.paint(0.03, 0.16, 0.42, 0.7)
    red, gold = s.paint(0.7, 0.05, 0.03, 0.35), s.paint(0.8, 0.5, 0.1, 0.25, 1.0)
    paint = s.materials

    def add(name: str, material: Any, make: Callable[[Weights], Grid]) -> Any:
        return add_piece(name, material, KEYS, make)

    head = add("head", paint[skin], _head())
    add("hair", paint[hair], _hair())
    add("neck", paint[skin], fixed(tube([(0.0, 0.12, -0.6), (0.0, 0.15, -0.95), (0.0, 0.18, -1.2)], [0.36, 0.34, 0.42])))
    add("shirt", paint[shirt], fixed(ellipsoid((0.0, 0.2, -1.4), (0.84, 0.5, 0.34))))
    add("badge", paint[red], fixed(ellipsoid((0.34, -0.22, -1.3), (0.085, 0.05, 0.085))))
    add("earring", paint[gold], fixed(ellipsoid((-0.83, 0.0, -0.26), (0.035, 0.035, 0.06))))
    for side in (-1.0, 1.0):
        add("ear", paint[skin], fixed(ellipsoid((side * 0.8, 0.06, -0.02), (0.07, 0.15, 0.22))))
        add("inner ear", paint[lip], fixed(ellipsoid((side * 0.845, 0.02, -0.01), (0.035, 0.075, 0.13))))
        eye = (side * _EYE[0], _EYE[1], _EYE[2])
        add("eye", paint[white], fixed(ellipsoid(eye, (_EYE_RADIUS,) * 3)))
        add("iris", paint[iris], fixed(cap(eye, _EYE_RADIUS * 1.012, 30.0)))
        add("pupil", paint[black], fixed(cap(eye, _EYE_RADIUS * 1.024, 14.0)))
        add("upper lid", paint[skin], _lid(eye, 112.0, _UPPER))
        add("lower lid", paint[skin], _lid(eye, -112.0, _LOWER))
        add("lashes", paint[black], _lashes(eye))
        add("brow", paint[hair], _brow(side))
    add("mouth", paint[dark], _between(0.0, 1.0, 0.012))
    add("teeth", paint[tooth], _between(0.0, 0.42, 0.02))
    add("upper lip", paint[lip], _lip(0.0, 0.028))
    add("lower lip", paint[lip], _lip(1.0, 0.038))
    return head


def _bell(distance: float, width: float) -> float:
    return math.exp(-((distance / width) ** 2))


def _step(value: float, low: float, high: float) -> float:
    """0 below ``low``, 1 above ``high``, smooth between."""
    share = min(1.0, max(0.0, (value - low) / (high - low)))
    return share * share * (3.0 - 2.0 * share)


def _skin(direction: Point) -> Point:
    """The neutral skin in a direction from the middle of the head."""
    u, v, w = direction
    jaw = _step(-w, 0.05, 1.0)
    x, y, z = 0.79 * u * (1.0 - 0.26 * jaw), 0.86 * v, 0.98 * w
    if v > 0:
        return x, y * (1.08 - 0.4 * jaw), z
    out = 0.05 * _bell(math.hypot(abs(x) - 0.42, z + 0.2), 0.2) - 0.1 * _bell(math.hypot(abs(x) - 0.29, z - 0.13), 0.19)
    out += 0.05 * _bell(math.hypot(abs(x) - 0.3, z - 0.36), 0.16) + 0.09 * _bell(math.hypot(x, z + 0.78), 0.2)
    ridge = _step(z, -0.26, -0.14) * (1.0 - 0.75 * _step(z, -0.14, 0.2)) * (1.0 - _step(z, 0.15, 0.32))
    out += 0.21 * ridge * _bell(x, 0.085 - 0.02 * _step(z, -0.1, 0.2)) + 0.06 * _bell(math.hypot(abs(x) - 0.085, z + 0.17), 0.06)
    return x, y - out * _step(-v, 0.0, 0.4), z


def _front(x: float, z: float) -> float:
    """The y of the neutral skin's front at ``x``, ``z``."""
    u, w = x / 0.75, z
    for _ in range(8):
        px, py, pz = _skin((u, -math.sqrt(max(0.0, 1.0 - u * u - w * w)), w))
        u, w = u + (x - px) / 0.79, w + (z - pz) / 0.98
    return py


def _head() -> Callable[[Weights], Grid]:
    rest = [[_skin(direction) for direction in row] for row in sphere(_ROWS, _COLUMNS)]
    return lambda weights: [[_stirred(point, weights) for point in row] for row in rest]


def _stirred(point: Point, weights: Weights) -> Point:
    """Where a point of the neutral skin goes."""
    x, y, z = point
    if y > 0.1:
        return point
    front = _step(-y, 0.0, 0.35)
    side = math.copysign(1.0, x)
    lift = weights["smile"] - 0.6 * weights["frown"]
    if lift:
        cheek = front * _bell(math.hypot(abs(x) - 0.4, z + 0.26), 0.19)
        x, y, z = x + side * 0.035 * lift * cheek, y - 0.05 * lift * cheek, z + 0.06 * lift * cheek
    if weights["mouthOpen"]:
        z -= 0.17 * weights["mouthOpen"] * front * _step(-point[2], 0.4, 0.72)
    if weights["mouthPucker"]:
        hollow = front * _bell(math.hypot(abs(x) - 0.38, z + 0.4), 0.16)
        x, y = x - side * 0.03 * weights["mouthPucker"] * hollow, y + 0.05 * weights["mouthPucker"] * hollow
    rise = weights["browsUp"] - 0.6 * weights["browsDown"]
    if rise:
        z += 0.06 * rise * front * _bell(math.hypot((abs(x) - 0.28) / 1.6, z - 0.4), 0.13)
    return x, y, z


def _hair() -> Callable[[Weights], Grid]:
    """The skin's shape again, outside it above the hairline and inside below; parted on one side."""
    grid = []
    for row in sphere(_ROWS, _COLUMNS):
        points = []
        for direction in row:
            u, v, w = direction
            line = 0.2 - 0.68 * v if v > 0 else 0.2 + 0.52 * -v + 0.16 * (u + 0.25) ** 2 * -v
            fringe = 0.05 * _bell(u - 0.3, 0.35) * _step(-v, 0.3, 0.8)
            thick = 0.09 + 0.05 * _bell(u - 0.25, 0.3) - 0.03 * _bell(u + 0.3, 0.05) + 0.008 * math.sin(26 * u + 7 * v)
            swell = -0.08 + (thick + 0.08) * _step(w - line + fringe, -0.04, 0.09)
            x, y, z = _skin(direction)
            points.append((x * (1 + swell), y * (1 + swell), z * (1 + swell)))
        grid.append(points)
    return fixed(grid)


def _hinged(centre: Point, radius: float, across: float, up: float) -> Point:
    """A point of a sphere that turns about the line through both eyes; degrees."""
    beta, alpha = math.radians(across), math.radians(up)
    x, y, z = centre
    return (
        x + radius * math.sin(beta),
        y - radius * math.cos(beta) * math.cos(alpha),
        z + radius * math.cos(beta) * math.sin(alpha),
    )


def _edge(weights: Weights, angles: Point) -> float:
    """The angle of a lid's edge; ``angles`` are those neutral, closed and wide open."""
    neutral, closed, wide = angles
    return neutral + weights["eyesClosed"] * (closed - neutral) + weights["eyesWide"] * (wide - neutral)


def _lid(eye: Point, back: float, angles: Point) -> Callable[[Weights], Grid]:
    """A lid from the angle ``back`` to its edge, which turns inwards to the eye."""

    def make(weights: Weights) -> Grid:
        edge = _edge(weights, angles)
        rows = [(back + (edge - back) * row / 14, _LID) for row in range(15)]
        rows += [(edge, _LID - 0.04), (edge - math.copysign(3.0, edge - back), 0.97)]
        return [[_hinged(eye, _EYE_RADIUS * radius, across, angle) for across in range(-84, 85, 6)] for angle, radius in rows]

    return make


def _lashes(eye: Point) -> Callable[[Weights], Grid]:
    def make(weights: Weights) -> Grid:
        edge = _edge(weights, _UPPER) - 1.0
        path = [_hinged(eye, _EYE_RADIUS * (_LID + 0.02), across, edge) for across in range(-78, 79, 6)]
        thick = [0.013 * (1.0 - 0.7 * (step / 13 - 1) ** 2) for step in range(len(path))]
        return tube(path, thick, 8)

    return make


def _brow(side: float) -> Callable[[Weights], Grid]:
    def make(weights: Weights) -> Grid:
        path = []
        for step in range(21):
            share = step / 20
            x = side * (0.13 + 0.36 * share)
            z = 0.37 + 0.07 * math.sin(math.pi * share * 0.8)
            z += weights["browsUp"] * (0.07 + 0.03 * math.sin(math.pi * share)) - weights["browsDown"] * (0.12 - 0.1 * share)
            path.append((x, _front(x, z) - 0.02 - 0.03 * weights["browsUp"], z))
        return tube(path, [0.042 * (1.0 - 0.6 * (step / 20) ** 2) for step in range(21)], 10)

    return make


def _rim(weights: Weights, below: float, share: float) -> Point:
    """A point of the mouth's rim: ``share`` from -1 at its right corner to 1, ``below`` 0 for the upper lip, 1 for the lower."""
    smile, frown, wide, pucker = (weights[key] for key in ("smile", "frown", "mouthOpen", "mouthPucker"))
    half = 0.235 + 0.095 * smile - 0.01 * frown - 0.03 * wide - 0.105 * pucker
    corner = 0.01 + 0.1 * smile - 0.11 * frown
    arch = 1.0 - share * share
    top = 0.012 - 0.015 * smile + 0.035 * frown + 0.03 * wide + 0.018 * pucker
    bottom = -0.012 - 0.075 * smile + 0.02 * frown - 0.21 * wide - 0.03 * pucker
    x = half * share
    z = _MOUTH_Z + corner * share * share + arch * (top + (bottom - top) * below)
    return x, _front(x, z) - 0.055 * pucker * arch, z


def _between(start: float, end: float, ahead: float) -> Callable[[Weights], Grid]:
    """The sheet between the lips from share ``start`` to ``end`` of the way down, ``ahead`` of the skin."""

    def make(weights: Weights) -> Grid:
        shares = [2 * step / _LIP_STEPS - 1 for step in range(_LIP_STEPS + 1)]
        grid = []
        for row in range(7):
            rim = [_rim(weights, start + (end - start) * row / 6, share) for share in shares]
            grid.append([(x, y - ahead, z) for x, y, z in rim])
        return grid

    return make


def _lip(below: float, thick: float) -> Callable[[Weights], Grid]:
    def make(weights: Weights) -> Grid:
        shares = [2 * step / _LIP_STEPS - 1 for step in range(_LIP_STEPS + 1)]
        path = [_rim(weights, below, share) for share in shares]
        shift = thick * (0.6 if below == 0.0 else -0.6)
        path = [(x, y - 0.012, z + shift * (1.0 - share * share)) for (x, y, z), share in zip(path, shares, strict=True)]
        return tube(path, [thick * (0.45 + 0.55 * (1.0 - share * share)) for share in shares], _LIP_SIDES)

    return make
