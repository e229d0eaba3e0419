"""The Principled BSDFs of an object's materials: which there are, and taking over one of their inputs for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

Undo = Callable[[], object]


def used_materials(meshes: Iterable[Any]) -> list[Any]:
    """The materials that a face of ``meshes`` has, sorted by name."""
    found: dict[str, Any] = {}
    for mesh in meshes:
        indices = [0] * len(mesh.polygons)
        mesh.polygons.foreach_get("material_index", indices)
        last = len(mesh.materials) - 1  # faces beyond the last slot show the last one
        chosen = (mesh.materials[min(index, last)] for index in set(indices)) if last >= 0 else ()
        found.update({material.name: material for material in chosen if material is not None})
    return [found[name] for name in sorted(found)]


def shaders_of(material: Any) -> list[Any]:
    """Principled nodes that reach the surface of ``material``, mixed, added or inside groups; muted ones do not."""
    output = material.node_tree.get_output_node("CYCLES") if material.node_tree else None
    if output is None:
        return []
    return [node for node in feeding(output.inputs["Surface"]) if node.type == "BSDF_PRINCIPLED" and not node.mute]


def feeding(socket: Any) -> list[Any]:
    """Every node that an input socket depends on, each once, also those inside groups."""
    found: dict[int, Any] = {}
    waiting = [socket]
    while waiting:
        link = live_link(waiting.pop())
        if link is None or link.from_node.as_pointer() in found:
            continue
        node = link.from_node
        found[node.as_pointer()] = node
        waiting += node.inputs
        if node.type == "GROUP" and node.node_tree and not node.mute:
            waiting += [
                inner for end in node.node_tree.nodes if end.type == "GROUP_OUTPUT" and end.is_active_output for inner in end.inputs
            ]
    return list(found.values())


def live_link(socket: Any) -> Any:
    """The link that feeds an input socket, or None; Cycles passes muted ones by."""
    return next((link for link in socket.links if not link.is_muted), None)


def take_over(socket: Any) -> Undo:
    """Free an input socket from links and drivers, so that its own value counts; what puts all of it back."""
    tree, value = socket.id_data, _plain(socket.default_value)
    links = [(link.from_socket, link.is_muted) for link in socket.links]
    for link in list(socket.links):
        tree.links.remove(link)
    drivers = _drivers_of(tree, socket)
    for driver in drivers:
        driver.mute = True

    def undo() -> None:
        socket.default_value = value
        for driver in drivers:
            driver.mute = False
        for source, muted in links:
            tree.links.new(source, socket).is_muted = muted

    return undo


def put_before(socket: Any, kind: str, entry: str, end: str) -> tuple[Any, Undo]:
    """A new node ``kind`` between an input socket and what feeds it, link or value; the node, and what takes it out again.

    ``entry`` and ``end`` are the names of the new node's input and output.
    """
    tree, link = socket.id_data, live_link(socket)
    source, value = (link.from_socket if link else None), _plain(socket.default_value)
    back = take_over(socket)
    node = tree.nodes.new(kind)
    node.inputs[entry].default_value = value
    if source is not None:
        tree.links.new(source, node.inputs[entry])
    tree.links.new(node.outputs[end], socket)

    def undo() -> None:
        tree.nodes.remove(node)
        back()

    return node, undo


def evaluated_value(socket: Any, graph: Any) -> Any:
    """The value of an input socket of a node (not a group's) in the evaluated scene."""
    node = socket.node
    return socket.id_data.evaluated_get(graph).nodes[node.name].inputs[socket.name].default_value


def _drivers_of(tree: Any, socket: Any) -> Sequence[Any]:
    path = socket.path_from_id("default_value")
    return [one for one in (tree.animation_data.drivers if tree.animation_data else ()) if one.data_path == path and not one.mute]


def _plain(value: Any) -> Any:
    """A copy of a socket's value; that of a colour is an array which would change with it."""
    return tuple(value) if hasattr(value, "__len__") else value
