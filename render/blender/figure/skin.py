"""Skin: two pigments under the surface, blotches, pores and creases on it, and light that wanders below it.

Colours are those of `render.blender.figure.skin_colour`. Light travels as far below the surface as measured by Jensen et al.
2001 ("A practical model for subsurface light transport", table of diffuse mean free paths, skin1). The refractive index is
1.4. Every pattern is laid by the place at rest, in metres, so that it goes where the skin goes.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any

from render.blender.figure.nodes import Nodes
from render.blender.figure.person_file import Part
from render.blender.figure.skin_colour import melanosomes, skin_colour
from render.blender.figure.skin_regions import Place, blotches, regions
from render.blender.figure.surfaces import field_attribute

FREE_PATHS = (0.00367, 0.00137, 0.00068)
"""Metres that red, green and blue light travels on average."""
WANDERING = 0.5
"""Share of the light that does so; the rest comes back where it fell, from the epidermis. All of it would look hardly softer, with
a third more noise. Before Blender 4.0 this shortens the paths instead."""
FEW = 0.06
"""Fewer freckles are none."""
GLOSS = 0.36
"""Blender's specular level for the index 1.4 (0.5 stands for 1.5)."""
PALE, FLUSHED, LIPS, INNER = 0.005, 0.036, 0.038, 0.05
"""Volume of blood where there is little and much of it, in lips, and inside the mouth."""


def skin_material(part: Part) -> Any:
    """The material; ``look``: melanin, redness, freckles, age, stubble (0 to 1); under_hair: linear RGB where the field
    ``scalp`` is 1."""
    n = Nodes(part.name)
    look = {key: float(part.look.get(key, usual)) for key, usual in USUAL.items()}
    fields = {name: n.attribute(field_attribute(name)) for name in (*part.fields,)}
    place = n.rest()
    grain = n.noise(place, 760, 1, 0.5)
    under = part.look.get("under_hair")
    colour = _colour(n, look, fields, place, grain, under and tuple(float(one) for one in under[:3]))
    rough = n.math("ADD", 0.52, n.math("MULTIPLY", n.math("SUBTRACT", grain, 0.5), 0.35))
    rough = n.math("SUBTRACT", rough, n.math("MULTIPLY", fields.get("oil", 0.0), 0.08))
    rough = n.math("SUBTRACT", rough, n.math("MULTIPLY", fields.get("lips", 0.0), 0.08))
    shader = n.principled(
        {
            "Base Color": colour, "Roughness": rough, "Specular IOR Level": GLOSS, "IOR": 1.4, "Subsurface Weight": WANDERING,
            "Subsurface Radius": FREE_PATHS, "Subsurface Scale": 1.0, "Normal": _relief(n, look, fields, place, grain),
        }
    )  # fmt: skip
    shader.node.subsurface_method = "BURLEY"  # three quarters of the time of a random walk
    return n.done(shader)


USUAL: Mapping[str, float] = {"melanin": 0.3, "redness": 0.4, "freckles": 0.0, "age": 0.3, "stubble": 0.0}


