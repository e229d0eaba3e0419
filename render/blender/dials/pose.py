"""Poses a person's body: pose_*, by the table of `cat_dataset.people`. 10 points are the full target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cat_dataset.people import PERSON_DIALS, POINTS, Turn
from render.blender.dials.person import PersonsDial
from render.blender.figure.character import character_of
from render.blender.figure.measures import measured
from render.blender.stage.pose import Pose
from render.blender.stage.scene import Scene
from render.blender.sweeping.spec import State


class PoseDial(PersonsDial):
    """Drives pose_* of a character file, several at once."""

    kind = what = "pose"

    def meet(self, scene: Scene) -> None:
        self._person = character_of(scene.subject)
        turns = [turn for name in self._names for value in self.sweep.values(name) for turn in PERSON_DIALS[name].turns(value)]
        try:
            for turn in {(turn.joint, turn.axis): turn for turn in turns}.values():
                self._person.figure.set_turns([turn])
        finally:
            self._person.figure.set_turns(())
        measured(self._person.figure, self._names)

    def moved(self, pose: Pose, values: State) -> Pose:
        return replace(pose, turns=turns_of(values))

    def apply(self, scene: Scene, values: State) -> None:
        character_of(scene.subject).figure.set_turns(turns_of(values))

    def read_back(self, scene: Scene, values: State) -> dict[str, float]:
        figure = character_of(scene.subject).figure
        found = {}
        for name, asked in values.items():
            full, _ = PERSON_DIALS[name].target(asked)
            sign = -POINTS if asked < 0 else POINTS
            points = [sign * figure.turn(turn.joint, turn.axis) / turn.degrees for turn in full.turns]
            found[name] = max(points, key=lambda value: abs(value - asked))
        return found

    def state(self, scene: Scene, values: State) -> dict[str, Any]:
        figure = character_of(scene.subject).figure
        joints: dict[str, dict[str, float]] = {}
        for turn in _driven(self._names):
            joints.setdefault(turn.joint, {})[turn.axis] = round(figure.turn(turn.joint, turn.axis), 4) + 0.0
        return {"joints_degrees": joints}

    def constants(self, scene: Scene) -> dict[str, Any]:
        return self.told(lambda target: {"turns": [[turn.joint, turn.axis, turn.degrees] for turn in target.turns]})

    def leave(self, scene: Scene) -> None:
        character_of(scene.subject).figure.set_turns(())


def turns_of(values: State) -> tuple[Turn, ...]:
    """The joints' turns of a state."""
    return tuple(turn for name, value in values.items() for turn in PERSON_DIALS[name].turns(value))


def _driven(names: list[str]) -> Iterator[Turn]:
    for name in names:
        yield from PERSON_DIALS[name].positive.turns
