"""Rotation sweep: one object turned about its pivot through known angles, one series per object, sky and viewpoint.

    blender -b -P render/blender/rotate.py -- FLAGS
    python -m render.blender.rotate FLAGS

Axes are those of the level view frame (`cat_dataset.attributes`): z up, x to the viewer's right, y away from the camera.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from render.blender.arguments import Parser, shared_flags
from render.blender.program import run_script
from render.blender.sweeping.flags import add_vary_flags, chosen_spans, make_sweep
from render.blender.sweeping.spec import Sweep

AXES = {axis: (f"rotation_{axis}", -90.0, 90.0) for axis in "zxy"}


def parser() -> Parser:
    """The flags of this sweep."""
    made = shared_flags("rotate.py", "Render an object at known rotations.")
    add_vary_flags(
        made.own, "--axis", AXES, "z", "axis of rotation, seen from the camera (x right, y away, z up); several make a rotation vector"
    )
    return made


def sweep_of(flags: Namespace) -> Sweep:
    """What ``flags`` ask for."""
    spans = chosen_spans(flags, AXES)
    return make_sweep("rotate_" + "".join(flags.vary), spans, flags)


if __name__ == "__main__":
    run_script(parser, sweep_of)
