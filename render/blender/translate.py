"""Translation sweep: one object moved by known centimetres, along one axis or a vector.

    blender -b -P render/blender/translate.py -- FLAGS
    python -m render.blender.translate FLAGS

Axes are those of the level view frame (`cat_dataset.attributes`): z up, x to the viewer's right, y away from the camera. The
object's farthest point is 50 cm from its pivot.
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
from render.blender.sweeping.states import Span

AXES = {axis: (f"translation_{axis}", -30.0, 30.0) for axis in "xyz"}


def parser() -> Parser:
    """The flags of this sweep."""
    made = shared_flags("translate.py", "Render an object at known places.")
    add_vary_flags(made.own, "--axis", AXES, "x", "axis of motion, seen from the camera (x right, y away, z up)")
    made.own.add_argument(
        "--vector", nargs=3, type=float, metavar=("X", "Y", "Z"), help="go in a straight line from minus this vector to it, in cm, instead"
    )
    return made


def sweep_of(flags: Namespace) -> Sweep:
    """What ``flags`` ask for."""
    if flags.vector is None:
        spans = chosen_spans(flags, AXES)
        return make_sweep("translate_" + "".join(flags.vary), spans, flags)
    if flags.range or flags.vary:
        raise UsageError(f"--vector and --{'range' if flags.range else 'axis'} cannot be given together")
    ends = {axis: value for axis, value in zip("xyz", flags.vector, strict=True) if value}
    if not ends:
        raise UsageError("--vector 0 0 0 moves nothing; give at least one centimetre that is not 0")
    spans = [Span(f"translation_{axis}", -value, value, flags.states) for axis, value in ends.items()]
    return make_sweep("translate_vector", spans, flags)


if __name__ == "__main__":
    run_script(parser, sweep_of)
