"""Clothes: threads over and under each other, a little fuzz, and a colour that is not the same everywhere."""

from __future__ import annotations

from typing import Any

from render.blender.figure.nodes import Nodes
from render.blender.figure.person_file import Part

THREADS = 900.0
"""Threads in a metre."""
SHOE = "shoes"


def cloth_material(part: Part) -> Any:
    """``look``: colour (linear RGB), and what is optional: pattern (``plain`` or ``stripes``), second (colour of the stripes)."""
    n = Nodes(part.name)
    red, green, blue = (float(one) for one in part.look.get("colour", (0.2, 0.2, 0.22)))
    leather = part.name == SHOE
    worn = n.noise(n.rest(), 22, 3)
    colour = n.mix(n.scaled(worn, 0.3, 0.7), (0.86 * red, 0.86 * green, 0.86 * blue), (1.08 * red, 1.08 * green, 1.08 * blue))
    if part.look.get("pattern") == "stripes":
        height = n.node("SeparateXYZ", {0: n.rest()}).outputs[2]
        stripe = n.math("GREATER_THAN", n.math("FRACT", n.math("MULTIPLY", height, 28.0)), 0.6)
        colour = n.mix(stripe, colour, tuple(float(one) for one in part.look.get("second", (0.6, 0.6, 0.58))))
    threads = n.math("MULTIPLY", *(_wave(n, axis) for axis in (0, 2)))
    normal = n.bump(n.noise(n.rest(), 600, 2) if leather else threads, 0.0002)
    colour = colour if leather else n.mix(n.scaled(threads, -1.0, 1.0, 0.18, 0.0), colour, (0.4 * red, 0.4 * green, 0.4 * blue))
    inputs = {"Base Color": colour, "Roughness": 0.45 if leather else 0.85, "Specular IOR Level": 0.4 if leather else 0.2, "Normal": normal}
    if not leather:
        inputs |= {"Sheen Weight": 0.25, "Sheen Roughness": 0.5}
    return n.done(n.principled(inputs))


def _wave(n: Nodes, axis: int) -> Any:
    along = n.node("SeparateXYZ", {0: n.rest()}).outputs[axis]
    return n.math("SINE", n.math("MULTIPLY", along, 2 * 3.14159265 * THREADS / 2))
