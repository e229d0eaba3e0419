"""Sets the object's shape keys. 10 points of an attribute are slider 1 of the keys bound to it (`render.blender.dials.key_specs`)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bpy

from cat_dataset.errors import InputError, UsageError
from render.blender.assets.subject import Subject
from render.blender.dials.dial import Dial
from render.blender.dials.key_specs import Binding
from render.blender.stage.pose import Pose
from render.blender.stage.scene import Scene
from render.blender.sweeping.spec import DIALS, State, Sweep

KEPT_OUTLINES = 256
"""Outlines of states kept for the next series of the asset: a hull of a million vertices takes seconds."""


class DeformDial(Dial):
    """Drives deformation and expression_* (points). The object's size and pivot are those of its shape with all keys at 0."""

    kind = "deform"

    def __init__(self, sweep: Sweep) -> None:
        super().__init__(sweep)
        self._bindings = {name: Binding(tuple(one["positive"]), tuple(one["negative"])) for name, one in self.options.items()}
        for name in DIALS[self.kind]:
            if sweep.values(name) and name not in self._bindings:
                raise UsageError(f"nothing says which shape keys make {name}; use deform.py with --key {name}=KEY")
        self._scene: Scene | None = None

    def shape_keys(self) -> tuple[str, ...]:
        used = [binding for name, binding in self._bindings.items() if self.sweep.values(name)]
        return tuple(sorted(key for binding in used for key in binding.keys))

    def meet(self, scene: Scene) -> None:
        for key in self.shape_keys():
            try:
                scene.subject.measured_shape_key(key)
            except KeyError:
                raise InputError(f"{scene.name}: the shape key {key} moves nothing; name another one, or repair it") from None
        self._scene = scene

    def pose(self, pose: Pose, values: State) -> Pose:
        assert self._scene is not None, "meet comes first"
        sliders = self._sliders(values)
        known, state = self._scene.outlines, tuple(sorted(sliders.items()))
        if state not in known:
            if len(known) >= KEPT_OUTLINES:
                known.clear()
            self._scene.subject.set_shape_keys(sliders)
            known[state] = self._scene.subject.points()
            self._rest(self._scene.subject)
        return replace(pose, outline=known[state])

    def apply(self, scene: Scene, values: State) -> None:
        scene.subject.set_shape_keys(self._sliders(values))

    def read_back(self, scene: Scene, values: State) -> dict[str, float]:
        found = self._measured(scene)
        return {name: self._bindings[name].value(found) for name in values}

    def state(self, scene: Scene, values: State) -> dict[str, Any]:
        return {"shape_keys": {key: round(value, 6) + 0.0 for key, value in self._measured(scene).items()}}

    def constants(self, scene: Scene) -> dict[str, Any]:
        used = {name: binding.as_json() for name, binding in self._bindings.items() if self.sweep.values(name)}
        return {"shape_keys_of": used}

    def leave(self, scene: Scene) -> None:
        self._rest(scene.subject)

    def _sliders(self, values: State) -> dict[str, float]:
        return {key: slider for name, value in values.items() for key, slider in self._bindings[name].sliders(value).items()}

    def _measured(self, scene: Scene) -> dict[str, float]:
        bpy.context.view_layer.update()
        return {key: scene.subject.measured_shape_key(key) for key in self.shape_keys()}

    def _rest(self, subject: Subject) -> None:
        subject.set_shape_keys(dict.fromkeys(self.shape_keys(), 0.0))
