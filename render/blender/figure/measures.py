"""What an expression or a pose does to the body, in millimetres and degrees, from landmarks of the evaluated mesh.

Each attribute has one measure, called like it with its unit (``expression_smile_mm``), that grows with the label. It knows
nothing of face units and joints: it is taken from the places of points, in the frame of the head or of the person.
Head and chest have frames of their own, which hang on points that no expression moves (ears and crown; shoulders and
chest) and whose axes are the person's at rest. Turns of one against the other are named as `skeleton` composes them:
about z, then x, then y.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import bpy
from mathutils import Matrix, Vector

from cat_dataset.errors import InputError
from render.blender.assets.hull import coordinates
from render.blender.figure.figure import Figure
from render.blender.figure.skeleton import FRONT, degrees_about

SIDES = ("left", "right")
SKULL = (("ear_left", "ear_right"), ("ear_left", "ear_right"), ("head_top",))
CHEST = (("shoulder_left", "shoulder_right"), ("chest",), ("shoulder_left", "shoulder_right"))
"""Landmarks that a frame hangs on: a left and a right one, and the middles of two groups of which the second is higher."""
MM = 1000.0


@dataclass(frozen=True)
class Body:
    """Landmarks' ``places`` in metres in the person's frame, how ``head`` and ``chest`` have turned in it since rest, and the
    directions in which the eyes look, in the head's frame.
    """

    places: Mapping[str, Vector]
    head: Matrix
    chest: Matrix
    looks: Mapping[str, Vector]

    def on_head(self, *names: str) -> Vector:
        """The middle of landmarks in the head's frame."""
        return self.head.transposed() @ _middle(self.places, names)

    def both(self, name: str) -> Vector:
        """The middle of a left and a right landmark in the head's frame."""
        return self.on_head(*(f"{name}_{side}" for side in SIDES))

    def eyes(self) -> Vector:
        """The middle of the eyes' corners in the head's frame."""
        return self.on_head(*(f"eye_{corner}_{side}" for corner in ("inner", "outer") for side in SIDES))

    def limb(self, first: str, last: str) -> Vector:
        """From one landmark to another in the chest's frame."""
        return self.chest.transposed() @ (self.places[last] - self.places[first])


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
        body = _body(figure)
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


def _body(figure: Figure) -> Body:
    places = figure.places()
    rest = {name: figure.objects[part].data.vertices[index].co for name, (part, index) in figure.landmarks.items()}
    head, chest = (_axes(places, frame) @ _axes(rest, frame).transposed() for frame in (SKULL, CHEST))
    return Body(places, head, chest, {side: head.transposed() @ look for side, look in _looks(figure).items()})


def _middle(places: Mapping[str, Vector], names: Sequence[str]) -> Vector:
    return sum((places[name] for name in names), Vector((0.0, 0.0, 0.0))) / len(names)


def _axes(places: Mapping[str, Vector], frame: tuple[tuple[str, ...], ...]) -> Matrix:
    """Columns: to the left, backwards, and upwards as far as it is square to the first."""
    (left, right), low, high = frame
    across = (places[left] - places[right]).normalized()
    back = (_middle(places, high) - _middle(places, low)).cross(across).normalized()
    return Matrix((across, back, across.cross(back))).transposed()


def _looks(figure: Figure) -> dict[str, Vector]:
    """Where each eye looks, in the person's frame: to the front at rest, and from there as the points of the eyeball have turned."""
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    frame = figure.pivot.evaluated_get(graph).matrix_world.inverted()
    found = {}
    for side in SIDES:
        eye = figure.objects.get(f"eye_{side}")
        if eye is None:
            continue
        rest, now = coordinates(eye.data.vertices), eye.evaluated_get(graph)
        numbers = range(len(rest) // 3)
        marks = min(numbers, key=lambda index: rest[3 * index + 1]), max(numbers, key=lambda index: rest[3 * index])
        turned = _ball(coordinates(now.data.vertices), marks) @ _ball(rest, marks).transposed()
        found[side] = (frame @ now.matrix_world).to_3x3() @ turned @ FRONT
    return found


def _ball(flat: array[float], marks: tuple[int, int]) -> Matrix:
    """Columns: axes that are fixed to a ball by its middle and two of its points."""
    count = len(flat) // 3
    middle = Vector([math.fsum(flat[axis::3]) / count for axis in range(3)])
    first, second = (Vector(flat[3 * mark : 3 * mark + 3]) - middle for mark in marks)
    front = first.normalized()
    up = second.cross(front).normalized()
    return Matrix((front, up, front.cross(up))).transposed()
