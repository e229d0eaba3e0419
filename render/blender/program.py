"""The outermost frame of a sweep's script: its exit status must survive the end of the process. Standard library only."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


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
