"""What the object stands on: a grey floor that fades into the sky, or its shadow on the sky's picture."""

from __future__ import annotations

import math
from typing import Any

import bpy

from cat_dataset.errors import InputError
from render.blender.stage.framing import NEAREST_M
from render.blender.stage.scene import Scene, hang

PLAIN, SHADOW = "plain", "shadow"
GREY = 0.35
FADES, ENDS = 2.0, 12.0
"""Where the floor begins to fade and where it ends, in the object's reaches: the horizon shows no edge."""
_SPOKES = 96


def check_floor(name: str, scene: Scene, kind: str) -> None:
    """See that the camera stays above the floor in every state of the series ``name``.

    Raises:
        InputError: it does not.
    """
    if kind == "none":
        return
    heights = [pose.view.backward.z * scene.distance for pose in scene.poses]
    lowest = min(range(len(heights)), key=heights.__getitem__)
    above = heights[lowest] - scene.lowest()
    if above < NEAREST_M:
        place = f"{-above:.2f} m under" if above < 0 else f"only {above:.2f} m above"
        raise InputError(
            f"{name}: the camera would be {place} the floor, which lies at the object's lowest point, at "
            f"{scene.poses[lowest].view.elevation:g}° of elevation; use --floor none, a higher view, or a range that keeps it above"
        )


def lay_floor(scene: Scene, kind: str) -> Any:
    """Put the floor under the lowest point of the object in any state; the new object, or None."""
    if kind == "none":
        return None
    reach = scene.reach()
    mesh = _disc(ENDS * reach)
    mesh.materials.append(_matt((FADES * reach, ENDS * reach) if kind == PLAIN else None))
    floor = bpy.data.objects.new("floor", mesh)
    floor.location.z = scene.lowest()
    floor.is_shadow_catcher = kind == SHADOW
    bpy.context.scene.collection.objects.link(floor)
    hang(floor, scene.rig)
    return floor


def lift_floor(floor: Any) -> None:
    """Take away what `lay_floor` made."""
    if floor is None:
        return
    mesh, materials = floor.data, list(floor.data.materials)
    bpy.data.objects.remove(floor)
    bpy.data.meshes.remove(mesh)
    for material in materials:
        bpy.data.materials.remove(material)


def describe(scene: Scene, kind: str) -> dict[str, float]:
    """The floor's place, in the rig's frame."""
    return {} if kind == "none" else {"floor_height_m": round(scene.lowest(), 6), "floor_radius_m": round(ENDS * scene.reach(), 6)}


def _disc(radius: float) -> Any:
    """A flat disc whose faces grow outwards, since rays are traced exactly only near corners."""
    steps = 8
    radii = [radius / 2**step for step in reversed(range(steps))]
    around = [2 * math.pi * spoke / _SPOKES for spoke in range(_SPOKES)]
    points = [(0.0, 0.0, 0.0), *((r * math.cos(a), r * math.sin(a), 0.0) for r in radii for a in around)]
    faces: list[tuple[int, ...]] = []
    for spoke in range(_SPOKES):
        here, there = 1 + spoke, 1 + (spoke + 1) % _SPOKES
        faces.append((0, here, there))
        for ring in range(0, (steps - 1) * _SPOKES, _SPOKES):
            faces.append((ring + here, ring + here + _SPOKES, ring + there + _SPOKES, ring + there))
    mesh = bpy.data.meshes.new("floor")
    mesh.from_pydata(points, [], faces)
    return mesh


def _matt(fade: tuple[float, float] | None) -> Any:
    """Grey without gloss; between the two distances of ``fade`` from the middle it becomes transparent."""
    material = bpy.data.materials.new("floor")
    if material.node_tree is None:
        material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    grey, output = tree.nodes.new("ShaderNodeBsdfPrincipled"), tree.nodes.new("ShaderNodeOutputMaterial")
    grey.inputs["Base Color"].default_value = (GREY, GREY, GREY, 1.0)
    grey.inputs["Roughness"].default_value = 1.0
    next(grey.inputs[name] for name in ("Specular IOR Level", "Specular") if name in grey.inputs).default_value = 0.0  # since 4.0, before
    if fade is None:
        tree.links.new(grey.outputs["BSDF"], output.inputs["Surface"])
        return material
    kinds = ("TexCoord", "VectorMath", "MapRange", "BsdfTransparent", "MixShader")
    place, length, share, clear, mix = (tree.nodes.new(f"ShaderNode{kind}") for kind in kinds)
    length.operation, share.interpolation_type = "LENGTH", "SMOOTHSTEP"
    share.inputs["From Min"].default_value, share.inputs["From Max"].default_value = fade
    for here, there in (
        (place.outputs["Object"], length.inputs[0]), (length.outputs["Value"], share.inputs["Value"]), (share.outputs[0], mix.inputs[0]),
        (grey.outputs["BSDF"], mix.inputs[1]), (clear.outputs["BSDF"], mix.inputs[2]), (mix.outputs[0], output.inputs["Surface"]),
    ):  # fmt: skip
        tree.links.new(here, there)
    return material
