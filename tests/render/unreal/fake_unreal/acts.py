"""The table of what the fake's methods do, and what its parts share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

ACTS: dict[str, Callable[..., Any]] = {}
"""``"Class.method"`` and ``"unreal.function"`` to functions of (editor, [object], arguments by name)."""


def act(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            ACTS[name] = function
        return function

    return add


def vector(editor: Any, numbers: Any) -> Any:
    x, y, z = (float(number) for number in numbers)
    return editor.classes["Vector"](x, y, z)


def quaternion(editor: Any, q: Any) -> Any:
    return editor.classes["Quat"](*(float(number) for number in q))


def need(value: Any, kind: str, what: str) -> Any:
    """A TypeError unless ``value`` is of the engine's class ``kind``: what the engine refuses to convert."""
    if not any(cls.__name__ == kind for cls in type(value).__mro__):
        raise TypeError(f"{what}: cannot make {kind} of {value!r}")
    return value


from tests.render.unreal.fake_unreal import acts_actors, acts_project, acts_rigs, acts_sequence  # noqa: E402, F401  (they fill the table)
