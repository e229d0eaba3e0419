"""Clothes: threads or leather, a little fuzz, and a colour that is not the same everywhere."""

from __future__ import annotations

from typing import Any

from render.blender.figure.nodes import Nodes
from render.blender.figure.person_file import Part

THREADS = {"jersey": (600.0, 600.0, 420.0), "twill": (850.0, 850.0, 300.0)}
"""Lumps in a metre along x, y and z. They are uneven: an even weave of a pixel's size would make rings (moiré)."""
LEATHER = "leather"


def cloth_material(part: Part) -> Any:
    """``look``: colour (linear RGB); cloth: jersey, twill or leather; where there are stripes, second, their colour."""
    n = Nodes(part.name)
    kind = part.look.get("cloth", "jersey")
    place = n.rest()
    worn = n.noise(place, 20, 3)
    colour: Any = tuple(float(one) for one in part.look["colour"])
    if part.look.get("pattern") == "stripes":
        stripe = n.math("GREATER_THAN", n.math("FRACT", n.math("MULTIPLY", n.dot(place, (0.0, 0.0, 1.0)), 30.0)), 0.6)
        colour = n.mix(stripe, colour, tuple(float(one) for one in part.look["second"]))
    colour = n.mix(n.scaled(worn, 0.3, 0.7, 0.16, 0.0), colour, (0.0, 0.0, 0.0))
    if kind == LEATHER:
        inputs = {
            "Roughness": n.scaled(worn, 0.3, 0.7, 0.35, 0.5),
            "Specular IOR Level": 0.5,
            "Normal": n.bump(n.cells(place, 500), 0.0002),
        }
        return n.done(n.principled({"Base Color": colour, **inputs}))
    relief = n.noise(n.rest(THREADS[kind]), 1.0, 1)
    colour = n.mix(n.scaled(relief, 0.3, 0.7, 0.14, 0.0), colour, (0.0, 0.0, 0.0))
    inputs = {"Roughness": 0.85, "Specular IOR Level": 0.2, "Sheen Weight": 0.2, "Sheen Roughness": 0.5, "Normal": n.bump(relief, 0.0003)}
    return n.done(n.principled({"Base Color": colour, **inputs}))
