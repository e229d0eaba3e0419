"""Objects that need no file: none is symmetric about any axis, and each side of each can be told apart. One has shape keys.

Modelled with the front towards -y, z up, in arbitrary units.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from mathutils import Matrix

from render.blender.builtin.face import face
from render.blender.builtin.shapes import Shapes, arc

REVISION = 1
"""Raise it when a change here changes pixels: it is part of what a series is recognised by."""


def car() -> Any:
    """A toy jeep: yellow bonnet in front, spare wheel behind, aerial on the right, jerry can on the left, load on the roof."""
    s = Shapes("car")
    red, yellow, cream = s.paint(0.62, 0.045, 0.03, 0.3), s.paint(0.85, 0.52, 0.03, 0.3), s.paint(0.8, 0.74, 0.6, 0.4)
    glass, tyre, steel = s.paint(0.02, 0.05, 0.08, 0.08), s.paint(0.018, 0.018, 0.02, 0.75), s.paint(0.7, 0.7, 0.72, 0.25, 0.9)
    lamp, tail, green = s.paint(1.0, 0.93, 0.75, 0.2, glow=1.0), s.paint(0.9, 0.02, 0.02, 0.2, glow=0.6), s.paint(0.06, 0.25, 0.08, 0.5)
    blue, wood = s.paint(0.03, 0.12, 0.5, 0.4), s.paint(0.3, 0.14, 0.05, 0.6)

    s.box(red, (0, 0.15, 0.62), (1.5, 3.2, 0.5), 0.1)
    s.box(yellow, (0, -1.0, 0.92), (1.3, 1.1, 0.34), 0.09)
    s.prism(cream, [(-0.68, 0), (0.68, 0), (0.56, 0.72), (-0.56, 0.72)], ((0, -0.42, 0.85), (0, 1.7, 0.85)), bevel=0.06)
    s.box(glass, (0, -0.43, 1.2), (1.0, 0.04, 0.42), 0.015)
    s.box(glass, (0, 1.71, 1.22), (0.86, 0.04, 0.34), 0.015)
    for side in (-1, 1):
        lean = Matrix.Rotation(-side * math.atan2(0.12, 0.72), 3, "Y")
        for y in (0.1, 1.05):
            s.box(glass, (side * 0.628, y, 1.22), (0.04, 0.72, 0.36), 0.015, lean)
        s.disc(lamp, (side * 0.45, -1.57, 0.94), 0.13, 0.1, (0, 1, 0), 0.03)
        s.box(tail, (side * 0.6, 1.75, 0.72), (0.16, 0.06, 0.2), 0.02)
        for y in (-0.95, 1.15):
            s.disc(tyre, (side * 0.76, y, 0.42), 0.42, 0.32, (1, 0, 0), 0.09)
            s.disc(steel, (side * 0.9, y, 0.42), 0.2, 0.08, (1, 0, 0), 0.03)
    s.box(steel, (0, -1.62, 0.5), (1.5, 0.14, 0.16), 0.05)
    s.box(tyre, (0, -1.56, 0.86), (0.5, 0.06, 0.18), 0.02)
    s.disc(tyre, (0.12, 1.86, 0.98), 0.36, 0.2, (0, 1, 0), 0.07)
    s.disc(yellow, (0.12, 1.95, 0.98), 0.17, 0.08, (0, 1, 0), 0.03)
    s.tube(steel, [(0.62, 1.45, 0.9), (0.66, 1.55, 1.6), (0.66, 1.75, 2.35)], 0.022, 8)
    s.box(yellow, (0.66, 1.9, 2.28), (0.02, 0.3, 0.2), 0.0)
    s.box(green, (-0.82, 0.55, 0.8), (0.16, 0.5, 0.36), 0.04)
    s.disc(cream, (0.755, 0.5, 0.72), 0.2, 0.04, (1, 0, 0))
    for x in (-0.45, 0.45):
        s.box(tyre, (x, 0.65, 1.62), (0.06, 1.7, 0.07), 0.02)
    s.box(wood, (-0.18, 1.0, 1.8), (0.62, 0.62, 0.32), 0.04)
    s.box(blue, (0.25, 0.2, 1.75), (0.34, 0.5, 0.2), 0.08)
    return s.build()


def mug() -> Any:
    """A mug with a handle behind, a pouring lip in front, a spoon leaning right, a tea-bag label on the left and a row of dots."""
    s = Shapes("mug")
    teal, cream, orange = s.paint(0.02, 0.24, 0.27, 0.25), s.paint(0.85, 0.78, 0.62, 0.35), s.paint(0.8, 0.2, 0.02, 0.3)
    tea, steel, thread = s.paint(0.16, 0.045, 0.008, 0.08), s.paint(0.8, 0.8, 0.82, 0.2, 1.0), s.paint(0.8, 0.8, 0.78, 0.8)
    label, biscuit = s.paint(0.65, 0.02, 0.05, 0.6), s.paint(0.5, 0.25, 0.07, 0.8)
    colours = ((0.9, 0.65, 0.05), (0.75, 0.04, 0.1), (0.9, 0.85, 0.75), (0.25, 0.5, 0.1), (0.75, 0.3, 0.5))
    dots = [s.paint(*colour, 0.35) for colour in colours]

    s.disc(cream, (0, 0.1, 0.06), 1.55, 0.1, round_edge=0.045)
    s.disc(teal, (0, 0.1, 0.1), 1.4, 0.05)
    s.disc(cream, (0, 0.1, 0.115), 1.28, 0.05)
    s.lathe(teal, [(0, 0.12), (0.74, 0.12), (0.82, 0.16), (0.86, 0.26), (0.93, 1.0), (0.95, 1.86), (0.93, 1.92)], (0, 0, 0))
    s.lathe(cream, [(0.93, 1.92), (0.9, 1.93), (0.87, 1.9), (0.85, 1.5), (0.84, 1.2)], (0, 0, 0))
    s.disc(tea, (0, 0, 1.62), 0.86, 0.04)
    s.tube(orange, arc((0, 0.92, 1.02), 0.52, 90, -90, (0, 1, 0), (0, 0, 1)), 0.12)
    s.prism(orange, [(-0.3, 0.0), (0.0, -0.34), (0.3, 0.0), (0.0, 0.06)], ((0, -0.86, 1.86), (0, -1.22, 1.94)), bevel=0.03)
    for number, dot in enumerate(dots):
        angle = math.radians(-60 - 38 * number + 15)
        outward = (math.cos(angle), math.sin(angle), 0.0)
        s.disc(dot, (outward[0] * 0.9, outward[1] * 0.9, 0.75), 0.16, 0.12, outward, 0.03)
    s.tube(steel, [(0.2, 0.1, 1.5), (0.62, 0.2, 1.98), (1.0, 0.3, 2.42), (1.18, 0.34, 2.6)], 0.05, 12)
    s.ball(steel, (1.22, 0.35, 2.64), 0.11)
    s.tube(thread, [(-0.7, 0.2, 1.7), (-0.9, 0.26, 1.96), (-0.97, 0.28, 1.9), (-0.98, 0.28, 1.3)], 0.014, 8)
    s.box(label, (-0.99, 0.29, 1.12), (0.035, 0.34, 0.4), 0.01)
    s.box(cream, (-1.012, 0.29, 1.12), (0.01, 0.2, 0.2))
    s.disc(biscuit, (0.95, 0.75, 0.25), 0.34, 0.14, (0.25, 0.1, 1.0), 0.05)
    return s.build()


def house() -> Any:
    """A cottage: blue door in front, garage right, chimney on the left slope, tree behind, pond in a corner."""
    s = Shapes("house")
    wall, roof, brick = s.paint(0.82, 0.7, 0.5, 0.7), s.paint(0.5, 0.06, 0.035, 0.55), s.paint(0.35, 0.1, 0.06, 0.8)
    door, glass, white = s.paint(0.02, 0.1, 0.42, 0.35), s.paint(0.03, 0.08, 0.12, 0.08), s.paint(0.85, 0.85, 0.82, 0.5)
    grass, leaf, bark = s.paint(0.1, 0.24, 0.04, 0.9), s.paint(0.03, 0.15, 0.03, 0.8), s.paint(0.2, 0.09, 0.04, 0.85)
    slate, stone, water = s.paint(0.1, 0.14, 0.18, 0.5), s.paint(0.4, 0.38, 0.35, 0.8), s.paint(0.02, 0.2, 0.32, 0.05)
    gold, violet = s.paint(0.8, 0.5, 0.1, 0.25, 0.9), s.paint(0.4, 0.08, 0.4, 0.6)

    s.box(grass, (0.15, 0.1, -0.08), (4.3, 3.9, 0.16), 0.06)
    s.box(wall, (-0.4, 0, 0.7), (2.2, 2.0, 1.4), 0.03)
    s.prism(wall, [(-1.0, 0), (1.0, 0), (0, 0.95)], ((-1.5, 0, 1.38), (0.7, 0, 1.38)))
    for side in (-1, 1):
        slope = Matrix.Rotation(-side * math.atan2(0.95, 1.0), 3, "X")
        s.box(roof, (-0.4, side * 0.56, 1.9), (2.6, 1.62, 0.13), 0.04, slope)
    s.box(brick, (-0.95, 0.55, 2.35), (0.36, 0.36, 0.9), 0.02)
    s.box(stone, (-0.95, 0.55, 2.82), (0.46, 0.46, 0.1), 0.02)
    s.box(door, (-0.1, -1.01, 0.47), (0.5, 0.08, 0.94), 0.03)
    s.ball(gold, (0.07, -1.07, 0.46), 0.045)
    s.box(stone, (-0.1, -1.25, 0.05), (0.75, 0.45, 0.12), 0.03)
    s.box(stone, (-0.1, -1.65, 0.01), (0.5, 0.4, 0.06), 0.02)
    _window(s, white, glass, (-0.95, -1.0, 0.85), (0.6, 0.08, 0.6))
    _window(s, white, glass, (-0.95, 1.0, 0.85), (0.5, 0.08, 0.7))
    _window(s, white, glass, (-1.5, 0.0, 0.85), (0.08, 0.8, 0.6))
    s.disc(glass, (-1.51, 0.0, 1.75), 0.2, 0.06, (1, 0, 0))
    s.box(violet, (-0.95, -1.1, 0.5), (0.66, 0.16, 0.14), 0.03)
    s.box(wall, (1.25, 0.2, 0.5), (1.2, 1.4, 1.0), 0.03)
    s.box(slate, (1.27, 0.2, 1.06), (1.36, 1.6, 0.14), 0.04, Matrix.Rotation(math.radians(6), 3, "Y"))
    s.box(white, (1.25, -0.51, 0.42), (0.86, 0.06, 0.74), 0.02)
    for z in (0.2, 0.38, 0.56):
        s.box(slate, (1.25, -0.545, z), (0.8, 0.02, 0.03))
    s.tube(bark, [(1.1, 1.45, 0.0), (1.1, 1.45, 0.8)], 0.1)
    for z, radius in ((0.6, 0.62), (1.05, 0.5), (1.5, 0.36)):
        s.lathe(leaf, [(0, 0.0), (radius, 0.0), (radius * 0.9, 0.08), (0, 0.75)], (1.1, 1.45, z), segments=24)
    s.disc(stone, (1.5, -1.2, 0.01), 0.5, 0.06, round_edge=0.02)
    s.disc(water, (1.5, -1.2, 0.025), 0.4, 0.06)
    return s.build()


def _window(s: Shapes, frame: int, glass: int, centre: tuple[float, float, float], size: tuple[float, float, float]) -> None:
    """A framed window of two panes in a wall whose normal is the thin side of ``size``."""
    s.box(frame, centre, size, 0.02)
    x, y, z = centre
    width, depth, height = size
    for half in (-0.25, 0.25):
        if width > depth:
            s.box(glass, (x + half * width, y * 1.025, z), (width * 0.4, depth, height * 0.82))
        else:
            s.box(glass, (x * 1.017, y + half * depth, z), (width, depth * 0.4, height * 0.82))


def lamp() -> Any:
    """A desk lamp: the shade reaches forward, cable behind, dial right, books and a pencil pot on the base."""
    s = Shapes("lamp")
    blue, brass, dark = s.paint(0.02, 0.13, 0.45, 0.3), s.paint(0.75, 0.45, 0.12, 0.25, 1.0), s.paint(0.02, 0.02, 0.025, 0.5)
    bulb, white, red = s.paint(1.0, 0.72, 0.35, 0.3, glow=2.5), s.paint(0.85, 0.85, 0.8, 0.4), s.paint(0.65, 0.03, 0.03, 0.4)
    green, page, wood = s.paint(0.04, 0.3, 0.12, 0.5), s.paint(0.8, 0.74, 0.6, 0.8), s.paint(0.42, 0.22, 0.09, 0.5)
    yellow = s.paint(0.85, 0.55, 0.05, 0.4)

    s.box(wood, (0, 0, 0), (2.2, 2.6, 0.14), 0.06)
    s.disc(blue, (0.1, 0.75, 0.14), 0.46, 0.2, round_edge=0.08)
    elbow, tip = (0.1, 1.05, 1.55), (0.1, -0.35, 2.35)
    s.tube(brass, [(0.1, 0.75, 0.2), elbow], 0.06)
    s.tube(brass, [elbow, tip], 0.05)
    s.tube(dark, [(0.2, 0.82, 0.45), (0.2, 0.95, 1.05), (0.2, 0.55, 1.7)], 0.025, 8)
    for joint, radius in (((0.1, 0.75, 0.28), 0.11), (elbow, 0.13), (tip, 0.11)):
        s.disc(dark, joint, radius, 0.2, (1, 0, 0), 0.03)
    aim = (0.12, -0.55, -0.8)
    s.lathe(blue, [(0.0, -0.22), (0.14, -0.2), (0.17, 0.05), (0.26, 0.16), (0.58, 0.72), (0.6, 0.74)], tip, aim)
    s.lathe(white, [(0.6, 0.74), (0.56, 0.73), (0.24, 0.18), (0.0, 0.14)], tip, aim)
    s.ball(bulb, (0.17, -0.6, 1.98), 0.17)
    s.disc(red, (0.56, 0.72, 0.2), 0.1, 0.12, (1, 0, 0), 0.02)
    s.tube(dark, [(0.1, 1.15, 0.12), (0.05, 1.4, 0.12), (-0.15, 1.6, 0.1), (-0.5, 1.65, 0.08), (-0.8, 1.5, 0.08)], 0.04, 10)
    tilt = Matrix.Rotation(math.radians(14), 3, "Z")
    s.box(red, (-0.6, -0.45, 0.17), (0.8, 1.1, 0.2), 0.03)
    s.box(page, (-0.58, -0.47, 0.17), (0.79, 1.1, 0.14))
    s.box(green, (-0.55, -0.4, 0.36), (0.7, 0.95, 0.16), 0.03, tilt)
    s.box(page, (-0.53, -0.42, 0.36), (0.69, 0.95, 0.11), 0.0, tilt)
    s.lathe(white, [(0, 0.07), (0.2, 0.07), (0.24, 0.55), (0.2, 0.55), (0.17, 0.12), (0, 0.12)], (0.72, -0.7, 0.0), segments=32)
    for paint, top in ((yellow, (0.86, -0.6, 0.98)), (red, (0.6, -0.62, 0.92)), (green, (0.74, -0.86, 0.88))):
        s.tube(paint, [(0.72, -0.7, 0.15), top], 0.035, 8)
    return s.build()


OBJECTS: dict[str, Callable[[], Any]] = {"car": car, "mug": mug, "house": house, "lamp": lamp, "face": face}
