"""Traps in what is where: a camera that moves, a lens that breathes, a thing that moves, a frame of another scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from capture.simulate.displacement import Displacement
from capture.simulate.press import Mover, Press
from capture.simulate.trap_tables import ALL, Order, Trap, position

Spoilt = tuple[Press, dict[str, Any]]


def _moved(press: Press, by: Displacement) -> Spoilt:
    truth = {"right_px": by.right, "down_px": by.down, "turn_deg": by.turn, "scale": by.scale}
    return replace(press, displaced=press.displaced.then(by)), truth


def _shake(press: Press, order: Order, _presses: Sequence[Press]) -> Spoilt:
    """By the whole strength in a random direction, turned by all of the angle either way."""
    pixels, degrees = order.strength
    chance = order.chance(press)
    angle = float(chance.uniform(0, 2 * np.pi))
    right, down = pixels * float(np.cos(angle)), pixels * float(np.sin(angle))
    return _moved(press, Displacement(right, down, degrees * float(chance.choice((-1, 1)))))


def _hand_held(press: Press, order: Order, _presses: Sequence[Press]) -> Spoilt:
    """Normally distributed about the first aim, in every frame anew."""
    pixels, degrees = order.strength
    right, down, turn = (float(x) for x in order.chance(press).standard_normal(3))
    return _moved(press, Displacement(pixels * right, pixels * down, degrees * turn))


def _creep(press: Press, order: Order, presses: Sequence[Press]) -> Spoilt:
    """A tripod head that sinks."""
    return _moved(press, Displacement(0.0, order.strength[0] * position(press, presses)))


def _breathing(press: Press, order: Order, presses: Sequence[Press]) -> Spoilt:
    """Linear in 1/distance in a focus series, else from the first to the last frame; the middle keeps its scale."""
    near = [1 / one.done.focus for one in presses if one.done.focus]
    at = (1 / press.done.focus - min(near)) / (max(near) - min(near)) if press.done.focus and max(near) > min(near) else None
    share = position(press, presses) if at is None else at
    return _moved(press, Displacement(scale=1 + order.strength[0] / 100 * (share - 0.5)))


def _moving(press: Press, order: Order, presses: Sequence[Press]) -> Spoilt:
    mover = Mover(0.12 + 0.76 * position(press, presses), 0.5, order.strength[0] / 2)
    return replace(press, mover=mover), {"x": mover.x, "y": mover.y, "radius": mover.radius}


def _stray(press: Press, order: Order, _presses: Sequence[Press]) -> Spoilt:
    crop = press.shoot.crop + 1000 + press.index
    return replace(press, shoot=replace(press.shoot, crop=crop)), {"crop": crop}


TRAPS = (
    Trap("shake", _shake, "shift in pixels / turn in degrees, direction at random", (6.0, 0.3), ((0, 500), (0, 45))),
    Trap("hand_held", _hand_held, "standard deviation of the shift in pixels (each axis) / of the turn in degrees", (3.0, 0.1),
         ((0, 500), (0, 45)), ALL),
    Trap("creep", _creep, "pixels that the picture has sunk by in the last frame, even steps", (8.0,), ((-500, 500),), ALL),
    Trap("breathing", _breathing, "change of scale over the series in per cent", (2.0,), ((-50, 50),), ALL),
    Trap("moving", _moving, "diameter of a disc that crosses the picture, share of its width", (0.15,), ((0.01, 0.5),), ALL),
    Trap("stray", _stray, "a frame of another scene; no strength"),
)  # fmt: skip
