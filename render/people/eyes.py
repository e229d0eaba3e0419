"""Eyeballs of our own: MakeHuman's are coarse, and its face units shift them, where an eye turns.

Each is a sphere about the eye bone's head with rings that lie closer towards the front, an iris sunk into it, and a clear cornea
that bulges over that. All of it follows the eye bone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from render.blender.figure.person_file import Part
from render.people import source
from render.people.piece import Body, numbers, surface
from render.people.skeleton import bones
from render.people.source import Floats, Indices

SEGMENTS = 48
IRIS = 0.36
"""Radius of the iris as a share of the eyeball's: 12 mm across for MakeHuman's eyes, whose lids are 32 mm wide."""
PUPIL = 0.30
"""Radius of the pupil as a share of the iris'."""
BULGE = 0.055
"""How far the cornea rises above the sphere, as a share of its radius."""
SINK = 0.05
"""How far the iris lies below the sphere's cap at the limbus, as a share of its radius."""

AXES = {"eyeLookUp": "x", "eyeLookDown": "x", "eyeLookIn": "z", "eyeLookOut": "z"}


@dataclass(frozen=True)
class Eye:
    """An eyeball: centre and radius in metres, where it looks at rest, and its turns by face unit: axis, degrees at full value."""

    centre: Floats
    radius: float
    axis: Floats
    turns: dict[str, tuple[str, float]]

    def looking(self, unit: str, value: float) -> Floats:
        """Where it looks when ``unit`` is at ``value``."""
        if unit not in self.turns:
            return self.axis
        about, degrees = self.turns[unit]
        return np.asarray(turned(self.axis[None], about, degrees * value)[0])


def turned(points: Floats, about: str, degrees: float) -> Floats:
    """Points [N, 3] turned about the axis x or z through the origin, right-handed."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y, z = points.T
    if about == "x":
        return np.stack([x, cosine * y - sine * z, sine * y + cosine * z], axis=1)
    return np.stack([cosine * x - sine * y, sine * x + cosine * y, z], axis=1)


def eye(body: Body, side: str) -> Eye:
    """The eyeball on ``side`` (L or R): about the bone's head, as large as MakeHuman's, looking straight on at the bone's height."""
    bone = next(bone for bone in bones(body.points) if bone.name == f"eye.{side}")
    centre, tail = np.array(bone.head), np.array(bone.tail)
    points = np.unique(source.base().quads[f"helper-{side.lower()}-eye"])
    radius = float(np.median(np.linalg.norm(body.points[points] - centre, axis=1)))
    pitch = math.degrees(math.atan2(tail[2] - centre[2], centre[1] - tail[1]))
    axis = turned(np.array([[0.0, -1.0, 0.0]]), "x", -pitch)[0]
    return Eye(centre, radius, axis, _turns(body, side, points, centre))


def _rings(angles: list[float], radii: list[float]) -> tuple[Floats, list[list[int]]]:
    """A surface of revolution about −y: its points at ``angles`` from the front pole, ``radii`` from the centre; poles are fans."""
    points, polygons = [], []
    for angle, radius in zip(angles, radii, strict=True):
        if angle in (0.0, math.pi):
            points.append(np.array([[0.0, -radius * math.cos(angle), 0.0]]))
            continue
        turn = np.arange(SEGMENTS) * (2 * math.pi / SEGMENTS)
        across = radius * math.sin(angle)
        points.append(np.stack([across * np.cos(turn), np.full(SEGMENTS, -radius * math.cos(angle)), across * np.sin(turn)], axis=1))
    starts = np.cumsum([0, *(len(ring) for ring in points)]).tolist()
    for ring in range(len(points) - 1):
        here, there = starts[ring], starts[ring + 1]
        for one in range(SEGMENTS):
            two = (one + 1) % SEGMENTS
            if len(points[ring]) == 1:
                polygons.append([here, there + one, there + two])
            elif len(points[ring + 1]) == 1:
                polygons.append([here + one, there, here + two])
            else:
                polygons.append([here + one, there + one, there + two, here + two])
    return np.concatenate(points), polygons


