"""One still from Cycles into a file."""

from __future__ import annotations

import errno
import shutil
import struct
from pathlib import Path

import bpy

from cat_dataset.errors import RunFailed

SPARE_BYTES = 1 << 20
"""A disk with less than this free, on which a picture could not be written, is called full."""


def render_still(path: Path) -> None:
    """Render the scene as it stands to the PNG ``path``.

    Raises:
        RunFailed: Blender could not render. OSError: the disk is full. KeyboardInterrupt: Ctrl-C reached Blender first.
    """
    render_to(path)
    drop_notes(path)


def drop_notes(path: Path) -> None:
    """Leave nothing but pixels in a PNG that Blender wrote.

    Raises:
        RunFailed: it is not whole. OSError: the disk is full.
    """
    try:
        path.write_bytes(pixels_only(path.read_bytes()))
    except (FileNotFoundError, ValueError):
        raise_if_full(path)
        raise RunFailed(f"{path}: Blender rendered but wrote no whole picture; check the disk and the folder's permissions") from None


def render_to(path: Path) -> None:
    """Render the scene as it stands to ``path``, in the format that is set, with whatever Blender notes beside the pixels.

    Raises:
        RunFailed, OSError, KeyboardInterrupt: as `render_still`.
    """
    bpy.context.scene.render.filepath = str(path.resolve())
    try:
        outcome = bpy.ops.render.render(write_still=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split()).removeprefix("Error: ")
        raise_if_full(path)
        raise RunFailed(f"{path}: Blender could not render it: {reason}") from None
    if "FINISHED" not in outcome:
        raise KeyboardInterrupt


def raise_if_full(path: Path) -> None:
    """Raise the OSError of a full disk if that of ``path`` is: Blender cuts a picture off, or writes none, and does not always say why."""
    if shutil.disk_usage(path.parent).free < SPARE_BYTES:
        raise OSError(errno.ENOSPC, "disk full", str(path))


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
