"""A control rig on the live character: which controls it has, of which type, within which limits."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import unreal

from cat_dataset.errors import InputError, RunFailed
from render.unreal.in_editor import versions
from render.unreal.in_editor.turning import Quat

SLACK = 1e-5
"""How far beyond a limit a value may lie: the engine keeps limits in single precision."""


@dataclass(frozen=True)
class Control:
    """``kind`` is float, vector2d, rotator, euler_transform, bool or other; limits per axis, None where there is none."""

    name: str
    key: Any
    kind: str
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]

    def as_json(self) -> dict[str, Any]:
        return {"type": self.kind, "low": list(self.low), "high": list(self.high)}


class Rig:
    """The controls of one rig. ``instance`` is the live ``unreal.ControlRig``, or None where only the asset is looked at."""

    def __init__(self, path: str, hierarchy: Any, instance: Any = None, track: Any = None) -> None:
        self.path = path
        self.hierarchy = hierarchy
        self.instance = instance
        self.track = track
        self.keys: dict[str, Any] = {str(key.name): key for key in hierarchy.get_controls()}
        self._controls: dict[str, Control] = {}
        self._rests: dict[str, tuple[Any, Any]] = {}

    def control(self, name: str) -> Control:
        """The control called ``name``.

        Raises:
            InputError: the rig has none; the nearest names are given.
        """
        if name not in self.keys:
            near = difflib.get_close_matches(name, self.keys, n=3, cutoff=0.4)
            hint = f"; the nearest are {', '.join(near)}" if near else ""
            raise InputError(f"the rig {self.path} has no control {name}{hint}")
        if name not in self._controls:
            self._controls[name] = self._look_at(name)
        return self._controls[name]

    def _look_at(self, name: str) -> Control:
        settings = versions.control_settings(self.hierarchy, self.keys[name])
        kind = _kind(settings.control_type)
        low = _limits(kind, settings.minimum_value, [bool(limit.minimum) for limit in settings.limit_enabled])
        high = _limits(kind, settings.maximum_value, [bool(limit.maximum) for limit in settings.limit_enabled])
        return Control(name, self.keys[name], kind, low, high)

    def rest(self, name: str) -> tuple[Any, Any]:
        """A control's transforms at neutral: from its parent and in the rig's space."""
        if name not in self._rests:
            key = self.keys[name]
            self._rests[name] = self.hierarchy.get_local_transform(key, True), self.hierarchy.get_global_transform(key, True)
        return self._rests[name]

    def beyond(self, name: str) -> list[str]:
        """The controls that hang on ``name``, nearest first."""
        return [str(key.name) for key in self.hierarchy.get_children(self.keys[name], True) if str(key.name) in self.keys]


def quat(transform: Any) -> Quat:
    """The rotation of an ``unreal.Transform`` as numbers.

    Raises:
        RunFailed: it is not a rotation.
    """
    q = transform.rotation
    numbers = (float(q.x), float(q.y), float(q.z), float(q.w))
    if not 0.99 < math.hypot(*numbers) < 1.01:
        raise RunFailed(f"the editor gave {numbers} for a rotation; is the character or its rig still loading?")
    return numbers


def _kind(control_type: Any) -> str:
    kinds = unreal.RigControlType
    if control_type in (kinds.FLOAT, kinds.SCALE_FLOAT):
        return "float"
    names = {"vector2d": kinds.VECTOR2D, "euler_transform": kinds.EULER_TRANSFORM, "rotator": kinds.ROTATOR, "bool": kinds.BOOL}
    return next((name for name, kind in names.items() if kind == control_type), "other")


def _limits(kind: str, value: Any, enabled: list[bool]) -> tuple[float | None, ...]:
    if kind == "float":
        numbers = [float(unreal.RigHierarchy.get_float_from_control_value(value))]
    elif kind == "vector2d":
        pair = unreal.RigHierarchy.get_vector2d_from_control_value(value)
        numbers = [float(pair.x), float(pair.y)]
    else:
        return ()
    return tuple(number if index < len(enabled) and enabled[index] else None for index, number in enumerate(numbers))


def find_asset(candidates: Sequence[str], character: str, mesh: Any, what: str) -> tuple[str, Any]:
    """The first of the rig assets ``candidates`` that the project has; else the one in a folder Common above the ``character``,
    where a MetaHuman assembled since 5.6 keeps it; else the one that its mesh itself names.

    Raises:
        InputError: there is none.
    """
    for path in (*candidates, *_beside(character, candidates)):
        if unreal.EditorAssetLibrary.does_asset_exist(path):
            return path, unreal.load_asset(path)
    asset = mesh.get_skeletal_mesh_asset() if mesh is not None else None
    rig = asset.get_editor_property("default_animating_rig") if asset is not None else None
    if rig is None:
        raise InputError(f"the project has none of the {what} rigs {', '.join(candidates)}; give the rig's asset path in the plan")
    return str(rig.get_path_name()).split(".", maxsplit=1)[0], rig


def _beside(character: str, candidates: Sequence[str]) -> list[str]:
    """Where the candidates, by their last folder and name, would lie in a folder Common above the character, nearest first."""
    ends = list(dict.fromkeys("/".join(path.split("/")[-2:]) for path in candidates))
    parts = character.split("/")
    folders = ["/".join(parts[:count]) for count in range(len(parts) - 1, 1, -1)]
    return [f"{folder}/Common/{end}" for folder in folders for end in ends]


def face_values(rig: Rig, wanted: Mapping[str, float]) -> dict[str, tuple[float, ...]]:
    """Values per control, from ``name`` and ``name.x`` / ``name.y``; an axis that is not named is 0.

    Raises:
        InputError: an unknown control, one of another type, or a value beyond its limits.
    """
    values: dict[str, tuple[float, ...]] = {}
    for full, value in wanted.items():
        name, _, axis = full.partition(".")
        control = rig.control(name)
        if control.kind != ("vector2d" if axis else "float"):
            form = f"{name}.x and {name}.y" if control.kind == "vector2d" else name
            raise InputError(f"the control {name} of {rig.path} is of type {control.kind}; {full} cannot be set, write {form}")
        index = 1 if axis == "y" else 0
        old = values.get(name, (0.0, 0.0) if axis else (0.0,))
        values[name] = (*old[:index], float(value), *old[index + 1 :])
    for name, numbers in values.items():
        check_limits(rig, rig.control(name), numbers)
    return values


def check_limits(rig: Rig, control: Control, values: tuple[float, ...]) -> None:
    """Refuse values beyond the control's limits: the engine would clamp them, and the picture would not be what its label says."""
    for value, low, high in zip(values, control.low, control.high, strict=True):
        if (low is not None and value < low - SLACK) or (high is not None and value > high + SLACK):
            raise InputError(
                f"{control.name} of {rig.path} goes from {low} to {high} and the job asks for {value}; change the table or the plan"
            )
