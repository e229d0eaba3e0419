"""Keys of one control at one frame: set, and read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import unreal

from cat_dataset.errors import RunFailed
from render.unreal.in_editor.rig import Rig
from render.unreal.in_editor.turning import angle

Numbers = tuple[float, ...]
"""float: 1; vector2d: x, y; bool: 0 or 1; rotator and euler_transform: a quaternion."""
NEAR = 1e-4
NEAR_DEGREES = 0.05


@dataclass(frozen=True)
class Keyed:
    """A control and its value in every frame of the sequence."""

    rig: Rig
    name: str
    kind: str
    values: tuple[Numbers, ...]


def write(sequence: Any, keyed: Keyed, frame: int, key: bool = True) -> None:
    """Set the control's value at ``frame``; with ``key`` as a key, else on the live rig only."""
    library, unit = unreal.ControlRigSequencerLibrary, unreal.MovieSceneTimeUnit.DISPLAY_RATE
    value, rig, time = keyed.values[frame], keyed.rig.instance, unreal.FrameNumber(frame)
    if keyed.kind == "float":
        library.set_local_control_rig_float(sequence, rig, keyed.name, time, value[0], unit, key)
    elif keyed.kind == "vector2d":
        library.set_local_control_rig_vector2d(sequence, rig, keyed.name, time, unreal.Vector2D(value[0], value[1]), unit, key)
    elif keyed.kind == "bool":
        library.set_local_control_rig_bool(sequence, rig, keyed.name, time, bool(value[0]), unit, key)
    else:
        turn = unreal.Quat(*value).rotator()
        if keyed.kind == "rotator":
            library.set_local_control_rig_rotator(sequence, rig, keyed.name, time, turn, unit, key)
        else:
            rest, _ = keyed.rig.rest(keyed.name)
            whole = unreal.EulerTransform(location=rest.translation, rotation=turn, scale=rest.scale3d)
            library.set_local_control_rig_euler_transform(sequence, rig, keyed.name, time, whole, unit, key)


def read(sequence: Any, keyed: Keyed, frame: int) -> tuple[Numbers, dict[str, float]]:
    """What the sequence has at ``frame``, as `Numbers` and under names for the status file (degrees for turns)."""
    library, unit = unreal.ControlRigSequencerLibrary, unreal.MovieSceneTimeUnit.DISPLAY_RATE
    rig, time, name = keyed.rig.instance, unreal.FrameNumber(frame), keyed.name
    if keyed.kind == "float":
        number = float(library.get_local_control_rig_float(sequence, rig, name, time, unit))
        return (number,), {name: number}
    if keyed.kind == "vector2d":
        pair = library.get_local_control_rig_vector2d(sequence, rig, name, time, unit)
        return (float(pair.x), float(pair.y)), {f"{name}.x": float(pair.x), f"{name}.y": float(pair.y)}
    if keyed.kind == "bool":
        on = float(library.get_local_control_rig_bool(sequence, rig, name, time, unit))
        return (on,), {name: on}
    if keyed.kind == "rotator":
        turn = library.get_local_control_rig_rotator(sequence, rig, name, time, unit)
    else:
        turn = library.get_local_control_rig_euler_transform(sequence, rig, name, time, unit).rotation
    q = turn.quaternion()
    shown = {f"{name}.roll": float(turn.roll), f"{name}.pitch": float(turn.pitch), f"{name}.yaw": float(turn.yaw)}
    return (float(q.x), float(q.y), float(q.z), float(q.w)), shown


def check(keyed: Keyed, frame: int, got: Numbers) -> None:
    """Refuse a value that did not arrive: the wrong setter and a sequence that is not open are silent in the engine.

    Raises:
        RunFailed: what is read back is not what was keyed.
    """
    asked = keyed.values[frame]
    if keyed.kind in ("rotator", "euler_transform"):
        far = angle((asked[0], asked[1], asked[2], asked[3]), (got[0], got[1], got[2], got[3])) > NEAR_DEGREES
    else:
        far = any(abs(a - b) > NEAR for a, b in zip(asked, got, strict=True))
    if far:
        raise RunFailed(f"{keyed.name} of {keyed.rig.path} was keyed with {asked} at frame {frame} and reads {got}")
