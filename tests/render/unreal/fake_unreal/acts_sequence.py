"""What the fake's methods do: sequences, their tracks, and the keys of control rigs.

As in the engine, a setter of another type than the control's does nothing, nothing happens to a rig whose sequence is not
open, values are clamped to the limits, and the first key on a new track only sets the value.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.render.unreal.fake_unreal.acts import act, need, vector
from tests.render.unreal.fake_unreal.rigs import from_rotator

SHAPES = {"float": "FLOAT", "vector2d": "VECTOR2D", "bool": "BOOL", "rotator": "ROTATOR", "euler_transform": "EULER_TRANSFORM"}
REST = {"FLOAT": (0.0,), "VECTOR2D": (0.0, 0.0), "BOOL": (1.0,)}


class Keys:
    """Keys of one control: frame to numbers, and the frames whose key is a step."""

    def __init__(self) -> None:
        self.values: dict[int, tuple[float, ...]] = {}
        self.steps: set[int] = set()

    def at(self, time: float) -> tuple[float, ...]:
        before = max((frame for frame in self.values if frame <= time), default=min(self.values))
        after = min((frame for frame in self.values if frame > time), default=before)
        if before in self.steps or after == before or before > time:
            return self.values[before]
        share = (time - before) / (after - before)
        return tuple(a + share * (b - a) for a, b in zip(self.values[before], self.values[after], strict=True))


@act("MovieSceneSequence.set_display_rate", "MovieSceneSequence.set_playback_start", "MovieSceneSequence.set_playback_end")
def _setting(editor: Any, me: Any, **given: Any) -> None:
    me._state.update(given)


@act("MovieSceneSequence.add_track")
def _add_track(editor: Any, me: Any, track_type: Any) -> Any:
    track = editor.new(track_type.__name__, f"{me._state['path']}/track{len(me._state['tracks'])}")
    me._state["tracks"].append(track)
    return track


@act("MovieSceneTrack.add_section")
def _add_section(editor: Any, me: Any) -> Any:
    return me._state.setdefault("section", editor.new("MovieSceneCameraCutSection", "section"))


@act("MovieSceneSection.set_range", "MovieSceneCameraCutSection.set_camera_binding_id")
def _section(editor: Any, me: Any, **given: Any) -> None:
    me._state.update(given)


@act("MovieSceneSequence.add_possessable")
def _possess(editor: Any, me: Any, object_to_possess: Any) -> Any:
    need(object_to_possess, "Object", "add_possessable")
    return editor.new("MovieSceneBindingProxy", "binding", object=object_to_possess)


@act("MovieSceneSequence.get_binding_id")
def _binding_id(editor: Any, me: Any, binding: Any) -> Any:
    return editor.new("MovieSceneObjectBindingID", "id", object=need(binding, "MovieSceneBindingProxy", "get_binding_id")._state["object"])


@act("MovieSceneBindingProxy.set_parent")
def _set_parent(editor: Any, me: Any, parent_binding: Any) -> None:
    me._state["parent"] = need(parent_binding, "MovieSceneBindingProxy", "set_parent")


@act("LevelSequenceEditorBlueprintLibrary.open_level_sequence")
def _open(editor: Any, level_sequence: Any) -> bool:
    editor.open_sequence = None if editor.switches.closed_sequencer else level_sequence
    return True


@act("LevelSequenceEditorBlueprintLibrary.close_level_sequence")
def _close(editor: Any) -> None:
    editor.open_sequence = None


@act("LevelSequenceEditorBlueprintLibrary.refresh_current_level_sequence")
def _refresh(editor: Any) -> None:
    return None


def _numbers(editor: Any, shape: str, value: Any) -> tuple[float, ...]:
    if shape in ("float", "bool"):
        if not isinstance(value, (bool,) if shape == "bool" else (float, int)):
            raise TypeError(f"cannot make {shape} of {value!r}")
        return (float(value),)
    if shape == "vector2d":
        need(value, "Vector2D", shape)
        return (value.x, value.y)
    turn = value if shape == "rotator" else need(value, "EulerTransform", shape).rotation
    need(turn, "Rotator", shape)
    return (turn.roll, turn.pitch, turn.yaw)


def _set(
    editor: Any, shape: str, level_sequence: Any, control_rig: Any, control_name: str, frame: Any, value: Any, time_unit: Any, set_key: bool
) -> None:
    need(frame, "FrameNumber", "set_local_control_rig"), need(time_unit, "MovieSceneTimeUnit", "time_unit")
    numbers, state = _numbers(editor, shape, value), control_rig._state
    control = state["rig"].controls.get(control_name)
    if control is None or control.kind != SHAPES[shape] or editor.open_sequence is not level_sequence:
        return
    fresh = control_name not in state["touched"]
    state["touched"].add(control_name)
    if set_key and not fresh:
        if control.low:
            numbers = tuple(float(np.float32(min(max(n, a), b))) for n, a, b in zip(numbers, control.low, control.high, strict=True))
        state["keys"].setdefault(control_name, Keys()).values[frame.value] = numbers


def value_at(rig: Any, name: str, time: float) -> tuple[float, ...]:
    """A control's numbers at a time in frames; a turn as roll, pitch, yaw."""
    keys = rig._state["keys"].get(name)
    return keys.at(time) if keys is not None else REST.get(rig._state["rig"].controls[name].kind, (0.0, 0.0, 0.0))


