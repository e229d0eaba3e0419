"""Camera sweep: focal length, orbit, f-number with real depth of field, focus distance.

    blender -b -P render/blender/camera.py -- FLAGS
    python -m render.blender.camera FLAGS

The camera's distance is one for the whole series. Brightness stays as it is while the f-number changes, as on a camera in
aperture priority; with ``--fixed-shutter`` it follows 1/N².
"""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cat_dataset.errors import UsageError
from render.blender.arguments import Parser, shared_flags
from render.blender.program import run_script
from render.blender.sweeping.flags import add_vary_flags, chosen_spans, make_sweep
from render.blender.sweeping.spec import Sweep

KNOBS = {
    "focal_length": ("focal_length", 35.0, 85.0),
    "orbit": ("orbit_azimuth", -45.0, 45.0),
    "elevation": ("orbit_elevation", 10.0, 70.0),
    "f_stop": ("aperture", 1.4, 16.0),
    "focus": ("focus_distance", 1.0, 4.0),
}


def parser() -> Parser:
    """The flags of this sweep."""
    made = shared_flags("camera.py", "Render an object with known settings of the camera.")
    add_vary_flags(made.own, "--vary", KNOBS, "focal_length", "what changes")
    made.own.add_argument("--fixed-shutter", action="store_true", help="let the picture darken with the f-number, by 1/N²")
    return made


def sweep_of(flags: Namespace) -> Sweep:
    """What ``flags`` ask for."""
    options = {"camera": {"fixed_shutter": True}} if flags.fixed_shutter else {}
    spans = chosen_spans(flags, KNOBS)
    sweep = make_sweep(f"camera_{flags.vary[0]}", spans, flags, options)
    if flags.fixed_shutter and not sweep.values("aperture"):
        raise UsageError("--fixed-shutter needs the f-number: --vary f_stop, --also aperture FROM TO, or --hold aperture N")
    return sweep


if __name__ == "__main__":
    run_script(parser, sweep_of)
