"""What a sweep varies, said without Blender: attributes, states, what is held. Standard library only.

Every attribute that Blender can drive belongs to one kind of dial (`DIALS`; the code is in `render.blender.dials`). A sweep
varies one or more of them and may hold others at a value of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from cat_dataset.attributes import ATTRIBUTES, attribute
from cat_dataset.errors import UsageError
from cat_dataset.files import sha256_json

DIALS: dict[str, tuple[str, ...]] = {
    "rotation": ("rotation_x", "rotation_y", "rotation_z"),
    "translation": ("translation_x", "translation_y", "translation_z"),
    "light": ("light_intensity", "light_temperature"),
    "camera": ("focal_length", "orbit_azimuth", "orbit_elevation", "aperture", "focus_distance"),
    "environment": ("environment_strength", "environment_rotation"),
    "material": ("material_roughness", "material_metallic", "material_hue"),
    "deform": ("deformation", *(name for name in ATTRIBUTES if name.startswith("expression_"))),
    "pose": tuple(name for name in ATTRIBUTES if name.startswith("pose_")),
}
"""The attributes of each kind of dial, in the order in which dials act."""

DRIVEN = {name: kind for kind, names in DIALS.items() for name in names}

STEEPEST = 85.0
"""Degrees of elevation of the camera, either way; nearer to the vertical there is no level view frame."""

State = Mapping[str, float]

LONGEST_NAME = 24
"""Letters of a sweep's name, so that the ids of its series stay within those of a series."""


@dataclass(frozen=True)
class Sweep:
    """The states of a sweep: ``states`` give a value to every attribute of ``varies``; those of ``held`` never change.

    ``name`` is the first part of the series ids. ``options`` are the dials' own choices (JSON values), such as which shape
    keys make an expression.
    """

    name: str
    varies: tuple[str, ...]
    states: tuple[State, ...]
    held: State = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in (*self.varies, *self.held):
            drivable(name)
        both = [name for name in self.varies if name in self.held]
        if both:
            raise UsageError(f"{both[0]} cannot both vary and be held; leave one out")
        for state in (*self.states, self.held):
            for name, value in state.items():
                attribute(name).check(value)
                if name == "orbit_elevation" and abs(value) > STEEPEST:
                    raise UsageError(f"orbit_elevation must stay inside -{STEEPEST:g} to {STEEPEST:g} degrees")
        seen = {tuple(state[name] for name in self.varies) for state in self.states}
        if len(seen) < len(self.states):
            raise UsageError("two states of the sweep are the same to a millionth; widen the range or ask for fewer states")
        for name in self.varies:
            if len({state[name] for state in self.states}) < 2:
                raise UsageError(f"{name} has one value in every state; ask for more states or a wider range")

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of dials in use, in the order in which they act."""
        used = {DRIVEN[name] for name in (*self.varies, *self.held)}
        return tuple(kind for kind in DIALS if kind in used)

    def values(self, name: str) -> list[float]:
        """Every value that ``name`` takes, state by state; one value where it is held; none where it is neither."""
        if name in self.held:
            return [self.held[name]]
        return [state[name] for state in self.states] if name in self.varies else []

    def as_json(self) -> dict[str, Any]:
        """What of the sweep the pixels depend on."""
        return {
            "varies": {name: self.values(name) for name in self.varies},
            "held": dict(self.held),
            "options": {kind: dict(self.options.get(kind, {})) for kind in self.kinds if self.options.get(kind)},
        }


def drivable(name: str) -> str:
    """``name`` again.

    Raises:
        UsageError: the sweeps cannot drive it.
    """
    if name not in DRIVEN:
        near = get_close_matches(name, DRIVEN, n=3, cutoff=0.5) or list(DRIVEN)
        raise UsageError(f"Blender's sweeps cannot vary {name!r}; they can vary {', '.join(near)}")
    return name


def composite_name(name: str, *parts: object) -> str:
    """``name`` with four digits that stand for what makes a sweep another one than the plain one of that name."""
    return f"{name[: LONGEST_NAME - 5]}_{sha256_json(parts)[:4]}"
