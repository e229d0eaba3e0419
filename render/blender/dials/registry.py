"""Which dial drives which kind of attribute (`render.blender.sweeping.spec.DIALS`)."""

from __future__ import annotations

from cat_dataset.errors import UsageError
from render.blender.dials.camera import CameraDial
from render.blender.dials.deform import DeformDial
from render.blender.dials.dial import Dial
from render.blender.dials.environment import EnvironmentDial
from render.blender.dials.expression import ExpressionDial
from render.blender.dials.light import LightDial
from render.blender.dials.material import MaterialDial
from render.blender.dials.pose import PoseDial
from render.blender.dials.rotation import RotationDial
from render.blender.dials.translation import TranslationDial
from render.blender.sweeping.spec import Sweep

KINDS: dict[str, type[Dial]] = {
    "rotation": RotationDial,
    "translation": TranslationDial,
    "light": LightDial,
    "camera": CameraDial,
    "environment": EnvironmentDial,
    "material": MaterialDial,
    "deform": DeformDial,
    "pose": PoseDial,
}
OF_PERSONS: dict[str, type[Dial]] = {**KINDS, "deform": ExpressionDial}
"""The same where a person is rendered."""


def dials_of(sweep: Sweep, person: bool = False) -> list[Dial]:
    """The dials that ``sweep`` needs, in the order in which they act; ``person`` says whether a person is rendered.

    Raises:
        UsageError: what the sweep's options say cannot be.
    """
    if person and "material" in sweep.kinds:
        raise UsageError("material_* are for objects: of a person they would change eyes, teeth and hair alike; leave them out")
    kinds = OF_PERSONS if person else KINDS
    return [kinds[kind](sweep) for kind in sweep.kinds]
