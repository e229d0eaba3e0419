"""Rotation sweep: one object turned about its pivot through known angles, one series per object, sky and viewpoint.

    blender -b -P render/blender/rotate.py -- FLAGS
    python -m render.blender.rotate FLAGS

Axes are those of the level view frame (`cat_dataset.attributes`): z up, x to the viewer's right, y away from the camera.
"""

from __future__ import annotations

import sys
from pathlib import Path

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cat_dataset.command import reported
from cat_dataset.errors import UsageError
from cat_dataset.interrupt import GentleInterrupt
from render.blender.arguments import own_arguments, require_blender, shared_flags, wants_debug
from render.blender.program import run

AXES = ("x", "y", "z")


def main() -> None:
    """Parse the flags and render."""
    with reported(wants_debug()):
        interrupt = GentleInterrupt()  # before Blender is imported: it swallows Ctrl-C, or crashes
        parser = shared_flags("rotate.py", "Render an object at known rotations.")
        parser.add_argument(
            "--axis", choices=AXES, default="z", help="axis of rotation, seen from the camera: x right, y away, z up (default: %(default)s)"
        )
        parser.add_argument(
            "--range", nargs=2, type=float, default=(-90.0, 90.0), metavar=("LO", "HI"), help="degrees, right-handed (default: -90 90)"
        )
        flags = parser.parse_args(own_arguments())
        low, high = flags.range
        if not -360 <= low < high <= 360:
            raise UsageError(f"--range {low:g} {high:g} must rise and stay inside -360 to 360 degrees")
        values = evenly(low, high, flags.states)
        if len(set(values)) < len(values):
            raise UsageError(f"--range {low:g} {high:g} is too narrow for {flags.states} frames a millionth of a degree apart; widen it")

        require_blender()
        from render.blender.placement import Rotation
        from render.blender.sweep import render_sweep

        render_sweep(Rotation(flags.axis, values), flags, interrupt)


def evenly(low: float, high: float, states: int) -> tuple[float, ...]:
    """``states`` values from ``low`` to ``high``, both ends included, to a millionth."""
    return tuple(round(low + (high - low) * index / (states - 1), 6) for index in range(states))


if __name__ == "__main__":
    run(main)
