"""Room on the disk: looked for before anything starts, and before every series."""

from __future__ import annotations

import shutil
from pathlib import Path

from cat_dataset.errors import InputError, NoRoom

STORED = 2.0
"""Bytes a pixel of a frame in a series: PNGs of path-traced people have about 1.5."""
STAGED = 4.0
"""Bytes a pixel of a frame in the staging folder, at the worst (RGBA that does not compress)."""


def make_folder(out: Path) -> None:
    """Make the folder ``out`` and write into it.

    Raises:
        InputError: it is, or lies under, a file. OSError: it cannot be made or written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"out: {out} is a file, or lies under one; give a folder") from None
    probe = out / ".writable"
    probe.write_bytes(b"")
    probe.unlink()


def check_room(out: Path, frames: int, at_once: int, size: int) -> None:
    """See that ``frames`` more pictures fit on the disk of ``out``, ``at_once`` of them in a staging folder.

    Raises:
        NoRoom: they do not.
    """
    needed = int(size * size * (frames * STORED + at_once * STAGED))
    free = shutil.disk_usage(out).free
    if needed > free:
        raise NoRoom(
            f"{out} has {free / 1e6:.1f} MB free and {frames} frames need about {needed / 1e6:.1f} MB; free some space or use another out"
        )
