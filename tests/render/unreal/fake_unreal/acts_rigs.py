"""What the fake's methods do: control rigs on a character, their hierarchy, types and limits."""

from __future__ import annotations

from typing import Any

from tests.render.unreal.fake_unreal.acts import act, quaternion, vector


@act("ControlRigBlueprint.get_control_rig_class", "Blueprint.generated_class")
def _rig_class(editor: Any, me: Any) -> Any:
    return editor.new("Object", me._state["path"], rig=me._state["path"])


@act("ControlRigSequencerLibrary.find_or_create_control_rig_track")
def _rig_track(
    editor: Any, world: Any, level_sequence: Any, control_rig_class: Any, binding: Any, is_layered_control_rig: bool = False
) -> Any:
    path = control_rig_class._state["rig"]
    rig = editor.new("ControlRig", path, rig=editor.rigs[path], keys={}, touched=set(), sequence=level_sequence)
    track = editor.new("MovieSceneControlRigParameterTrack", f"{level_sequence._state['path']}/{path.rsplit('/', 1)[-1]}", rig=rig)
    proxy = editor.classes["ControlRigSequencerBindingProxy"]()
    proxy._values.update(control_rig=rig, track=track)
    level_sequence._state["rigs"].append(proxy)
    return track


@act("ControlRigSequencerLibrary.get_control_rigs")
def _rigs(editor: Any, level_sequence: Any) -> list[Any]:
    return list(level_sequence._state["rigs"])


@act("ControlRig.get_hierarchy")
def _hierarchy(editor: Any, me: Any) -> Any:
    return editor.new("RigHierarchy", "hierarchy", rig=me._state["rig"])


def _key(editor: Any, name: str) -> Any:
    return editor.classes["RigElementKey"](editor.classes["RigElementType"].CONTROL, name)


@act("RigHierarchy.get_controls")
def _controls(editor: Any, me: Any, traverse: bool = True) -> list[Any]:
    return [_key(editor, name) for name in me._state["rig"].controls]


@act("RigHierarchy.get_children")
def _children(editor: Any, me: Any, key: Any, recursive: bool = False) -> list[Any]:
    controls, found = me._state["rig"].controls, [key.name]
    for name, control in controls.items():
        if control.parent in (found if recursive else found[:1]):
            found.append(name)
    return [_key(editor, name) for name in found[1:]]


@act("RigHierarchy.find_control")
def _find(editor: Any, me: Any, key: Any) -> Any:
    element = editor.classes["RigControlElement"]()
    element._values["settings"] = _settings(editor, me, key)
    return element


@act("RigHierarchy.get_control_settings")
def _settings(editor: Any, me: Any, key: Any) -> Any:
    control = me._state["rig"].controls[key.name]
    settings = editor.classes["RigControlSettings"]()
    settings._values["control_type"] = getattr(editor.classes["RigControlType"], control.kind)
    for name, numbers in (("minimum_value", control.low), ("maximum_value", control.high)):
        value = editor.classes["RigControlValue"]()
        value._state["numbers"] = numbers
        settings._values[name] = value
    settings._values["limit_enabled"] = [editor.classes["RigControlLimitEnabled"](True, True) for _ in control.low]
    return settings


@act("RigHierarchy.get_float_from_control_value")
def _float_of(editor: Any, value: Any) -> float:
    return float(value._state["numbers"][0])


@act("RigHierarchy.get_vector2d_from_control_value")
def _pair_of(editor: Any, value: Any) -> Any:
    return editor.classes["Vector2D"](*value._state["numbers"])


@act("RigHierarchy.get_local_transform", "RigHierarchy.get_global_transform")
def _local(editor: Any, me: Any, key: Any, initial: bool = False) -> Any:
    return editor.classes["Transform"]()


@act("RigHierarchy.get_global_transform")
def _global(editor: Any, me: Any, key: Any, initial: bool = False) -> Any:
    turn, at = me._state["rig"].rest[key.name]
    transform = editor.classes["Transform"]()
    transform._values.update(rotation=quaternion(editor, turn), translation=vector(editor, at))
    return transform
