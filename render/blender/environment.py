"""Environment sweep: the strength and the rotation of the sky.

    blender -b -P render/blender/environment.py -- FLAGS
    python -m render.blender.environment FLAGS

Strength is in EV against the one mean luminance that all skies are brought to; rotation is counter-clockwise as seen from
above, against the sky as its file has it.
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

KNOBS = {
    "strength": ("environment_strength", -2.0, 2.0),
    "rotation": ("environment_rotation", -90.0, 90.0),
}


def parser() -> Parser:
    """The flags of this sweep."""
    made = shared_flags("environment.py", "Render an object under a sky of known strength and rotation.")
    add_vary_flags(made.own, "--vary", KNOBS, "strength", "what changes")
    return made


def sweep_of(flags: Namespace) -> Sweep:
    """What ``flags`` ask for."""
    spans = chosen_spans(flags, KNOBS)
    return make_sweep(f"environment_{flags.vary[0]}", spans, flags)


if __name__ == "__main__":
    run_script(parser, sweep_of)
