"""The classes of a strict `unreal` module, made from api.json.

An unknown class, method, property or enum value is an AttributeError; a missing, surplus or unknown argument and a value of
another type are TypeErrors, as in the engine. Structs are copied when they are got, so a change counts only once it is set.
What a method does is looked up in a table of functions ``"Class.method"``; one that nobody acts out cannot be called at all.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

API = json.loads((Path(__file__).parent.parent / "api.json").read_text(encoding="utf-8"))
PLAIN: dict[str, tuple[tuple[type, ...], Any]] = {
    "bool": ((bool,), False), "float": ((float, int), 0.0), "double": ((float, int), 0.0), "int32": ((int,), 0), "uint8": ((int,), 0),
    "str": ((str,), ""), "Name": ((str,), "None"), "Text": ((str,), ""),
}  # fmt: skip


class Holder:
    """The editor whose classes these are at the moment: making them anew for each would take longer than most tests."""

    editor: Any = None


class Strict:
    """Base of everything in the module."""

    _api: ClassVar[dict[str, Any]] = {}
    _holder: Any = None

    @property
    def _editor(self) -> Any:
        return self._holder.editor

    def __init__(self, *args: Any, **named: Any) -> None:
        object.__setattr__(self, "_values", {})
        object.__setattr__(self, "_state", {})
        if type(self).__name__ == "Transform":
            self._values.update(
                rotation=self._editor.classes["Quat"](0.0, 0.0, 0.0, 1.0), scale3d=self._editor.classes["Vector"](1.0, 1.0, 1.0)
            )
        parameters = _member(type(self), "methods", "__init__") or ["self", "outer=", "name="]
        for name, value in bind(f"{type(self).__name__}()", parameters, args, named).items():
            kind = _member(type(self), "props", name)
            self._values[name] = fit(self._editor, f"{type(self).__name__}.{name}", kind.split(":")[0], value) if kind else value

    def __setattr__(self, name: str, value: Any) -> None:
        self.set_editor_property(name, value, _direct=True)

    def set_editor_property(self, name: str, value: Any, notify_mode: Any = None, _direct: bool = False) -> None:
        kind = _member(type(self), "props", name)
        if kind is None:
            raise AttributeError(f"{type(self).__name__!r} has no property {name!r}")
        if kind.endswith(":ro"):
            raise AttributeError(f"property {name!r} of {type(self).__name__!r} is read-only")
        self._values[name] = fit(self._editor, f"{type(self).__name__}.{name}", kind, value)
        self._editor.record("set", f"{type(self).__name__}.{name}", value)

    def get_editor_property(self, name: str) -> Any:
        kind = _member(type(self), "props", name)
        if kind is None:
            raise AttributeError(f"{type(self).__name__!r} has no property {name!r}")
        kind = kind.split(":")[0]
        if name not in self._values:
            self._values[name] = default(self._editor, kind)
        value = self._values[name]
        return copy.deepcopy(value) if _is_struct(value) else value

    def __deepcopy__(self, memo: Any) -> Strict:
        new = type(self).__new__(type(self))
        values = {name: copy.deepcopy(value) if _is_struct(value) else value for name, value in self._values.items()}
        object.__setattr__(new, "_values", values)
        object.__setattr__(new, "_state", dict(self._state))
        return new


def _is_struct(value: Any) -> bool:
    return isinstance(value, Strict) and _descends(type(value), "StructBase")


def _descends(cls: type, name: str) -> bool:
    return any(each.__name__ == name for each in cls.__mro__)


def _member(cls: type, kind: str, name: str) -> Any:
    for each in cls.__mro__:
        found = each.__dict__.get("_api", {}).get(kind, {})
        if name in found:
            return found[name]
    return None


def bind(what: str, parameters: list[str], args: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """Arguments by name; a TypeError where the engine would refuse them."""
    expected = [each for each in parameters if each not in ("self", "cls")]
    names = [each.rstrip("=") for each in expected]
    if len(args) > len(names):
        raise TypeError(f"{what} takes at most {len(names)} arguments, {len(args)} given")
    given = dict(zip(names, args, strict=False))
    for name, value in named.items():
        if name not in names or name in given:
            raise TypeError(f"{what} has no argument {name!r} left")
        given[name] = value
    if lacking := [each for each in expected if not each.endswith("=") and each not in given]:
        raise TypeError(f"{what} lacks the argument {lacking[0]!r}")
    return given


def fit(editor: Any, what: str, kind: str, value: Any) -> Any:
    """``value`` as the property type ``kind``, or a TypeError."""
    if kind in PLAIN:
        types = PLAIN[kind][0]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise TypeError(f"{what}: cannot make {kind} of {value!r}")
        return float(value) if float in types else value
    cls = editor.classes.get(kind)
    if cls is not None and value is not None and not isinstance(value, cls):
        raise TypeError(f"{what}: cannot make {kind} of {value!r}")
    return copy.deepcopy(value) if _is_struct(value) else value


def default(editor: Any, kind: str) -> Any:
    """What a property of type ``kind`` holds before it is set."""
    if kind in PLAIN:
        return PLAIN[kind][1]
    if kind in ("Array", "Map"):
        return [] if kind == "Array" else {}
    cls = editor.classes.get(kind)
    if cls is None:
        return None
    if _descends(cls, "EnumBase"):
        return next((value for value in vars(cls).values() if isinstance(value, cls)), None)
    return cls() if _descends(cls, "StructBase") or _descends(cls, "MulticastDelegateBase") else None


_MADE: dict[bool, tuple[Holder, dict[str, type]]] = {}


def classes_for(editor: Any, acts: dict[str, Callable[..., Any]], newest: bool) -> dict[str, type]:
    """The classes, from now on those of ``editor``; ``newest``: with what only the newest engine has, without what it lacks."""
    if newest not in _MADE:
        holder = Holder()
        _MADE[newest] = holder, make_classes(holder, acts, newest)
    holder, classes = _MADE[newest]
    holder.editor = editor
    return classes


def make_classes(holder: Holder, acts: dict[str, Callable[..., Any]], newest: bool) -> dict[str, type]:
    """Every class of api.json."""
    api = copy.deepcopy(API["classes"])
    if newest:
        for gone in API["newest"]["gone"]:
            owner, name = gone.split(".")
            for kind in ("props", "methods"):
                api[owner].get(kind, {}).pop(name, None)
        for owner, there in API["newest"]["there"].items():
            api[owner]["methods"].update(there)
    classes: dict[str, type] = {}

    def make(name: str) -> type:
        if name not in classes:
            base = api[name].get("base")
            classes[name] = _make_class(name, make(base) if base in api else Strict, api[name], holder, acts)
        return classes[name]

    for name in api:
        make(name)
    return classes


def _make_class(name: str, base: type, api: dict[str, Any], holder: Holder, acts: dict[str, Callable[..., Any]]) -> type:
    space: dict[str, Any] = {"_api": api, "_holder": holder}
    for prop in api.get("props", {}):
        space[prop] = property(
            lambda self, prop=prop: self.get_editor_property(prop), lambda self, v, prop=prop: self.set_editor_property(prop, v)
        )
    for method, parameters in api.get("methods", {}).items():
        if method not in ("__init__", "get_editor_property", "set_editor_property"):
            space[method] = _method(name, method, parameters, holder, acts)
    cls = type(name, (base,), space)
    for const in api.get("consts", ()):
        value = cls.__new__(cls)
        object.__setattr__(value, "_values", {})
        object.__setattr__(value, "_state", {"name": const})
        setattr(cls, const, value)
    return cls


def _method(cls_name: str, name: str, parameters: list[str], holder: Holder, acts: dict[str, Callable[..., Any]]) -> Any:
    def call(owner: Any, *args: Any, **named: Any) -> Any:
        given = bind(f"{cls_name}.{name}()", parameters, args, named)
        editor = holder.editor
        editor.record("call", f"{cls_name}.{name}", given)
        act = acts.get(f"{cls_name}.{name}")
        if act is None:
            raise NotImplementedError(f"the fake does not act out {cls_name}.{name}")
        return act(editor, *([] if parameters[:1] == ["cls"] else [owner]), **given)

    return classmethod(call) if parameters[:1] == ["cls"] else call


def plain(value: Any) -> Any:
    """A recorded value as something that prints and compares."""
    if isinstance(value, Strict):
        inner = {name: plain(each) for name, each in sorted(value._values.items())} if _is_struct(value) else {}
        return f"{type(value).__name__}{value._state.get('name', '')}{inner or ''}"
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else re.sub(r" at 0x\w+", "", str(value))
