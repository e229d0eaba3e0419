"""One still from Cycles into a file."""

from __future__ import annotations

import errno
import struct
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
    try:
        path.write_bytes(pixels_only(path.read_bytes()))
    except (FileNotFoundError, ValueError):
        raise RunFailed(f"{path}: Blender rendered but wrote no whole picture; check the disk and the folder's permissions") from None


def pixels_only(data: bytes) -> bytes:
    """A PNG without the notes Cycles adds (render times, which differ from run to run): header, pixels and end alone.

    Raises:
        ValueError: not a whole PNG.
    """
    kept, here = [data[:8]], 8
    while here + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, here)
        kind, chunk = data[here + 4 : here + 8], data[here : here + 12 + length]
        if kind in (b"IHDR", b"IDAT", b"IEND"):
            kept.append(chunk)
        here += len(chunk)
        if kind == b"IEND" and len(chunk) == 12:
            return b"".join(kept)
    raise ValueError("no IEND chunk")
