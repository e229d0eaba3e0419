"""Which dial drives which kind of attribute (`render.blender.sweeping.spec.DIALS`)."""

from __future__ import annotations

from render.blender.dials.camera import CameraDial
from render.blender.dials.deform import DeformDial
from render.blender.dials.dial import Dial
from render.blender.dials.environment import EnvironmentDial
from render.blender.dials.light import LightDial
from render.blender.dials.material import MaterialDial
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
}


def dials_of(sweep: Sweep) -> list[Dial]:
    """The dials that ``sweep`` needs, in the order in which they act."""
    return [KINDS[kind](sweep) for kind in sweep.kinds]
