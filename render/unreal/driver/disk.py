"""Room on the disk: looked for before anything starts, and before every series."""

from __future__ import annotations

from pathlib import Path

from render.disk import check_fits

STORED = 2.0
"""Bytes a pixel of a frame in a series: PNGs of path-traced people have about 1.5."""
STAGED = 4.0
"""Bytes a pixel of a frame in the staging folder, at the worst (RGBA that does not compress)."""


def check_room(out: Path, frames: int, at_once: int, size: int) -> None:
    """See that ``frames`` more pictures fit on the disk of ``out``, ``at_once`` of them in a staging folder.

    Raises:
        NoRoom: they do not.
    """
    check_fits(out, frames, size * size * (frames * STORED + at_once * STAGED), "out")
