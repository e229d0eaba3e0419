"""Sets a person's face: expression_*, by the table of `cat_dataset.people`. 10 points are the full target."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cat_dataset.errors import InputError, RunFailed, UsageError
from cat_dataset.people import PERSON_DIALS, POINTS
from render.blender.dials.person import PersonsDial
from render.blender.figure.character import character_of
from render.blender.figure.measures import measured
from render.blender.stage.pose import Pose
from render.blender.stage.scene import Scene
from render.blender.sweeping.spec import State, Sweep

SLACK = 1e-3
"""Of a face unit, between what was asked and what the scene has."""


class ExpressionDial(PersonsDial):
    """Drives expression_* of a character file, several at once; face units of several expressions add up."""

    kind, what = "deform", "expression"

    def __init__(self, sweep: Sweep) -> None:
        super().__init__(sweep)
        if self.options:
            raise UsageError("a person's expressions need no --key; vary expression_* with people.py")
        if sweep.values("deformation"):
            raise UsageError("a person has no deformation; vary expression_*")

    def meet(self, scene: Scene) -> None:
        self._person = character_of(scene.subject)
        for name in self._names:
            wanted = {unit for value in self.sweep.values(name) for unit in PERSON_DIALS[name].face_units(value)}
            if lacking := sorted(wanted - set(self._person.figure.units())):
                raise InputError(
                    f"{scene.name} lacks the face unit {lacking[0]} that {name} needs; make it again with python -m render.people.make"
                )
        measured(self._person.figure, self._names)

    def moved(self, pose: Pose, values: State) -> Pose:
        return replace(pose, face=face_units(values))

    def apply(self, scene: Scene, values: State) -> None:
        character_of(scene.subject).figure.set_face(face_units(values))

    def read_back(self, scene: Scene, values: State) -> dict[str, float]:
        found = character_of(scene.subject).figure.face_units()
        driven = {unit for name in values for unit in _units(name)}
        for unit, value in found.items():
            if unit not in driven and abs(value) > SLACK:
                raise RunFailed(f"{scene.name}: the face unit {unit} reads back from the scene as {value:g}, and nothing drives it")
        return {name: _points(name, asked, found) for name, asked in values.items()}

    def state(self, scene: Scene, values: State) -> dict[str, Any]:
        found = character_of(scene.subject).figure.face_units()
        return {"face_units": {unit: round(value, 6) for unit, value in found.items() if abs(value) > SLACK}}

    def constants(self, scene: Scene) -> dict[str, Any]:
        return self.told(lambda target: {"face_units": dict(target.face_units)})

    def leave(self, scene: Scene) -> None:
        character_of(scene.subject).figure.set_face({})


def face_units(values: State) -> dict[str, float]:
    """The face units of a state: the sum of what its expressions ask for."""
    total: dict[str, float] = {}
    for name, value in values.items():
        for unit, amount in PERSON_DIALS[name].face_units(value).items():
            total[unit] = total.get(unit, 0.0) + amount
    return total


def _units(name: str) -> set[str]:
    dial = PERSON_DIALS[name]
    return {*dial.positive.face_units, *(dial.negative.face_units if dial.negative else ())}


def _points(name: str, asked: float, found: State) -> float:
    """The points of an expression that the face units ``found`` amount to; where they differ, those farthest from ``asked``."""
    dial = PERSON_DIALS[name]
    target, _ = dial.target(asked)
    sign = -POINTS if asked < 0 else POINTS
    other = (dial.positive if asked < 0 else dial.negative) or target
    points = [sign * found[unit] / full for unit, full in target.face_units.items()]
    points += [
        asked - sign * found[unit] / full
        for unit, full in other.face_units.items()
        if unit not in target.face_units and abs(found[unit]) > SLACK
    ]
    return max(points, key=lambda value: abs(value - asked))
