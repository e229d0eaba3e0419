"""People sweep: expressions and poses of free characters, one series per character and viewpoint, each under a sky of its own.

    blender -b -P render/blender/people.py -- FLAGS
    python -m render.blender.people FLAGS

Without ``--asset`` characters are made first, by ``python -m render.people.make``. What a point of each attribute is stands in
`cat_dataset.people`.
"""

from __future__ import annotations

import argparse
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cat_dataset.errors import UsageError
from cat_dataset.people import EXPRESSIONS, PERSON_DIALS, POINTS, POSES
from render.blender.arguments import Parser, shared_flags
from render.blender.figure.making import characters
from render.blender.figure.shot import AZIMUTHS, ELEVATIONS, LENS_MM, SHOTS, default_shot
from render.blender.program import run_script
from render.blender.sources import PERSON
from render.blender.sweeping.flags import chosen_spans, make_sweep
from render.blender.sweeping.spec import Sweep

KNOBS = {name.partition("_")[2]: (name, -POINTS if dial.negative is not None else 0.0, POINTS) for name, dial in PERSON_DIALS.items()}
GROUPS = {"all-expressions": EXPRESSIONS, "all-poses": POSES}
STATES, COUNT = 21, 3


def parser() -> Parser:
    """The flags of this sweep."""
    made = shared_flags("people.py", "Render people with known expressions and poses.", None, AZIMUTHS, ELEVATIONS)
    made.set_defaults(states=STATES, views=1, asset_kinds=(PERSON,), one_sky=True, vary_default="smile", lens=LENS_MM)
    short = {of: name for name, (of, _, _) in KNOBS.items()}
    made.own.add_argument(
        "--vary", nargs="+", action="extend", metavar="WHAT", choices=[*KNOBS, *GROUPS], type=lambda text: short.get(text, text),
        help=f"what changes: {', '.join(KNOBS)}; several of them together in one series; {' or '.join(GROUPS)}: "
        "a series for each (default: smile)",
    )  # fmt: skip
    made.own.add_argument(
        "--range", nargs=2, type=float, action="append", metavar=("FROM", "TO"),
        help="points, one range for all or one for each (default: -10 10, and 0 10 where there is no negative side)",
    )  # fmt: skip
    made.own.add_argument(
        "--shot", choices=SHOTS, default=None,
        help="what the picture shows (default: a portrait of expressions and head poses, else the full body)",
    )  # fmt: skip
    made.own.add_argument("--lens", type=_millimetres, metavar="MM", help="focal length on a sensor of 36 mm (default: %(default)s)")
    made.own.add_argument(
        "--characters", type=_count, metavar="N", help=f"how many characters, where no --asset is given (default: {COUNT})"
    )
    made.own.add_argument(
        "--people-dir", type=Path, default=Path("characters"), metavar="DIR",
        help="where they are, and where those are made that are not there (default: %(default)s)",
    )  # fmt: skip
    return made


def sweeps_of(flags: Namespace) -> list[Sweep]:
    """What ``flags`` ask for."""
    if flags.asset and flags.characters:
        raise UsageError("--characters makes people and --asset names some; give one of them")
    chosen = flags.vary or [flags.vary_default]
    if not set(chosen) & set(GROUPS):
        return [_sweep(chosen, flags)]
    single = [attribute.partition("_")[2] for name in chosen for attribute in GROUPS.get(name, (f"_{name}",))]
    return [_sweep([name], flags) for name in dict.fromkeys(single)]


def sweep_of(flags: Namespace) -> Sweep:
    """The one sweep that ``flags`` ask for.

    Raises:
        UsageError: they ask for several.
    """
    first, *more = sweeps_of(flags)
    if more:
        raise UsageError(f"--vary {' '.join(flags.vary)} stands for {len(more) + 1} series; name one attribute")
    return first


def parted(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """An entry of a plan (keys are flags without dashes) as entries of one series each: a group of attributes is parted."""
    vary = entry.get("vary")
    named = vary if isinstance(vary, list) else [vary]
    if not any(isinstance(name, str) and name in GROUPS for name in named):
        return [entry]
    single = [attribute for name in named for attribute in (GROUPS.get(name, (name,)) if isinstance(name, str) else (name,))]
    return [{**entry, "vary": name} for name in dict.fromkeys(single)]


def prepare(flags: Namespace) -> None:
    """Name the characters, made where they are missing."""
    if flags.asset is None:
        count = flags.characters or COUNT
        print(f"no --asset given: {count} character{'s' * (count > 1)} of seed {flags.seed} in {flags.people_dir}")
        flags.asset = [str(path) for path in characters(flags.people_dir, count, flags.seed)]


def _sweep(names: list[str], flags: Namespace) -> Sweep:
    own = Namespace(**{**vars(flags), "vary": list(names)})
    spans = chosen_spans(own, KNOBS)
    sweep = make_sweep("_".join(["people", *names]), spans, own)
    if flags.shot in (None, default_shot([*sweep.varies, *sweep.held])):
        return sweep
    return make_sweep("_".join(["people", *names]), spans, own, parts=(flags.shot,))


def _millimetres(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 10 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"{text} is outside 10 to 1000 mm")
    return value


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 10,000")
    return int(text)


if __name__ == "__main__":
    run_script(parser, sweeps_of, prepare)
