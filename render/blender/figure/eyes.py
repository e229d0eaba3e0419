"""Eyes: the white with its veins, an iris of fibres round the pupil, and the clear cornea before them.

Irises are drawn about the eye's axis from the place at rest, so that they are round and sharp on any mesh. The cornea bends
no light, since the engine traces no caustics and all behind it would be black: it is clear but for what it mirrors (Fresnel).
"""

from __future__ import annotations

from typing import Any

from mathutils import Vector

from render.blender.figure.nodes import Nodes
from render.blender.figure.person_file import Part

CORNEA_INDEX = 1.376
WHITE, VEIN, SHADE = (0.58, 0.52, 0.47), (0.45, 0.13, 0.10), (0.46, 0.30, 0.26)
PUPIL = 0.32
"""Radius of the pupil, in radii of the iris."""


def eye_material(part: Part) -> Any:
    """White, iris and pupil; ``look``: centre and radius of the ball in metres, axis, radius of the iris in radii, colour."""
    n = Nodes(part.name)
    radius, iris = float(part.look["radius"]), float(part.look["iris"])
    ahead = Vector(map(float, part.look.get("axis", (0.0, -1.0, 0.0)))).normalized()
    side = Vector((0.0, 0.0, 1.0)).cross(ahead).normalized()
    place = n.add("VectorMath", {0: n.rest(), 1: tuple(map(float, part.look["centre"]))}, operation="SUBTRACT")
    x, depth, z = (n.dot(place, one) for one in (side, ahead, ahead.cross(side)))
    across = n.math("SQRT", n.math("ADD", n.math("MULTIPLY", x, x), n.math("MULTIPLY", z, z)))
    across = n.math("DIVIDE", across, iris * radius)
    front = n.math("GREATER_THAN", depth, 0.0)
    angle = n.math("ARCTAN2", z, x)
    inside = n.math("MULTIPLY", n.scaled(across, 0.95, 1.04, 1.0, 0.0, smooth=True), front)
    colour = n.mix(inside, _white(n, place, across, front, radius), _iris(n, part.look["colour"], across, angle))
    shader = n.principled(
        {
            "Base Color": colour, "Roughness": 0.16, "Specular IOR Level": n.scaled(inside, 0.0, 1.0, 0.4, 0.0),
            "Subsurface Weight": n.scaled(inside, 0.0, 1.0, 0.35, 0.0),
            "Subsurface Radius": (0.0016, 0.0009, 0.0006), "Subsurface Scale": 1.0,
        }
    )  # fmt: skip
    return n.done(shader)


def cornea_material(part: Part) -> Any:
    """A wet mirror that lets everything else through, and casts no shadow."""
    n = Nodes(part.name)
    share = n.add("Fresnel", {"IOR": float(part.look.get("ior", CORNEA_INDEX))})
    clear = n.add("BsdfTransparent", {"Color": (1.0, 1.0, 1.0)})
    wet = n.add("BsdfGlossy", {"Color": (1.0, 1.0, 1.0), "Roughness": 0.03})
    seen = n.add("MixShader", {0: share, 1: clear, 2: wet})
    shadow = n.node("LightPath", {}).outputs["Is Shadow Ray"]
    return n.done(n.add("MixShader", {0: shadow, 1: seen, 2: clear}))


def _white(n: Nodes, place: Any, across: Any, front: Any, radius: float) -> Any:
    """Duller and redder away from the iris, with thin wandering veins there."""
    away = n.scaled(across, 1.2, 2.6, smooth=True)
    crooked = n.noise(place, 0.9 / radius, 3, swirl=1.2)
    thread = n.scaled(n.math("ABSOLUTE", n.math("SUBTRACT", crooked, 0.5)), 0.0, 0.014, 1.0, 0.0)
    veins = n.math("MULTIPLY", n.math("MULTIPLY", thread, away), 0.35)
    base = n.mix(n.math("MULTIPLY", away, 0.5), WHITE, SHADE)
    return n.mix(veins, base, VEIN)


def _iris(n: Nodes, colour: Any, across: Any, angle: Any) -> Any:
    """Fibres towards the pupil, a collar of another hue round it, a dark ring at the rim."""
    red, green, blue = (float(one) for one in colour)
    around = n.node(
        "CombineXYZ", {0: n.math("MULTIPLY", n.math("COSINE", angle), 1.0), 1: n.math("SINE", angle), 2: n.math("MULTIPLY", across, 0.12)}
    )
    fibres = n.noise(around.outputs[0], 14.0, 4, 0.65)
    coarse = n.noise(around.outputs[0], 3.0, 2)
    light, dark = tuple(min(1.0, 1.6 * one + 0.015) for one in (red, green, blue)), (0.30 * red, 0.28 * green, 0.28 * blue)
    tone = n.mix(n.scaled(n.math("ADD", n.math("MULTIPLY", fibres, 0.75), n.math("MULTIPLY", coarse, 0.25)), 0.36, 0.64), dark, light)
    collar = n.math("MULTIPLY", n.scaled(across, PUPIL, 0.62, 1.0, 0.0, smooth=True), 0.45)
    warm = (min(1.0, 1.3 * red + 0.08), min(1.0, 0.85 * green + 0.035), 0.5 * blue + 0.008)
    tone = n.mix(collar, tone, warm)
    tone = n.mix(n.scaled(across, 0.72, 0.98, 0.0, 0.85, smooth=True), tone, (0.25 * red, 0.25 * green, 0.25 * blue))
    wide = n.scaled(n.noise(around.outputs[0], 8.0, 1), 0.0, 1.0, PUPIL - 0.02, PUPIL + 0.02)
    return n.mix(n.scaled(n.math("SUBTRACT", across, wide), -0.02, 0.02, 1.0, 0.0), tone, (0.002, 0.002, 0.002))