def _eyeball(radius: float) -> tuple[Floats, list[list[int]], Floats]:
    """Points, polygons and the radial place in the iris (1 from the limbus on)."""
    limbus = math.asin(IRIS)
    flat = math.cos(limbus) - SINK
    inside = [0.0, 0.1, 0.2, PUPIL, PUPIL + 0.03, 0.45, 0.6, 0.75, 0.88, 0.97]
    angles = [math.atan2(share * IRIS, flat + 0.02 * share) for share in inside]
    radii = [math.hypot(share * IRIS, flat + 0.02 * share) for share in inside]
    around = np.linspace(0.0, 1.0, 22) ** 1.4
    white = [limbus + (math.pi - limbus) * share for share in around]
    points, polygons = _rings([*angles, *white[:-1], math.pi], [radius * one for one in radii] + [radius] * len(white))
    across = np.linalg.norm(points[:, [0, 2]], axis=1) / (IRIS * radius)
    across[1 + SEGMENTS * (len(inside) - 1) :] = 1.0
    return points, polygons, across


def cornea_radius(angle: Floats | float) -> Floats:
    """Distance of the clear surface from the centre, as a share of the eyeball's radius, at angles in radians from the front pole."""
    edge = 1.12 * math.asin(IRIS)
    inside = np.clip(1 - (np.asarray(angle) / edge) ** 2, 0.0, 1.0)
    return np.asarray(1.0 + BULGE * inside**1.5)


def _cornea(radius: float) -> tuple[Floats, list[list[int]]]:
    edge = 1.12 * math.asin(IRIS)
    angles = [edge * step / 12 for step in range(13)]
    radii = [radius * (float(cornea_radius(angle)) + 0.003 * (1 - (angle / edge) ** 8)) for angle in angles]
    return _rings(angles, radii)


def _turns(body: Body, side: str, points: Indices, centre: Floats) -> dict[str, tuple[str, float]]:
    """The turns that carry the front of MakeHuman's eye, of ``points``, to where its face units shift it."""
    word = "Left" if side == "L" else "Right"
    front = points[np.argsort(body.points[points, 1])[:12]]
    found = {}
    for name, axis in AXES.items():
        one = body.units[name + word]
        moved = body.points.copy()
        moved[one.points] += one.offsets
        (x0, y0, z0), (x1, y1, z1) = body.points[front].mean(axis=0) - centre, moved[front].mean(axis=0) - centre
        angle = math.atan2(z0, -y0) - math.atan2(z1, -y1) if axis == "x" else math.atan2(x1, -y1) - math.atan2(x0, -y0)
        found[name + word] = (axis, round(math.degrees(angle), 2))
    return found


def eyes(body: Body, colour: Sequence[float]) -> list[Part]:
    """eye_left, eye_right, cornea_left and cornea_right."""
    parts = []
    for side, word in (("L", "left"), ("R", "right")):
        ball = eye(body, side)
        pitch = math.degrees(math.atan2(ball.axis[2], -ball.axis[1]))
        points, polygons, iris = _eyeball(ball.radius)
        look = {
            "colour": list(colour), "radius": round(ball.radius, 6), "centre": [round(float(one), 6) for one in ball.centre],
            "axis": [round(float(one), 6) for one in ball.axis], "iris": IRIS,
            "turns": {name: list(turn) for name, turn in ball.turns.items()},
        }  # fmt: skip
        white = surface(f"eye_{word}", turned(points, "x", -pitch) + ball.centre, polygons, f"eye.{side}", look)
        white.fields["iris"] = numbers(iris)
        white.fields["pupil"] = numbers(iris < PUPIL + 0.015)
        clear, shells = _cornea(ball.radius)
        parts += [white, surface(f"cornea_{word}", turned(clear, "x", -pitch) + ball.centre, shells, f"eye.{side}", {"ior": 1.376})]
    return parts
