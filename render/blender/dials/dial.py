"""The interface of a dial: everything one kind of attribute does to the scene, and what it reads back from it."""

from __future__ import annotations

from typing import Any

from render.blender.stage.pose import Pose
from render.blender.stage.scene import Scene
from render.blender.sweeping.spec import DIALS, State, Sweep


class Dial:
    """Base of all dials: does nothing. A dial is made for one sweep; each series goes `meet`, `pose` of all
    states, `enter`, states, `leave`.

    Of a state, a dial gets the values of its own attributes alone: those that vary, and those that are held.
    """

    kind = ""
    may_differ: frozenset[str] = frozenset()
    """Attributes of which the scene may have another value than it was told; the user was warned, and `read_back` says which."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self.options: dict[str, Any] = dict(sweep.options.get(self.kind, {}))

    def own(self, state: State) -> dict[str, float]:
        """The values of this dial's attributes in ``state``; held ones included, others absent."""
        both = {**self.sweep.held, **state}
        return {name: both[name] for name in DIALS[self.kind] if name in both}

    def shape_keys(self) -> tuple[str, ...]:
        """The shape keys that the asset is loaded with."""
        return ()

    def meet(self, scene: Scene) -> None:
        """Before anything else: see whether the asset can show this attribute, and keep what `pose` needs; changes nothing.

        Raises:
            InputError: it cannot.
        """

    def pose(self, pose: Pose, values: State) -> Pose:
        """``pose`` with this dial's geometry applied. Called for all states before the first is rendered."""
        return pose

    def enter(self, scene: Scene) -> None:
        """Prepare the scene for a series; distance, poses and viewpoint are known by now (`Scene`)."""

    def exposure(self, values: State) -> float:
        """EV that the picture is brightened by."""
        return 0.0

    def sky(self, values: State) -> float:
        """EV that the sky is brightened by, against the strength that brings it to its mean luminance."""
        return 0.0

    def apply(self, scene: Scene, values: State) -> None:
        """Set what is neither geometry, exposure nor the sky's strength."""

    def read_back(self, scene: Scene, values: State) -> dict[str, float]:
        """What the evaluated scene really has, by attribute, natural units; ``values`` only tells turns of angles apart."""
        return {}

    def measures(self, scene: Scene, values: State) -> dict[str, float]:
        """What else was measured in the evaluated scene, by names of its own, for ``Frame.measured``."""
        return {}

    def state(self, scene: Scene, values: State) -> dict[str, Any]:
        """Facts about this state for ``Frame.state`` beside the matrices, which are recorded anyway (JSON values)."""
        return {}

    def constants(self, scene: Scene) -> dict[str, Any]:
        """What a reader of the series needs to know (JSON values)."""
        return {}

    def leave(self, scene: Scene) -> None:
        """Undo what `enter` and `apply` did, so that the next series finds the asset as it was loaded."""
