"""Command lines of the sweeps: the flags they share, and where the arguments are inside Blender.

Standard library only.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, NoReturn

from cat_dataset.errors import UsageError
from render.blender.assets.policy import add_asset_flags
from render.blender.picture.quality import PLAIN_TIMES, QUALITIES
from render.blender.sweeping.flags import add_state_flags, driven_attributes

DEVICES = ("auto", "cpu", "cuda", "optix", "hip", "metal", "oneapi")
FLOORS = ("none", "plain", "shadow")
LAMPS = ("point", "area")
PASSES = ("mask", "depth", "normal")
LARGEST_SIZE = 16384
STATES = 37


Group = argparse._ArgumentGroup


class Parser(argparse.ArgumentParser):
    """An argparse parser that raises `UsageError` where argparse would print a page and exit; ``own`` has a sweep's own flags."""

    own: Group

    def error(self, message: str) -> NoReturn:
        """Turn argparse's complaint into the one line of `cat_dataset.command.reported`."""
        raise UsageError(f"{message}; --help lists the flags")


def shared_flags(
    program: str,
    description: str,
    asset: str | None = "builtin:car",
    azimuths: tuple[float, float] = (0.0, 360.0),
    elevations: tuple[float, float] = (5.0, 75.0),
) -> Parser:
    """A parser with the flags of every sweep; ``asset`` is rendered where none is named; None: character files alone are.
    Viewpoints lie between ``azimuths`` and ``elevations`` unless told, in degrees.
    """
    parser = Parser(
        prog=program, usage=f"{program} [flags]", description=description, allow_abbrev=False,
        epilog=f"attributes for --also and --hold, and their ranges:\n{driven_attributes(asset is None)}\n\n"
        "the conventions of each: docs/sweeps.md",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.set_defaults(default_asset=asset, asset_kinds=None, one_sky=False, shot=None, lens=None)
    parser.own = parser.add_argument_group("this sweep")
    add_state_flags(parser.add_argument_group("states"), _whole, STATES)
    _add_source_flags(parser.add_argument_group("what is rendered"), asset)
    _add_view_flags(parser.add_argument_group("viewpoints"), azimuths, elevations)
    _add_picture_flags(parser.add_argument_group("pictures"))
    running = parser.add_argument_group("the run")
    running.add_argument(
        "--out", type=Path, default=Path("series"), metavar="DIR", help="where the series folders go (default: %(default)s)"
    )
    running.add_argument(
        "--device", choices=DEVICES, default="auto", help="what renders; auto takes the fastest there is (default: %(default)s)"
    )
    running.add_argument("--threads", type=_whole(1, 1024), default=None, metavar="N", help="CPU threads (default: all)")
    running.add_argument("--debug", action="store_true", help="show Blender's own output, and tracebacks")
    return parser


def _add_source_flags(group: Group, asset: str | None) -> None:
    objects = f"FBX, GLB, GLTF, OBJ, PLY, STL, BLEND, USD, DAE, folders, or builtin:car, :mug, :house, :lamp, :face (default: {asset})"
    group.add_argument(
        "--asset", nargs="+", action="extend", metavar="FILE", default=None,
        help=objects if asset else "character files (.person), or folders of them (default: see --characters)",
    )  # fmt: skip
    add_asset_flags(group)
    group.add_argument(
        "--probe-assets", action="store_true", help="load each asset in a Blender of its own first, to survive those that crash it"
    )
    group.add_argument(
        "--hdri", nargs="+", action="extend", metavar="FILE", default=None,
        help="EXR or HDR skies, folders of them, or builtin:NAME for those that come with Blender "
        f"(default: {'two' if asset else 'one'} of them{'' if asset else ' for each character'})",
    )  # fmt: skip
    group.add_argument(
        "--floor", choices=FLOORS, default="none",
        help="what the object stands on: nothing, a grey floor, or its shadow on the sky's picture (default: %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--lamp", choices=LAMPS, default="point", help="shape of the lamp, where light is varied or held (default: %(default)s)"
    )


def _add_view_flags(group: Group, azimuths: tuple[float, float], elevations: tuple[float, float]) -> None:
    group.add_argument(
        "--views", type=_whole(1, 10_000), default=2, metavar="N", help="random viewpoints per object and sky (default: %(default)s)"
    )
    group.add_argument(
        "--first-view", type=_whole(0, 99_999), default=0, metavar="N", help="number of the first viewpoint (default: %(default)s)"
    )
    group.add_argument(
        "--azimuths", nargs=2, type=float, default=list(azimuths), metavar=("LO", "HI"),
        help="degrees about the vertical between which viewpoints lie; -90 looks at an object's front "
        f"(default: {'{:g} {:g}'.format(*azimuths) if azimuths[1] - azimuths[0] < 360 else 'all round'})",
    )  # fmt: skip
    group.add_argument(
        "--elevations", nargs=2, type=float, default=list(elevations), metavar=("LO", "HI"),
        help="degrees above the horizon between which viewpoints lie (default: {:g} {:g})".format(*elevations),
    )  # fmt: skip
    group.add_argument(
        "--seed", type=_whole(0, 2**31 - 1), default=0, metavar="N",
        help="of viewpoints, turns of the sky, random states and sampling (default: %(default)s)",
    )  # fmt: skip


def _add_picture_flags(group: Group) -> None:
    group.add_argument(
        "--size", type=_whole(16, LARGEST_SIZE), default=1024, metavar="N", help="width and height in pixels (default: %(default)s)"
    )
    chosen = group.add_mutually_exclusive_group()
    chosen.add_argument(
        "--samples", type=_whole(1, 1_000_000), default=None, metavar="N", help="paths per pixel (default: 64; 256 without a denoiser)"
    )
    chosen.add_argument(
        "--quality", choices=tuple(QUALITIES), default=None,
        help=f"paths per pixel by name: {', '.join(f'{name} {count}' for name, count in QUALITIES.items())}; "
        f"{PLAIN_TIMES} times as many without a denoiser",
    )  # fmt: skip
    chosen.add_argument(
        "--time-budget", type=_seconds, default=None, metavar="SECONDS",
        help="as many paths per pixel as fit into this time per frame here; measured once per --out, then kept",
    )  # fmt: skip
    group.add_argument("--no-denoise", action="store_true", help="leave the noise as it is")
    group.add_argument(
        "--passes", nargs="+", action="extend", choices=PASSES, default=[], help="further pictures of every frame (default: none)"
    )


def own_arguments() -> list[str]:
    """The arguments that are ours: all of them under Python, those after ``--`` under ``blender -b -P``."""
    arguments = sys.argv[1:]
    if "--" in arguments:
        return arguments[arguments.index("--") + 1 :]
    return [] if _inside_blender() else arguments


def wants_debug() -> bool:
    """Whether ``--debug`` was given; asked before the flags are parsed, so that their errors obey it too."""
    return "--debug" in own_arguments()


def require_blender() -> None:
    """Import bpy before anything that needs it or mathutils, which comes inside it.

    Raises:
        UsageError: neither Blender nor the bpy wheel runs us.
    """
    try:
        import bpy  # noqa: F401
    except ImportError as error:
        if ".so" in str(error):
            raise UsageError(f"bpy needs a system library ({error}); install the ones the README lists, or use a Blender program") from None
        raise UsageError(
            f"bpy cannot be imported ({error}): pip install 'cat-dataset[blender]', or run this file as blender -b -P FILE -- FLAGS"
        ) from None


def _inside_blender() -> bool:
    """Whether the Blender program runs us (the bpy wheel has no program, and is imported later)."""
    bpy: Any = sys.modules.get("bpy")
    return bpy is not None and bool(bpy.app.binary_path)


def _whole(low: int, high: int) -> Any:
    """An argparse type: a whole number in [low, high]."""

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{value} is outside {low} to {high}")
        return value

    return number


def _seconds(text: str) -> float:
    """An argparse type: seconds, to a thousandth, up to a day."""
    try:
        value = round(float(text), 3)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0.001 <= value <= 86400:
        raise argparse.ArgumentTypeError(f"{text} is outside 0.001 to 86400 seconds")
    return value
