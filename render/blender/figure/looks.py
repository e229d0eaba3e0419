"""Which material a part of a person gets."""

from __future__ import annotations

from typing import Any

import bpy

from cat_dataset.errors import InputError
from render.blender.figure.cloth import cloth_material
from render.blender.figure.eyes import cornea_material, eye_material
from render.blender.figure.mouth import teeth_material, tongue_material
from render.blender.figure.nodes import Nodes
from render.blender.figure.person_file import Part
from render.blender.figure.skin import skin_material

MAKERS = {
    "skin": skin_material, "eye": eye_material, "cornea": cornea_material, "teeth": teeth_material, "tongue": tongue_material,
    "shirt": cloth_material, "trousers": cloth_material, "shoes": cloth_material,
}  # fmt: skip
"""By the first word of a part's name."""


def material_for(part: Part) -> Any:
    """A new material for ``part``.

    Raises:
        InputError: its look lacks numbers, or has others than numbers.
    """
    maker = MAKERS.get(part.name.split("_")[0], _plain)
    before = set(bpy.data.materials.keys())
    try:
        return maker(part)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        for begun in set(bpy.data.materials.keys()) - before:
            bpy.data.materials.remove(bpy.data.materials[begun])
        reason = f"{type(error).__name__}: {error}"
        raise InputError(f"{part.name} does not say how it looks ({reason}); run python -m render.people.make again") from None


def _plain(part: Part) -> Any:
    n = Nodes(part.name)
    red, green, blue = (float(one) for one in part.look.get("colour", (0.02, 0.015, 0.012)))
    return n.done(n.principled({"Base Color": (red, green, blue), "Roughness": 0.5}))
