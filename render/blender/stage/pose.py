"""The geometry of one state of the scene, before anything is set in Blender: framing and placing both read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mathutils import Matrix, Vector

from cat_dataset.people import Turn
from render.blender.stage.viewpoint import Viewpoint

LENS_MM = 50.0


@dataclass(frozen=True)
class Pose:
    """Where object and camera stand, in the rig's frame: z up, origin at the object's pivot at rest, metres.

    ``pivot`` is the object's 4×4 matrix, ``view`` the camera's direction, ``outline`` the corners of the object's hull in
    the pivot's frame, ``turn`` the degrees about z that the sky is turned by, counter-clockwise from above. ``whole`` are the
    corners of what must be inside the picture, where that is not all of the object, and ``room`` further points that
    the picture is to reach. ``face`` and ``turns`` are a person's face units and joints.
    """

    pivot: Matrix
    view: Viewpoint
    outline: Sequence[Vector]
    turn: float = 0.0
    lens_mm: float = LENS_MM
    whole: Sequence[Vector] | None = None
    room: Sequence[Vector] = ()
    face: Mapping[str, float] = field(default_factory=dict)
    turns: tuple[Turn, ...] = ()

    @property
    def framed(self) -> Sequence[Vector]:
        """The corners of what must be inside the picture."""
        return self.outline if self.whole is None else self.whole
