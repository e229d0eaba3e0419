"""Light sweep: a lamp's intensity in lumens, its colour temperature in kelvins, or both.

    blender -b -P render/blender/light.py -- FLAGS
    python -m render.blender.light FLAGS

The lamp (``--lamp point|area``) stands to the right of the camera and above; exposure is one for the whole series.
"""

from __future__ import annotations

import argparse
import math
import sys
from argparse import Namespace
from pathlib import Path

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cat_dataset.errors import UsageError
from render.blender.arguments import Parser, shared_flags
from render.blender.dials.brightness import FILL_EV
from render.blender.program import run_script
from render.blender.sweeping.flags import add_vary_flags, chosen_spans, make_sweep
from render.blender.sweeping.spec import DIALS, Sweep

KNOBS = {
    "intensity": ("light_intensity", 100.0, 1600.0),
    "temperature": ("light_temperature", 2500.0, 10000.0),
}


def parser() -> Parser:
    """The flags of this sweep."""
    made = shared_flags("light.py", "Render an object under a lamp of known lumens and kelvins.")
    add_vary_flags(made.own, "--vary", KNOBS, "intensity", "what changes")
    made.own.add_argument(
        "--fill", type=_fill, default=FILL_EV, metavar="EV",
        help="the sky's mean luminance against white under the brightest lamp, in stops, or none for no sky (default: %(default)s)",
    )  # fmt: skip
    return made


def sweep_of(flags: Namespace) -> Sweep:
    """What ``flags`` ask for."""
    options = {} if flags.fill == FILL_EV else {"light": {"fill_ev": flags.fill}}
    spans = chosen_spans(flags, KNOBS)
    sweep = make_sweep(f"light_{flags.vary[0]}", spans, flags, options)
    driven = next((name for name in DIALS["environment"] if sweep.values(name)), None)
    if flags.fill is None and driven:
        raise UsageError(f"{driven} cannot show under --fill none, which leaves no sky; leave one of the two out")
    return sweep


def _fill(text: str) -> float | None:
    if text == "none":
        return None
    try:
        stops = float(text)
    except ValueError:
        stops = math.nan
    if not abs(stops) <= 20:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number of stops from -20 to 20 nor none")
    return stops


if __name__ == "__main__":
    run_script(parser, sweep_of)
