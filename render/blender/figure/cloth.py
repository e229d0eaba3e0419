"""Clothes: stitches, threads or leather, a little fuzz, and a colour that is not the same everywhere."""

from __future__ import annotations

import math
from typing import Any

from render.blender.figure.nodes import Nodes
from render.blender.figure.person_file import Part

STITCHES, RIBS = 450.0, 700.0
"""Of jersey and of twill, in a metre."""
LEATHER = "leather"


def cloth_material(part: Part) -> Any:
    """``look``: colour (linear RGB); cloth: jersey, twill or leather; where there are stripes, second, their colour."""
    n = Nodes(part.name)
    kind = part.look.get("cloth", "jersey")
    place = n.rest()
    x, y, z = n.node("SeparateXYZ", {0: place}).outputs
    worn = n.noise(place, 20, 3)
    colour: Any = tuple(float(one) for one in part.look["colour"])
    if part.look.get("pattern") == "stripes":
        stripe = n.math("GREATER_THAN", n.math("FRACT", n.math("MULTIPLY", z, 30.0)), 0.6)
        colour = n.mix(stripe, colour, tuple(float(one) for one in part.look["second"]))
    colour = n.mix(n.scaled(worn, 0.3, 0.7, 0.16, 0.0), colour, (0.0, 0.0, 0.0))
    if kind == LEATHER:
        inputs = {
            "Roughness": n.scaled(worn, 0.3, 0.7, 0.35, 0.5),
            "Specular IOR Level": 0.5,
            "Normal": n.bump(n.cells(place, 500), 0.0002),
        }
        return n.done(n.principled({"Base Color": colour, **inputs}))
    around = n.math("ADD", x, y)
    if kind == "twill":
        relief = _wave(n, n.math("ADD", n.math("MULTIPLY", around, 0.7), z), RIBS)
    else:
        relief = n.math("MULTIPLY", _wave(n, around, STITCHES), _wave(n, z, STITCHES * 1.3))
    colour = n.mix(n.scaled(relief, -1.0, 1.0, 0.22, 0.0), colour, (0.0, 0.0, 0.0))
    inputs = {"Roughness": 0.85, "Specular IOR Level": 0.2, "Sheen Weight": 0.2, "Sheen Roughness": 0.5, "Normal": n.bump(relief, 0.0002)}
    return n.done(n.principled({"Base Color": colour, **inputs}))


def _wave(n: Nodes, along: Any, per_metre: float) -> Any:
    return n.math("SINE", n.math("MULTIPLY", along, 2 * math.pi * per_metre))
