"""Whether there is any colour in what feeds a shader's input, so that turning its hue can show."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from render.blender.dials.principled import feeding, live_link

GREY = 4 / 255
"""Largest difference between channels, as displayed, that passes for grey: JPEG leaves as much in grey textures."""
PROBES = 1_000_000
"""Pixels looked at in a picture."""
_COLOURLESS = {
    "GROUP", "GROUP_INPUT", "GROUP_OUTPUT", "REROUTE", "MIX", "MIX_RGB", "HUE_SAT", "GAMMA", "BRIGHTCONTRAST", "INVERT", "CLAMP", "MATH",
    "VALUE", "MAP_RANGE", "SEPARATE_COLOR", "SEPRGB", "UVMAP", "TEX_COORD", "MAPPING", "FRESNEL", "LAYER_WEIGHT", "RGBTOBW", "VECT_MATH",
}  # fmt: skip
"""Nodes that show a colour only where their inputs have one."""


def tinted(socket: Any, meshes: Sequence[Any]) -> bool:
    """Whether an input socket's value, or anything that feeds it, is not grey; what cannot be told counts as coloured.

    ``meshes`` are those whose vertex colours may be asked for.
    """
    if live_link(socket) is None:
        return _is_tint(socket.default_value)
    return any(_adds_colour(node, meshes) for node in feeding(socket))


def _adds_colour(node: Any, meshes: Sequence[Any]) -> bool:
    if node.type == "TEX_IMAGE":
        return _image_is_tinted(node.image)
    if node.type == "VERTEX_COLOR":
        return _vertices_are_tinted(node.layer_name, meshes)
    if node.type == "ATTRIBUTE":
        return node.attribute_type != "GEOMETRY" or _vertices_are_tinted(node.attribute_name, meshes)
    if node.type == "RGB":
        return _is_tint(node.outputs[0].default_value)
    if node.type == "VALTORGB":
        return any(_is_tint(element.color) for element in node.color_ramp.elements)
    if node.type not in _COLOURLESS:
        return True
    plain = (socket for socket in node.inputs if socket.type == "RGBA" and socket.enabled and live_link(socket) is None)
    return any(_is_tint(socket.default_value) for socket in plain)


def _is_tint(colour: Sequence[float]) -> bool:
    """Whether a linear colour is not grey."""
    shown = [max(0.0, channel) ** (1 / 2.2) for channel in colour[:3]]
    return bool(max(shown) - min(shown) > GREY)


def _image_is_tinted(image: Any) -> bool:
    if image is None or image.source in ("TILED", "MOVIE", "SEQUENCE"):
        return True
    if image.channels < 3:
        return False
    flat = array("f", bytes(4 * len(image.pixels)))
    image.pixels.foreach_get(flat)
    return _any_tint(flat, image.channels)


def _vertices_are_tinted(name: str, meshes: Sequence[Any]) -> bool:
    """``name`` is that of a colour attribute; an empty one asks for any."""
    for mesh in meshes:
        for layer in mesh.color_attributes:
            if name in ("", layer.name):
                flat = array("f", bytes(16 * len(layer.data)))
                layer.data.foreach_get("color", flat)
                if _any_tint(flat, 4):
                    return True
    return False


def _any_tint(flat: array[float], channels: int) -> bool:
    """Whether one of about `PROBES` evenly spread pixels of a picture is not grey."""
    step = channels * (len(flat) // channels // PROBES | 1)  # odd, so that no column of the picture is left out
    channel = (flat[index::step] for index in range(3))
    return any(max(pixel) - min(pixel) > GREY for pixel in zip(*channel, strict=True))
