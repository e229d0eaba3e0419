"""Strands of a character file as hair in the scene: a mesh of edges that moves, and hair curves that follow it.

Hair curves have neither shape keys nor armature modifiers, and Python cannot fill them before Blender 4.3. So the strands are a
mesh of loose edges, which Cycles does not see and which is posed like any surface; an empty hair-curves object makes its strands
from that mesh as it is evaluated, by geometry nodes, in the same way in Blender 3.4 to 5.0.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any

import bpy

from cat_dataset.errors import InputError
from render.blender.figure.person_file import Part
from render.blender.figure.surfaces import dress, triples

RADIUS = "strand radius"
COLOUR = "strand colour"
GREY = (0.62, 0.61, 0.59)
"""Linear RGB of a strand without pigment."""
DEPTH = 1.6
"""Power that colours are raised to: light that comes from hair has gone through several strands less than all of it would."""
TAPER = 0.55
"""Share of a strand's length from which on it thins towards its tip."""


def strands_object(part: Part) -> Any:
    """The mesh of ``part``'s strands, in no collection yet; its only child is the object that is seen, `seen_of`.

    ``part.look``: ``colour``, linear RGB; ``radius`` of the strands in metres and ``tip``, the share of it at their ends; ``roughness``
    0 to 1. Fields: ``shade`` (0.5 is the colour itself) and ``grey``.

    Raises:
        InputError: numbers of the look are missing, or are none.
    """
    look = _look(part)
    mesh = bpy.data.meshes.new(part.name)
    mesh.from_pydata(triples(part.points), _edges(part.sizes), [])
    mesh.attributes.new(name=RADIUS, type="FLOAT", domain="POINT")
    mesh.attributes[RADIUS].data.foreach_set("value", _radii(part.sizes, look["radius"], look["tip"]))
    moved = bpy.data.objects.new(part.name, mesh)
    mesh.attributes.new(name=COLOUR, type="FLOAT_VECTOR", domain="POINT")
    mesh.attributes[COLOUR].data.foreach_set("vector", _colours(part, look))
    dress(moved, part)
    seen = bpy.data.objects.new(f"{part.name} strands", bpy.data.hair_curves.new(part.name))
    seen.parent = moved
    material = hair_material(part.name, look["roughness"])
    seen.data.materials.append(material)
    seen.modifiers.new("strands", "NODES").node_group = _strands_of(moved, material)
    return moved


def seen_of(moved: Any) -> Any:
    """The hair-curves object of a mesh from `strands_object`."""
    return next(child for child in moved.children if child.type == "CURVES")


def hair_material(name: str, roughness: float) -> Any:
    """Hair as a fibre that lets light through (Chiang et al., 2016), in the colour of every strand."""
    material = bpy.data.materials.new(name)
    if material.node_tree is None:
        material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    fibre = tree.nodes.new("ShaderNodeBsdfHairPrincipled")
    if hasattr(fibre, "model"):
        fibre.model = "CHIANG"
    fibre.parametrization = "COLOR"
    fibre.inputs["Roughness"].default_value = roughness
    fibre.inputs["Radial Roughness"].default_value = min(1.0, roughness + 0.15)
    colour = tree.nodes.new("ShaderNodeAttribute")
    colour.attribute_name = COLOUR
    tree.links.new(colour.outputs["Vector"], fibre.inputs["Color"])
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(fibre.outputs[0], output.inputs["Surface"])
    return material


def _look(part: Part) -> dict[str, Any]:
    try:
        look: dict[str, Any] = {key: float(part.look[key]) for key in ("radius", "tip", "roughness")}
        look["colour"] = tuple(float(part.look["colour"][channel]) for channel in range(3))
        shares = (look["tip"], look["roughness"], *look["colour"])
    except (KeyError, IndexError, TypeError, ValueError):
        look, shares = {"radius": -1.0}, ()
    if not 0 < look["radius"] < 0.01 or not all(0 <= share <= 1 for share in shares) or not {"shade", "grey"} <= set(part.fields):
        raise InputError(f"{part.name} does not say how its hair looks; make the character file again with python -m render.people.make")
    return look


def _colours(part: Part, look: Mapping[str, Any]) -> array[float]:
    """Of every point: the colour, darker or lighter by the strand's shade, and with as much of GREY as the strand is grey."""
    known: dict[tuple[float, float], tuple[float, ...]] = {}
    colours = array("f")
    for tone in zip(part.fields["shade"], part.fields["grey"], strict=True):
        if tone not in known:
            shade, grey = tone
            bright = 2.0 ** (1.2 * (shade - 0.5))
            known[tone] = tuple(
                min(1.0, (own * bright) ** DEPTH) * (1 - grey) + white * bright * grey
                for own, white in zip(look["colour"], GREY, strict=True)
            )
        colours.extend(known[tone])
    return colours


def _edges(sizes: array[int]) -> list[tuple[int, int]]:
    edges: list[tuple[int, int]] = []
    start = 0
    for size in sizes:
        edges.extend((index, index + 1) for index in range(start, start + size - 1))
        start += size
    return edges


def _radii(sizes: array[int], radius: float, tip: float) -> array[float]:
    """Of every point: ``radius``, and over the last part of each strand less and less, down to the share ``tip``."""
    by_size = {}
    for size in set(sizes):
        along = (index / (size - 1) for index in range(size))
        by_size[size] = array("f", (radius * (1 - (1 - tip) * max(0.0, (at - TAPER) / (1 - TAPER))) for at in along))
    radii = array("f")
    for size in sizes:
        radii.extend(by_size[size])
    return radii


def _strands_of(moved: Any, material: Any) -> Any:
    """Geometry nodes that make curves of the edges of ``moved``, deformed as it is, with radius and material."""
    group = bpy.data.node_groups.new(f"{moved.name} strands", "GeometryNodeTree")
    if hasattr(group, "interface"):
        group.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
        group.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    else:  # before Blender 4.0
        group.inputs.new("NodeSocketGeometry", "Geometry")
        group.outputs.new("NodeSocketGeometry", "Geometry")
    nodes, links = group.nodes, group.links
    source, curves = nodes.new("GeometryNodeObjectInfo"), nodes.new("GeometryNodeMeshToCurve")
    source.transform_space = "RELATIVE"
    source.inputs["Object"].default_value = moved
    thickness, radius = nodes.new("GeometryNodeSetCurveRadius"), nodes.new("GeometryNodeInputNamedAttribute")
    radius.inputs["Name"].default_value = RADIUS
    painted, output = nodes.new("GeometryNodeSetMaterial"), nodes.new("NodeGroupOutput")
    painted.inputs["Material"].default_value = material
    links.new(source.outputs["Geometry"], curves.inputs["Mesh"])
    links.new(curves.outputs["Curve"], thickness.inputs["Curve"])
    # Before Blender 3.5 the node has an output for every type, all of the same name.
    links.new(next(one for one in radius.outputs if one.enabled and one.name == "Attribute"), thickness.inputs["Radius"])
    links.new(thickness.outputs["Curve"], painted.inputs["Geometry"])
    links.new(painted.outputs["Geometry"], output.inputs[0])
    return group
