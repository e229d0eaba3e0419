"""What of a person a picture shows: the head and the upper shoulders, or everything. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cat_dataset.errors import InputError

PORTRAIT, FULL_BODY = "portrait", "full-body"
SHOTS = (PORTRAIT, FULL_BODY)
LENS_MM = 85.0
AZIMUTHS, ELEVATIONS, LOWEST = (-140.0, -40.0), (-5.0, 25.0), -30.0
"""Degrees: the half-sphere in front of a person, who faces −90. `LOWEST` is the limit of what may be asked for."""
BELOW, ABOVE_SHARE = 0.6, 0.07
"""What a portrait shows below the chin, in heights of the head from chin to crown, and what of its own height is free above the
hair, at rest. With short hair the head then takes 55 % of the picture, the face 45 %."""
HEAD_BONES = ("head", "eye.L", "eye.R")


def default_shot(attributes: Iterable[str]) -> str:
    """The shot that shows ``attributes`` change: the head where it alone moves, else all of the person."""
    moves = {name.startswith(("expression_", "pose_head_")) for name in attributes if name.startswith(("expression_", "pose_"))}
    return PORTRAIT if moves == {True} else FULL_BODY


def portrait_frame(name: str, chin: float, crown: float, top: float) -> tuple[float, float]:
    """Height of a portrait's middle, and how far it shows up and down from there, in metres; ``top`` is that of head and hair.

    Raises:
        InputError: the person ``name`` has no head that one could show.
    """
    head = crown - chin
    if not 0.05 < head < 1.0:
        raise InputError(f"{name} has a head {head:.2f} m high; make it again with python -m render.people.make")
    bottom = chin - BELOW * head
    height = (max(top, crown) - bottom) / (1 - ABOVE_SHARE)
    return bottom + height / 2, height / 2


def head_points(points: int, weights: Iterable[tuple[Sequence[int], Sequence[float]]]) -> list[int]:
    """The points, of so many, that follow the head more than everything else; ``weights`` are those of its bones."""
    share = [0.0] * points
    for indices, amounts in weights:
        for index, amount in zip(indices, amounts, strict=True):
            share[index] += amount
    return [index for index, amount in enumerate(share) if amount > 0.5]
