"""What an expression or a pose does to the body, in millimetres and degrees, from landmarks of the evaluated mesh.

Each attribute has one measure, called like it with its unit (``expression_smile_mm``), that grows with the label. It knows
nothing of face units and joints: it is taken from the places of points, in the frame of the head or of the person.
Turns of the head against the chest are named as `skeleton` composes them: about z, then x, then y.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from mathutils import Vector

from cat_dataset.errors import InputError
from render.blender.figure.bearings import SIDES, Body, body_of
from render.blender.figure.figure import Figure
from render.blender.figure.skeleton import degrees_about

MM = 1000.0


@dataclass(frozen=True)
class Measure:
    """``of`` gives the quantity in ``unit`` (mm, degrees); ``means`` says which, in words."""

    unit: str
    means: str
    of: Callable[[Body], float]


def _distance(body: Body, first: str, last: str) -> float:
    return MM * float((body.on_head(first) - body.on_head(last)).length)


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed)


def _pitch(direction: Vector) -> float:
    """Degrees above the horizon."""
    return math.degrees(math.atan2(direction.z, math.hypot(direction.x, direction.y)))


def _yaw(direction: Vector) -> float:
    """Degrees from the front, to the viewer's right."""
    return math.degrees(math.atan2(direction.x, -direction.y))


def _nod(body: Body, axis: str) -> float:
    """Degrees of the head's turn against the chest."""
    return degrees_about((body.chest.transposed() @ body.head).to_quaternion(), axis)


def _bow(body: Body, axis: str) -> float:
    """Degrees of the chest's turn."""
    return degrees_about(body.chest.to_quaternion(), axis)


def _elbow(body: Body, side: str) -> float:
    upper, lower = body.limb(f"shoulder_{side}", f"elbow_{side}"), body.limb(f"elbow_{side}", f"wrist_{side}")
    return math.degrees(upper.angle(lower))


MEASURES: Mapping[str, Measure] = {
    "expression_smile": Measure(
        "mm", "height of the mouth's corners over the middle of the lips",
        lambda body: MM * (body.both("mouth_corner").z - body.on_head("lip_upper", "lip_lower").z),
    ),
    "expression_brows": Measure(
        "mm", "mean height of the brows over the corners of the eyes",
        lambda body: MM * (_mean(body.both(f"brow_{place}").z for place in ("inner", "middle", "outer")) - body.eyes().z),
    ),
    "expression_eyes": Measure(
        "mm", "mean distance of the upper lid's middle over the lower one's",
        lambda body: MM * (body.both("lid_upper").z - body.both("lid_lower").z),
    ),
    "expression_mouth": Measure(
        "mm", "distance of the lips' outer edges", lambda body: _distance(body, "lip_upper_outer", "lip_lower_outer")
    ),
    "expression_pucker": Measure(
        "mm", "width of the mouth, less than nothing", lambda body: -_distance(body, "mouth_corner_left", "mouth_corner_right")
    ),
    "expression_cheeks": Measure(
        "mm", "distance between the cheeks", lambda body: _distance(body, "cheek_left", "cheek_right")
    ),
    "expression_sneer": Measure(
        "mm", "height of the nose's wings over the corners of the eyes, below them: negative",
        lambda body: MM * (body.both("nose_wing").z - body.eyes().z),
    ),
    "expression_gaze_yaw": Measure(
        "degrees", "mean direction of the eyes, to the viewer's right, against the head",
        lambda body: _mean(_yaw(look) for look in body.looks.values()),
    ),
    "expression_gaze_pitch": Measure(
        "degrees", "mean direction of the eyes, upwards, against the head",
        lambda body: _mean(_pitch(look) for look in body.looks.values()),
    ),
    "pose_head_yaw": Measure("degrees", "turn of the head against the chest, to the viewer's right", lambda body: _nod(body, "z")),
    "pose_head_pitch": Measure("degrees", "nod of the head against the chest, downwards", lambda body: _nod(body, "x")),
    "pose_head_roll": Measure("degrees", "tilt of the head against the chest, to the viewer's right", lambda body: _nod(body, "y")),
    "pose_torso_lean": Measure("degrees", "bow of the chest since rest, to the front", lambda body: _bow(body, "x")),
    "pose_torso_twist": Measure("degrees", "turn of the chest since rest, to the viewer's right", lambda body: _bow(body, "z")),
    "pose_arm_raise": Measure(
        "degrees", "mean height of the upper arms over the horizon of the chest",
        lambda body: _mean(_pitch(body.limb(f"shoulder_{side}", f"elbow_{side}")) for side in SIDES),
    ),
    "pose_elbow_bend": Measure(
        "degrees", "mean angle between upper arm and forearm, 0 where the arm is straight",
        lambda body: _mean(_elbow(body, side) for side in SIDES),
    ),
}  # fmt: skip
"""By attribute."""


def measured(figure: Figure, attributes: Iterable[str]) -> dict[str, float]:
    """The measures of ``attributes`` as the figure stands, by the measures' names.

    Raises:
        InputError: the person lacks a landmark or the eyes.
    """
    found = {}
    try:
        body = body_of(figure)
        for name in attributes:
            found[f"{name}_{MEASURES[name].unit}"] = round(MEASURES[name].of(body), 4) + 0.0
    except (KeyError, ZeroDivisionError) as error:
        lacking = "eyes" if isinstance(error, ZeroDivisionError) else f"the landmark {error.args[0]}"
        raise InputError(
            f"{figure.pivot.name} lacks {lacking}, which the measures need; make it again with python -m render.people.make"
        ) from None
    return found


def words(attributes: Iterable[str]) -> dict[str, str]:
    """What the measures of ``attributes`` are, by their names."""
    return {f"{name}_{MEASURES[name].unit}": MEASURES[name].means for name in attributes}
