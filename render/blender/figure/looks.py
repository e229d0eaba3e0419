"""Which material a part of a person gets."""

from __future__ import annotations

from typing import Any

import bpy

from render.blender.figure.person_file import Part

PLAIN = {
    "skin": (0.55, 0.33, 0.24), "eye": (0.8, 0.78, 0.76), "teeth": (0.75, 0.7, 0.6), "tongue": (0.5, 0.15, 0.14),
    "shirt": (0.1, 0.2, 0.4), "trousers": (0.06, 0.06, 0.08), "shoes": (0.03, 0.025, 0.02), "lashes": (0.01, 0.008, 0.006),
}  # fmt: skip


def material_for(part: Part) -> Any:
    """A new material for ``part``."""
    material = bpy.data.materials.new(part.name)
    if material.node_tree is None:
        material.use_nodes = True
    shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    colour = next((rgb for word, rgb in PLAIN.items() if part.name.startswith(word)), (0.5, 0.5, 0.5))
    shader.inputs["Base Color"].default_value = (*colour, 1.0)
    if part.name.startswith("cornea"):
        shader.inputs["Alpha"].default_value = 0.05
    return material
