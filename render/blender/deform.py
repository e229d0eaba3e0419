r"""Deformation sweep: shape keys (blend shapes, morph targets) of an asset that has them; 10 points are slider 1.

    blender -b -P render/blender/deform.py -- FLAGS
    python -m render.blender.deform FLAGS

``--key [ATTRIBUTE=]KEY[+KEY...][/KEY[+KEY...]]`` says which keys make an attribute (`render.blender.dials.key_specs`).
"""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cat_dataset.errors import UsageError
from render.blender.arguments import Parser, shared_flags
from render.blender.dials.key_specs import read_bindings
from render.blender.program import run_script
from render.blender.sweeping.flags import make_sweep
from render.blender.sweeping.spec import DIALS, Sweep
from render.blender.sweeping.states import Span

KEY = "smile/frown"


def parser() -> Parser:
    """The flags of this sweep."""
    # expressions are seen from the front
    made = shared_flags("deform.py", "Render an object with its shape keys at known values.", "builtin:face", (-130.0, -50.0), (0.0, 25.0))
    made.own.add_argument(
        "--key", nargs="+", action="extend", metavar="SPEC",
        help="shape keys that make an attribute: [ATTRIBUTE=]KEY[+KEY...][/KEY[+KEY...]], after the slash those of its negative side; "
        f"ATTRIBUTE is one of {', '.join(DIALS['deform'])} (default: told by the keys' names, or else deformation) (default: {KEY})",
    )  # fmt: skip
    made.own.add_argument(
        "--range", nargs=2, type=float, action="append", metavar=("FROM", "TO"),
        help="points, one range for all or one for each --key (default: 0 10, and down to -10 where a negative side is named)",
    )  # fmt: skip
    return made


def sweep_of(flags: Namespace) -> Sweep:
    """What ``flags`` ask for. The keys of an attribute that is held, or varied by ``--also``, are named by ``--key`` too."""
    bindings = read_bindings(flags.key or [KEY])
    elsewhere = {words[0] for words in (*flags.hold, *flags.also)}
    varied = [name for name in bindings if name not in elsewhere]
    if not varied and not flags.also:
        raise UsageError("everything that --key names is held; vary something")
    ranges = flags.range or [(bindings[name].low, bindings[name].high) for name in varied]
    ranges = ranges * len(varied) if len(ranges) == 1 else ranges
    if len(ranges) != len(varied):
        raise UsageError(f"--range is given {len(ranges)} times for {len(varied)} attributes; give it once, or once for each")
    spans = [Span(name, low, high, flags.states) for name, (low, high) in zip(varied, ranges, strict=True)]
    parts = [name.removeprefix("expression_") for name in varied]
    return make_sweep("_".join(["deform", *parts]), spans, flags, {"deform": {name: one.as_json() for name, one in bindings.items()}})


if __name__ == "__main__":
    run_script(parser, sweep_of)
