"""A material's node tree in few words; sockets are found by their names in every Blender from 3.4 on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bpy

from render.blender.figure.surfaces import REST

RENAMED = {
    "Subsurface Weight": "Subsurface", "Specular IOR Level": "Specular", "Sheen Weight": "Sheen", "Coat Weight": "Clearcoat",
    "Coat Roughness": "Clearcoat Roughness", "Transmission Weight": "Transmission",
}  # fmt: skip
"""Inputs of the Principled BSDF: their names since 4.0, and before."""


Inputs = Mapping[Any, Any]
"""Values by the names or the numbers of a node's inputs."""


class Nodes:
    """The nodes of a new material called ``name``.

    Values may be sockets, which are linked, numbers, or colours and vectors of three numbers.
    """

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        if self.material.node_tree is None:
            self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.tree.nodes.clear()

    def add(self, kind: str, inputs: Inputs, **settings: Any) -> Any:
        """A new node; returns its first output."""
        return self.node(kind, inputs, **settings).outputs[0]

    def node(self, kind: str, inputs: Inputs, **settings: Any) -> Any:
        """A new node ``ShaderNode<kind>`` with ``settings`` as its properties."""
        node = self.tree.nodes.new(f"ShaderNode{kind}")
        for setting, value in settings.items():
            setattr(node, setting, value)
        for key, value in inputs.items():
            self.feed(node.inputs[key], value)
        return node

    def feed(self, socket: Any, value: Any) -> None:
        """Link ``value`` to an input, or set it."""
        if hasattr(value, "is_linked"):
            self.tree.links.new(value, socket)
        elif socket.type == "RGBA":
            socket.default_value = (*value, 1.0)
        else:
            socket.default_value = value

    def math(self, operation: str, a: Any, b: Any = 0.0, clamp: bool = False) -> Any:
        """A sum, a product, ... of two numbers."""
        return self.add("Math", {0: a, 1: b}, operation=operation, use_clamp=clamp)

    def scaled(self, value: Any, low: float, high: float, to_low: float = 0.0, to_high: float = 1.0, smooth: bool = False) -> Any:
        """``value`` from the range ``low`` to ``high`` brought to another one, and kept inside."""
        inputs = {"Value": value, "From Min": low, "From Max": high, "To Min": to_low, "To Max": to_high}
        return self.add("MapRange", inputs, interpolation_type="SMOOTHSTEP" if smooth else "LINEAR")

    def mix(self, share: Any, a: Any, b: Any, blend: str = "MIX") -> Any:
        """``a`` and ``b``, two colours, mixed."""
        node = self.node("Mix", {}, data_type="RGBA", blend_type=blend)
        for index, value in ((0, share), (6, a), (7, b)):
            self.feed(node.inputs[index], value)
        return node.outputs[2]

    def attribute(self, name: str) -> Any:
        """A number that every point has."""
        return self.node("Attribute", {}, attribute_name=name).outputs["Fac"]

    def rest(self, stretch: tuple[float, float, float] | None = None) -> Any:
        """The place at rest, in metres, times ``stretch``."""
        place = self.node("Attribute", {}, attribute_name=REST).outputs["Vector"]
        return self.add("VectorMath", {0: place, 1: stretch}, operation="MULTIPLY") if stretch else place

    def dot(self, place: Any, direction: Any) -> Any:
        """How far ``place`` lies in a direction of length 1."""
        return self.node("VectorMath", {0: place, 1: tuple(direction)}, operation="DOT_PRODUCT").outputs["Value"]

    def noise(self, place: Any, per_metre: float, detail: float = 2.0, roughness: float = 0.5, swirl: float = 0.0) -> Any:
        """Smooth noise around 0.5, mostly between 0.25 and 0.75, with ``per_metre`` lumps in a metre."""
        inputs = {"Vector": place, "Scale": per_metre, "Detail": detail, "Roughness": roughness, "Distortion": swirl}
        return self.add("TexNoise", inputs)

    def cells(self, place: Any, per_metre: float, feature: str = "F1", jitter: float = 1.0) -> Any:
        """The distance to the nearest of scattered points, or to the edge between their cells, in shares of their spacing."""
        return self.node("TexVoronoi", {"Vector": place, "Scale": per_metre, "Randomness": jitter}, feature=feature).outputs["Distance"]

    def bump(self, height: Any, metres: float, below: Any = None) -> Any:
        """The normal of a surface with ``height`` on it, as many ``metres`` high where it is 1."""
        inputs = {"Height": height, "Distance": metres, "Strength": 1.0}
        return self.add("Bump", {**inputs, "Normal": below} if below is not None else inputs)

    def principled(self, inputs: Mapping[str, Any]) -> Any:
        """A Principled BSDF; inputs that this Blender lacks are left out."""
        node = self.node("BsdfPrincipled", {})
        for name, value in inputs.items():
            known = name if name in node.inputs else RENAMED.get(name, "")
            if known in node.inputs:
                self.feed(node.inputs[known], value)
        if "Subsurface Color" in node.inputs and "Base Color" in inputs:
            self.feed(node.inputs["Subsurface Color"], inputs["Base Color"])
        return node.outputs[0]

    def done(self, shader: Any) -> Any:
        """The material, showing ``shader``."""
        self.tree.links.new(shader, self.node("OutputMaterial", {}).inputs["Surface"])
        return self.material
