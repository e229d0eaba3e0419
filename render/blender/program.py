"""The outermost frame of a sweep's script: flags in, series out, and an exit status that survives. Standard library only."""

from __future__ import annotations

import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cat_dataset.command import reported
from cat_dataset.interrupt import GentleInterrupt
from render.blender.arguments import Parser, own_arguments, require_blender, wants_debug
from render.blender.sweeping.spec import Sweep


def run_script(
    parser: Callable[[], Parser],
    sweep_of: Callable[[Namespace], Sweep | Sequence[Sweep]],
    prepare: Callable[[Namespace], None] = lambda flags: None,
) -> None:
    """Parse the flags, render, and end the process. ``prepare`` comes in between, when the flags are known to be good."""

    def main() -> None:
        with reported(wants_debug()):
            interrupt = GentleInterrupt()  # before Blender is imported: it swallows Ctrl-C, or crashes
            flags = parser().parse_args(own_arguments())
            sweeps = sweep_of(flags)
            require_blender()
            prepare(flags)
            from render.blender.sweeping.run import render_sweep

            render_sweep([sweeps] if isinstance(sweeps, Sweep) else sweeps, flags, interrupt)

    run(main)


def run(main: Callable[[], None]) -> None:
    """Call ``main`` and end the process with its exit status.

    Some bpy wheels (4.2 after a glTF import) crash while Python shuts down, which would turn a finished sweep into a
    failed one; under the wheel we therefore leave without that, and take Blender's temporary folder along.
    """
    status = 0
    try:
        main()
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    bpy: Any = sys.modules.get("bpy")
    if bpy is None or bpy.app.binary_path:
        sys.exit(status)
    scratch = Path(bpy.app.tempdir)
    if scratch.name.startswith("blender_"):
        shutil.rmtree(scratch, ignore_errors=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
