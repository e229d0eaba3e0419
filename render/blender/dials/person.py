"""What the dials of a person have in common: who it is, what is measured, and what the targets are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cat_dataset.people import PERSON_DIALS, Target
from render.blender.dials.dial import Dial
from render.blender.figure.character import Character, character_of
from render.blender.figure.measures import measured, words
from render.blender.stage.pose import Pose
from render.blender.stage.scene import Scene
from render.blender.sweeping.spec import State, Sweep


class PersonsDial(Dial):
    """Base of the dials that drive attributes of `cat_dataset.people` whose names begin with ``what`` and a line."""

    what = ""

    def __init__(self, sweep: Sweep) -> None:
        super().__init__(sweep)
        self._names = [name for name in PERSON_DIALS if sweep.values(name) and name.startswith(f"{self.what}_")]
        self._person: Character | None = None

    def moved(self, pose: Pose, values: State) -> Pose:
        """``pose`` with what ``values`` ask of the person, before its outline follows."""
        raise NotImplementedError

    def pose(self, pose: Pose, values: State) -> Pose:
        assert self._person is not None, "meet comes first"
        return self._person.shaped(self.moved(pose, values))

    def measures(self, scene: Scene, values: State) -> dict[str, float]:
        return measured(character_of(scene.subject).figure, self._names)

    def told(self, content: Callable[[Target], dict[str, Any]]) -> dict[str, Any]:
        """The series' constants: ``content`` of each target in use, and what the measures are."""
        targets = {
            name: {
                side: {"means": target.means, **content(target)}
                for side, target in (("positive", PERSON_DIALS[name].positive), ("negative", PERSON_DIALS[name].negative))
                if target is not None
            }
            for name in self._names
        }
        return {f"{self.what}_targets": targets, f"{self.what}_measures": words(self._names)}
