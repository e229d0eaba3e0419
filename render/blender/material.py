"""Material sweep: roughness, metallic, hue of the base colour, of everything the object is made of.

    blender -b -P render/blender/material.py -- FLAGS
    python -m render.blender.material FLAGS

Roughness and metallic are percent and absolute, hue is degrees from the colours as modelled (`render.blender.dials.material`).
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
    "roughness": ("material_roughness", 0.0, 100.0),
    "metallic": ("material_metallic", 0.0, 100.0),
    "hue": ("material_hue", -90.0, 90.0),
}


def parser() -> Parser:
    """The flags of this sweep."""
    made = shared_flags("material.py", "Render an object with known properties of its surface.")
    add_vary_flags(made.own, "--vary", KNOBS, "roughness", "what changes")
    return made


def sweep_of(flags: Namespace) -> Sweep:
    """What ``flags`` ask for."""
    spans = chosen_spans(flags, KNOBS)
    return make_sweep(f"material_{flags.vary[0]}", spans, flags)


if __name__ == "__main__":
    run_script(parser, sweep_of)
