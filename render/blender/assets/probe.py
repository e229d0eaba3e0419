"""Loads assets in a Blender of their own, which may crash, hang or eat memory without harm to ours.

    python -m render.blender.assets.probe FILE_OR_FOLDER... [--seconds N] [--gigabytes N]
    blender -b -P render/blender/assets/probe.py -- FILE_OR_FOLDER...

Prints a line for each file and ends with status 2 if one cannot be used.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from cat_dataset.command import reported
from cat_dataset.errors import CatError, InputError
from render.blender.arguments import Parser, own_arguments, require_blender, wants_debug
from render.blender.assets.files import KINDS, check_asset
from render.blender.assets.policy import AssetPolicy, add_asset_flags
from render.blender.program import run

SECONDS, GIGABYTES = 300.0, 0.0
"""Wall time and address space that one asset may take to load; 0 is no limit (CUDA maps far more than it uses)."""
_MARK = "@probe "
ROOT = Path(__file__).resolve().parents[3]


def probe(path: Path, policy: AssetPolicy = AssetPolicy(), seconds: float = SECONDS, gigabytes: float = GIGABYTES) -> str | None:  # noqa: B008
    """Load ``path`` in a process of its own; why it cannot be used, or None."""
    command = [*_this_blender(), "--child", str(path.resolve()), "--gigabytes", f"{gigabytes:g}", *policy.as_flags()]
    try:
        child = subprocess.run(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, encoding="utf-8", errors="replace",
            timeout=seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"{path} was not loaded within {seconds:g} s: Blender hangs on it, or it is too large; export it again, or raise the limit"
    for line in child.stdout.splitlines():
        if line.startswith(_MARK):
            reason = json.loads(line[len(_MARK) :])
            return None if reason is None else str(reason)
    return f"{path} makes Blender crash ({_how(child.returncode)}); export it again, or in another format"


def probed(check: Callable[[Path], Mapping[str, str]], policy: AssetPolicy) -> Callable[[Path], Mapping[str, str]]:
    """A check for `sources.gather` that does ``check`` and then `probe`.

    Raises, when called:
        InputError: either finds a fault.
    """

    def both(path: Path) -> Mapping[str, str]:
        companions = check(path)
        reason = probe(path, policy)
        if reason is not None:
            raise InputError(reason)
        return companions

    return both


def main() -> None:
    """Parse the flags and probe, or be the child that loads."""
    with reported(wants_debug()):
        parser = Parser(prog="asset_probe.py", description="Load assets in a Blender of their own and say which can be used.")
        parser.add_argument("assets", nargs="*", type=Path, metavar="FILE", help="assets, or folders of them")
        parser.add_argument("--seconds", type=float, default=SECONDS, help="time limit for each (default: %(default)s)")
        parser.add_argument("--gigabytes", type=float, default=GIGABYTES, help="limit of address space, POSIX only (default: none)")
        parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
        parser.add_argument("--debug", action="store_true", help="show tracebacks")
        add_asset_flags(parser)
        flags = parser.parse_args(own_arguments())
        policy = AssetPolicy.of(flags)
        require_blender()
        if flags.child is not None:
            print(f"\n{_MARK}{json.dumps(_loaded(flags.child, policy, flags.gigabytes))}", flush=True)
            return
        _probe_all(flags.assets, policy, flags.seconds, flags.gigabytes)


def _probe_all(named: list[Path], policy: AssetPolicy, seconds: float, gigabytes: float) -> None:
    paths = [found for path in named for found in (_assets_under(path) if path.is_dir() else [path])]
    bad = 0
    for path in paths:
        reason = probe(path, policy, seconds, gigabytes)
        bad += reason is not None
        print(f"unusable: {reason}" if reason else f"usable: {path}", flush=True)
    if bad or not paths:
        raise InputError(f"{bad} of {len(paths)} assets cannot be used, named above" if paths else "no assets; name files or folders")


def _assets_under(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in KINDS and path.is_file())


def _loaded(path: Path, policy: AssetPolicy, gigabytes: float) -> str | None:
    """In the child: why the asset cannot be used, or None."""
    from render.blender.assets.loading import load
    from render.blender.sources import Source

    if gigabytes > 0 and sys.platform != "win32":
        import resource

        limit = int(gigabytes * 1e9)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        if path.suffix.lower() not in KINDS or not path.is_file():
            raise InputError(f"{path} is not a supported asset; give one of {', '.join(KINDS)}")
        check_asset(path, policy)
        load(Source(path.stem, path, "0" * 64), policy)
    except CatError as error:
        return str(error)
    except MemoryError:
        return f"{path} needs more than {gigabytes:g} GB to load; raise the limit, or thin it out"
    except OSError as error:
        return f"{path} cannot be read ({error.strerror or error}); check its permissions"
    return None


def _this_blender() -> list[str]:
    """The command that runs this file in a Blender like the one we are in."""
    import bpy

    if bpy.app.binary_path:
        return [bpy.app.binary_path, "-b", "--factory-startup", "-P", str(Path(__file__).resolve()), "--"]
    return [sys.executable, "-m", "render.blender.assets.probe"]


def _how(status: int) -> str:
    if status < 0:
        return signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
    return f"exit status {status}"


if __name__ == "__main__":
    run(main)
