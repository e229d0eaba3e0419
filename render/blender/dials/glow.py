"""Surfaces that glow by themselves: their strength is in no unit, so a scene that is lit and exposed anew takes it along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

STRENGTHS = {"BSDF_PRINCIPLED": "Emission Strength", "EMISSION": "Strength"}


def scale_glow(materials: Iterable[Any], factor: float) -> list[tuple[Any, float]]:
    """Multiply what ``materials`` emit; the sockets that were changed, with their former values. Strengths that nodes
    reckon out stay as they are."""
    changed = []
    for tree in _trees([material.node_tree for material in materials if material.node_tree is not None]):
        for node in tree.nodes:
            socket = node.inputs.get(STRENGTHS.get(node.type, ""))
            if socket is not None and not socket.is_linked and socket.default_value:
                changed.append((socket, socket.default_value))
                socket.default_value *= factor
    return changed


def _trees(waiting: list[Any]) -> Iterator[Any]:
    """Node trees and the groups within them, each once."""
    seen = set()
    while waiting:
        tree = waiting.pop()
        if tree.as_pointer() in seen:
            continue
        seen.add(tree.as_pointer())
        yield tree
        waiting += [node.node_tree for node in tree.nodes if node.type == "GROUP" and node.node_tree is not None]