def _get(editor: Any, shape: str, level_sequence: Any, control_rig: Any, control_name: str, frame: Any, time_unit: Any) -> Any:
    need(frame, "FrameNumber", "get_local_control_rig"), need(time_unit, "MovieSceneTimeUnit", "time_unit")
    control = control_rig._state["rig"].controls.get(control_name)
    same = control is not None and control.kind == SHAPES[shape] and editor.open_sequence is level_sequence
    numbers = value_at(control_rig, control_name, frame.value) if same else REST.get(SHAPES[shape], (0.0, 0.0, 0.0))
    if shape in ("float", "bool"):
        return bool(numbers[0]) if shape == "bool" else numbers[0]
    if shape == "vector2d":
        return editor.classes["Vector2D"](*numbers)
    turn = editor.classes["Rotator"](*numbers)
    return turn if shape == "rotator" else editor.classes["EulerTransform"](vector(editor, (0, 0, 0)), turn, vector(editor, (1, 1, 1)))


def _add_accessors(shape: str) -> None:
    @act(f"ControlRigSequencerLibrary.set_local_control_rig_{shape}")
    def setter(editor: Any, time_unit: Any = None, set_key: bool = True, **given: Any) -> None:
        _set(editor, shape, time_unit=time_unit, set_key=set_key, **given)

    @act(f"ControlRigSequencerLibrary.get_local_control_rig_{shape}")
    def getter(editor: Any, time_unit: Any = None, **given: Any) -> Any:
        return _get(editor, shape, time_unit=time_unit, **given)


for _shape in SHAPES:
    _add_accessors(_shape)


@act("MovieSceneTrack.get_sections")
def _sections(editor: Any, me: Any) -> list[Any]:
    return [editor.new("MovieSceneControlRigParameterSection", "section", rig=me._state["rig"])]


@act("MovieSceneSection.get_all_channels")
def _channels(editor: Any, me: Any) -> list[Any]:
    rig = me._state["rig"]
    kinds = {name: "Bool" if rig._state["rig"].controls[name].kind == "BOOL" else "Float" for name in rig._state["keys"]}
    return [editor.new(f"MovieSceneScripting{kind}Channel", name, keys=rig._state["keys"][name]) for name, kind in kinds.items()]


@act("MovieSceneScriptingFloatChannel.get_keys", "MovieSceneScriptingDoubleChannel.get_keys", "MovieSceneScriptingBoolChannel.get_keys")
def _channel_keys(editor: Any, me: Any) -> list[Any]:
    keys, kind = me._state["keys"], type(me).__name__.replace("Channel", "Key")
    return [editor.new(kind, "key", keys=keys, frame=frame) for frame in keys.values]


@act("MovieSceneScriptingFloatKey.set_interpolation_mode", "MovieSceneScriptingDoubleKey.set_interpolation_mode")
def _interpolation(editor: Any, me: Any, new_value: Any) -> None:
    need(new_value, "RichCurveInterpMode", "set_interpolation_mode")
    if new_value is editor.classes["RichCurveInterpMode"].RCIM_CONSTANT:
        me._state["keys"].steps.add(me._state["frame"])


def posed(rig: Any, frame: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Rotation and position of every control of a live rig at a frame, in the rig's space."""
    turns = {
        n: from_rotator(*value_at(rig, n, frame)) for n, c in rig._state["rig"].controls.items() if c.kind in ("EULER_TRANSFORM", "ROTATOR")
    }
    pose: dict[str, tuple[np.ndarray, np.ndarray]] = rig._state["rig"].pose(turns)
    return pose
