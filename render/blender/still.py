"""One still from Cycles into a file."""

from __future__ import annotations

import errno
from pathlib import Path

import bpy

from cat_dataset.errors import RunFailed


def render_still(path: Path) -> None:
    """Render the scene as it stands to ``path``.

    Raises:
        RunFailed: Blender could not render. OSError: the disk is full. KeyboardInterrupt: Ctrl-C reached Blender first.
    """
    bpy.context.scene.render.filepath = str(path.resolve())
    try:
        outcome = bpy.ops.render.render(write_still=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split()).removeprefix("Error: ")
        if "No space left" in reason or "Disk quota" in reason:
            raise OSError(errno.ENOSPC, "disk full", str(path)) from None
        raise RunFailed(f"{path}: Blender could not render it: {reason}") from None
    if "FINISHED" not in outcome:
        raise KeyboardInterrupt
    if not path.is_file():
        raise RunFailed(f"{path}: Blender rendered but wrote no file; check the disk and the folder's permissions")
