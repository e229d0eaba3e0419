"""Teeth and tongue."""

from __future__ import annotations

from typing import Any

from render.blender.figure.nodes import Nodes
from render.blender.figure.person_file import Part
from render.blender.figure.surfaces import field_attribute

ENAMEL, DENTINE, GUM, TONGUE = (0.72, 0.65, 0.52), (0.60, 0.48, 0.30), (0.45, 0.14, 0.12), (0.42, 0.13, 0.11)


def teeth_material(part: Part) -> Any:
    """Wet, a little yellow, more so towards the gums; the field ``gums`` says where those are."""
    n = Nodes(part.name)
    stains = n.noise(n.rest((60.0, 60.0, 160.0)), 1.0, 2)
    colour = n.mix(n.scaled(stains, 0.35, 0.7, 0.0, 0.6), ENAMEL, DENTINE)
    if "gums" in part.fields:
        colour = n.mix(n.attribute(field_attribute("gums")), colour, GUM)
    return n.done(_wet(n, colour, 0.18, (0.0012, 0.0009, 0.0006), n.bump(stains, 0.0004)))


def tongue_material(part: Part) -> Any:
    """Wet and rough."""
    n = Nodes(part.name)
    bumps = n.cells(n.rest(), 900)
    colour = n.mix(n.scaled(n.noise(n.rest(), 150, 2), 0.3, 0.7, 0.0, 0.5), TONGUE, (0.5, 0.24, 0.21))
    return n.done(_wet(n, colour, 0.35, (0.003, 0.001, 0.0007), n.bump(bumps, 0.0003)))


def _wet(n: Nodes, colour: Any, roughness: float, paths: tuple[float, float, float], normal: Any) -> Any:
    return n.principled(
        {
            "Base Color": colour, "Roughness": roughness, "Specular IOR Level": 0.5, "Subsurface Weight": 0.6, "Subsurface Radius": paths,
            "Subsurface Scale": 1.0, "Normal": normal,
        }
    )  # fmt: skip
