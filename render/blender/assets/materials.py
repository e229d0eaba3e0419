"""Materials that Cycles can render as meant: no surface without one, and no texture that is not there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import bpy

from cat_dataset.errors import InputError

PLAIN, GREY = (0.8, 0.8, 0.8, 1.0), (0.5, 0.5, 0.5, 1.0)
"""Linear colours of a surface without a material, and of one whose texture is missing and whose own colour is black."""
_TEXTURES = {"TEX_IMAGE", "TEX_ENVIRONMENT"}


def give_materials(meshes: Sequence[Any]) -> None:
    """Meshes without a material get a grey one that shows their vertex colours, if they have some; materials get nodes."""
    for mesh in meshes:
        colours = _vertex_colours(mesh)
        if not mesh.materials:
            mesh.materials.append(None)
        for index, material in enumerate(mesh.materials):
            if material is None:
                mesh.materials[index] = _plain(colours)
            elif not material.use_nodes:
                _with_nodes(material)


def missing_textures(materials: Sequence[Any]) -> dict[str, list[tuple[Any, Any]]]:
    """Image nodes in use whose image is missing or unreadable, as (tree, node), by the image's file name."""
    found: dict[str, list[tuple[Any, Any]]] = {}
    for material in materials:
        for tree, node in _image_nodes(material.node_tree, set()):
            if node.image is None:
                found.setdefault(f"of its material {material.name}", []).append((tree, node))
            elif node.image.source in ("FILE", "TILED", "SEQUENCE", "MOVIE") and node.image.size[0] == 0:
                found.setdefault(Path(node.image.filepath.replace("\\", "/")).name or node.image.name, []).append((tree, node))
    return dict(sorted(found.items()))


def do_without(nodes: Sequence[tuple[Any, Any]]) -> None:
    """Remove image nodes, so that what they fed shows its plain value: Cycles would paint magenta."""
    for tree, node in nodes:
        for link in [link for link in tree.links if link.from_node == node]:
            socket = link.to_socket
            tree.links.remove(link)
            _make_plain(socket)
        tree.nodes.remove(node)


def refuse(name: str, missing: dict[str, list[tuple[Any, Any]]]) -> InputError:
    """The error for an asset that lacks textures."""
    first, *rest = missing
    more = f" and {len(rest)} more" if rest else ""
    return InputError(
        f"{name} needs the texture {first}{more}, which is missing or unreadable; put it back, embed it, or --missing-textures allow"
    )


def _image_nodes(tree: Any, seen: set[str]) -> Iterator[tuple[Any, Any]]:
    """Connected texture nodes of a node tree and of its groups, each with the tree it is in."""
    if tree is None or tree.name_full in seen:
        return
    seen.add(tree.name_full)
    for node in tree.nodes:
        if node.type in _TEXTURES and any(output.is_linked for output in node.outputs):
            yield tree, node
        elif node.type == "GROUP":
            yield from _image_nodes(node.node_tree, seen)


def _make_plain(socket: Any) -> None:
    """The value of a socket that has lost its texture: its own, unless that means nothing without one."""
    node = socket.node
    if socket.type != "RGBA":
        return
    if node.type in ("MIX", "MIX_RGB") and node.blend_type == "MULTIPLY":
        socket.default_value = (1.0, 1.0, 1.0, 1.0)  # a tint multiplied the texture
    elif node.type in ("SEPARATE_COLOR", "SEPRGB", "SEPARATE_RGB"):
        socket.default_value = (1.0, 0.5, 0.0, 1.0)  # glTF: occlusion, roughness, metallic
    elif socket.name.startswith("Emission") or node.type == "EMISSION":
        socket.default_value = (0.0, 0.0, 0.0, 1.0)
    elif max(socket.default_value[:3]) < 0.01:
        socket.default_value = GREY  # exporters leave black where a texture covers it


def _vertex_colours(mesh: Any) -> str | None:
    """Name of the mesh's colour attribute."""
    colours = mesh.color_attributes
    chosen = colours.active_color or (colours[0] if len(colours) else None)
    return chosen.name if chosen else None


def _plain(colours: str | None) -> Any:
    """A matt material of `PLAIN`, or of the colour attribute ``colours``; made once of each kind."""
    name = f"vertex colours {colours}" if colours else "plain"
    material = bpy.data.materials.get(name)
    if material is None:
        material = bpy.data.materials.new(name)
        shader = _with_nodes(material)
        shader.inputs["Base Color"].default_value, shader.inputs["Roughness"].default_value = PLAIN, 0.5
        if colours:
            attribute = material.node_tree.nodes.new("ShaderNodeVertexColor")
            attribute.layer_name = colours
            material.node_tree.links.new(attribute.outputs["Color"], shader.inputs["Base Color"])
    return material


def _with_nodes(material: Any) -> Any:
    """Give ``material`` a Principled shader of its viewport colours, which are all that a material without nodes has."""
    if not material.use_nodes:
        material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    shader, output = tree.nodes.new("ShaderNodeBsdfPrincipled"), tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(shader.outputs["BSDF"], output.inputs["Surface"])
    shader.inputs["Base Color"].default_value = material.diffuse_color
    shader.inputs["Metallic"].default_value, shader.inputs["Roughness"].default_value = material.metallic, material.roughness
    return shader
