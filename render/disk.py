"""The output folder: that it can be written, and that what is planned fits. Standard library only: also used inside Blender."""

from __future__ import annotations

import shutil
from pathlib import Path

from cat_dataset.errors import InputError, NoRoom


def check_writable(out: Path, named: str) -> None:
    """Make the folder ``out``, which the user knows as ``named`` (``--out``), and write into it.

    Raises:
        InputError: it is, or lies under, a file. OSError: it cannot be made or written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"{named} {out} is a file, or lies under one; give a folder") from None
    probe = out / ".writable"
    probe.write_bytes(b"")
    probe.unlink()


def check_fits(out: Path, frames: int, needed: float, named: str) -> None:
    """See that ``frames`` more pictures of ``needed`` bytes in all fit on the disk of ``out``.

    Raises:
        NoRoom: they do not.
    """
    free = shutil.disk_usage(out).free
    if needed > free:
        raise NoRoom(
            f"{out} has {free / 1e6:.1f} MB free and {frames} frames need about {needed / 1e6:.1f} MB; "
            f"free some space or use another {named}"
        )
