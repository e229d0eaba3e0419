"""Sets roughness, metallic and hue of the object's materials.

Hue means the hue angle H of the HSV model on scene-linear Rec. 709 base colours: H' = H + degrees, S' = S, V' = V. It is what
Blender's Hue/Saturation node does, leaves greys alone, never leaves the gamut and undoes itself after 360 degrees; luminance
changes (yellow becomes blue). A rotation about the grey axis would keep the channels' mean, but push saturated colours out
of the gamut, where clipping falsifies the angle.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import bpy

from cat_dataset.command import warn
from cat_dataset.errors import InputError
from render.blender.dials.dial import Dial
from render.blender.dials.principled import Undo, evaluated_value, put_before, shaders_of, take_over, used_materials
from render.blender.dials.tint import tinted
from render.blender.stage.scene import Scene
from render.blender.sweeping.spec import State, Sweep

SHARES = {"material_roughness": "Roughness", "material_metallic": "Metallic"}
HUE_RULE = "HSV hue of the scene-linear Rec. 709 base colour plus the degrees; saturation and value as modelled"


class MaterialDial(Dial):
    """Drives material_roughness, material_metallic (percent) and material_hue (degrees from the hue as modelled).

    Roughness and metallic are absolute: textures that feed them are unplugged for the series. Hue turns whatever feeds the base
    colour. All Principled BSDFs get the same value; other shaders, and emitted light, stay as they are.
    """

    kind = "material"

    def __init__(self, sweep: Sweep) -> None:
        super().__init__(sweep)
        self._driven = [name for name in (*sweep.varies, *sweep.held) if name in (*SHARES, "material_hue")]
        self._knobs: dict[str, list[Any]] = {}
        self._undo: list[Undo] = []

    def meet(self, scene: Scene) -> None:
        shaders, others = _sorted_out(scene)
        if not shaders:
            raise InputError(f"{scene.name}: {others} no Principled BSDF to set; give the materials one in Blender, or export through glTF")
        if others:
            _warn_once(f"{scene.name}: {others} no Principled BSDF and will stay as modelled")
        meshes = [part.data for part in scene.subject.parts]
        if "material_hue" in self.sweep.varies and not any(tinted(shader.inputs["Base Color"], meshes) for shader in shaders):
            raise InputError(f"{scene.name}: all base colours are grey, so that no hue can show; colour the object, or vary roughness")
        if "material_roughness" in self.sweep.varies and "material_metallic" not in self._driven and not any(map(_shines, shaders)):
            raise InputError(
                f"{scene.name}: no material reflects, so that no roughness can show; give one specular reflection, "
                "or --hold material_metallic 100"
            )

    def enter(self, scene: Scene) -> None:
        self._knobs = {name: [] for name in self._driven}
        for shader in _sorted_out(scene)[0]:
            for name in self._driven:
                if name in SHARES:
                    knob = shader.inputs[SHARES[name]]
                    self._undo.append(take_over(knob))
                else:
                    node, undo = put_before(shader.inputs["Base Color"], "ShaderNodeHueSaturation", "Color", "Color")
                    self._undo.append(undo)
                    knob = node.inputs["Hue"]
                self._knobs[name].append(knob)

    def apply(self, scene: Scene, values: State) -> None:
        for name, value in values.items():
            for knob in self._knobs[name]:
                knob.default_value = value / 100.0 if name in SHARES else (value / 360.0 + 0.5) % 1.0  # the node's 0.5 changes nothing

    def read_back(self, scene: Scene, values: State) -> dict[str, float]:
        bpy.context.view_layer.update()
        graph = bpy.context.evaluated_depsgraph_get()
        found = {}
        for name, asked in values.items():
            real = [self._spelled(name, evaluated_value(knob, graph), asked) for knob in self._knobs[name]]
            found[name] = max(real, key=lambda value: abs(value - asked))
        return found

    def constants(self, scene: Scene) -> dict[str, Any]:
        shaders, _ = _sorted_out(scene)
        kept = [material.name for material in used_materials(_meshes(scene)) if not shaders_of(material)]
        rule = {"hue_rule": HUE_RULE} if "material_hue" in self._driven else {}
        return {"shaders_driven": len(shaders), "materials_as_modelled": kept, **rule}

    def leave(self, scene: Scene) -> None:
        while self._undo:
            self._undo.pop()()
        self._knobs = {}

    @staticmethod
    def _spelled(name: str, value: float, asked: float) -> float:
        """A socket's value in the attribute's unit; hues on the turn nearest to ``asked``."""
        if name in SHARES:
            return value * 100.0
        degrees = (value - 0.5) * 360.0
        return degrees + 360.0 * round((asked - degrees) / 360.0)


def _meshes(scene: Scene) -> list[Any]:
    return list({part.data.name: part.data for part in scene.subject.parts}.values())


def _sorted_out(scene: Scene) -> tuple[list[Any], str]:
    """The object's Principled nodes, each once, and, as the subject of a sentence, the materials that have none."""
    shaders, others = {}, []
    for material in used_materials(_meshes(scene)):
        mine = shaders_of(material)
        shaders.update({shader.as_pointer(): shader for shader in mine})
        if not mine:
            others.append(material.name)
    more = f" and {len(others) - 5} more" if len(others) > 5 else ""
    named = ", ".join(others[:5]) + more
    return list(shaders.values()), f"the material {named} has" if len(others) == 1 else f"the materials {named} have" if others else ""


def _shines(shader: Any) -> bool:
    """Whether the roughness of a Principled node can be seen."""
    names = ("Metallic", "Specular IOR Level", "Specular", "Transmission Weight", "Transmission")
    inputs = [shader.inputs[name] for name in names if name in shader.inputs]
    return any(socket.is_linked or socket.default_value > 0 for socket in inputs)


@cache
def _warn_once(message: str) -> None:
    """Warn; a session meets the same asset for every series."""
    warn(message)