def _colour(n: Nodes, look: Mapping[str, float], fields: Mapping[str, Any], place: Any, grain: Any, under: Any) -> Any:
    tone, ruddy = look["melanin"], 0.6 + 0.8 * look["redness"]

    def tint(shift: float, blood: float) -> tuple[float, float, float]:
        return skin_colour(melanosomes(min(1.05, max(0.0, tone + shift))), blood * ruddy)

    flush = n.math("ADD", fields.get("flush", 0.2), n.scaled(grain, 0.3, 0.7, -0.12, 0.12), clamp=True)
    colour = n.mix(flush, tint(0.0, PALE), tint(0.0, FLUSHED))
    darker = n.math("ADD", fields.get("shade", 0.1), n.scaled(grain, 0.35, 0.7, -0.04, 0.11), clamp=True)
    moles = n.scaled(n.cells(n.add("VectorMath", {0: place, 1: _own(look)}, operation="ADD"), 22), 0.014, 0.03, 0.9, 0.0, smooth=True)
    darker = n.math("MAXIMUM", darker, moles)
    if look["freckles"] > FEW:
        darker = n.math("ADD", darker, _freckles(n, look["freckles"], fields, place), clamp=True)
    colour = n.mix(darker, colour, n.mix(flush, tint(0.16, PALE), tint(0.16, FLUSHED)))
    if look["stubble"] and "beard" in fields:
        shadow = tuple(0.45 * one for one in tint(0.2, PALE))
        colour = n.mix(n.math("MULTIPLY", fields["beard"], 0.45 * look["stubble"]), colour, (shadow[0], shadow[1], 1.25 * shadow[2]))
    if "scalp" in fields and under is not None:
        colour = n.mix(fields["scalp"], colour, under)
    if "lips" in fields:
        lips = n.mix(n.scaled(grain, 0.3, 0.7), tint(0.1, LIPS), tint(0.0, 0.7 * LIPS))
        colour = n.mix(n.math("MULTIPLY", fields["lips"], 0.75), colour, lips)
    if "nails" in fields:
        colour = n.mix(n.math("MULTIPLY", fields["nails"], 0.5), colour, tint(-0.1, 2.5 * PALE))
    if "inside_mouth" in fields:
        colour = n.mix(fields["inside_mouth"], colour, skin_colour(melanosomes(0.25 + 0.3 * tone), INNER))
    return colour


def _own(look: Mapping[str, float]) -> tuple[float, float, float]:
    """Metres by which a person's spots are shifted, so that no two have the same."""
    return 10 * look["melanin"], 10 * look["redness"], 10 * look["age"]


def _freckles(n: Nodes, amount: float, fields: Mapping[str, Any], place: Any) -> Any:
    """Spots a millimetre or two wide; more of them where the sun gets."""
    spots = n.scaled(n.cells(place, 230), 0.16, 0.34, 1.0, 0.0, smooth=True)
    return n.math("MULTIPLY", n.math("MULTIPLY", spots, n.scaled(fields.get("flush", 0.0), 0.1, 0.5)), 1.4 * amount)


def _relief(n: Nodes, look: Mapping[str, float], fields: Mapping[str, Any], place: Any, grain: Any) -> Any:
    """Fine lumps; creases of age across the forehead. Each costs its texture three times more."""
    height = n.math("MULTIPLY", grain, 0.00034)
    age = max(0.0, look["age"] - 0.3)
    if age and "forehead" in fields:
        across = n.noise(n.rest((14.0, 14.0, 130.0)), 1.0, 1)
        creases = n.math("MULTIPLY", n.scaled(across, 0.38, 0.5, smooth=True), fields["forehead"])
        height = n.math("ADD", height, n.math("MULTIPLY", creases, 0.0018 * age))
    return n.bump(height, 1.0)


def tissue(skin: Part, places: Mapping[str, Place]) -> dict[str, array[float]]:
    """The fields that the material reads: those of the file, regions of the face, blotches over all."""
    found = {**regions(skin, places), **skin.fields}
    lumps, stains = blotches(skin, 38, 1), blotches(skin, 75, 2)
    age = float(skin.look.get("age", USUAL["age"]))
    found["flush"] = array(
        "f", (min(1.0, max(0.0, 0.22 + 0.20 * lump + 0.62 * one)) for lump, one in zip(lumps, found["flush"], strict=True))
    )
    found["shade"] = array(
        "f",
        (min(1.0, max(0.0, (0.2 + 0.3 * age) * (0.5 + stain) + 0.8 * one)) for stain, one in zip(stains, found["shade"], strict=True)),
    )
    nails = [skin.fields[name] for name in ("fingernails", "toenails") if name in skin.fields]
    if nails:
        found["nails"] = array("f", map(max, *nails) if len(nails) > 1 else nails[0])
    return {name: found[name] for name in READ if name in found}


READ = ("flush", "shade", "oil", "forehead", "beard", "scalp", "lips", "inside_mouth", "nails")
"""The fields that the material reads."""
