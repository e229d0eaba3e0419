"""Keeps Blender's own chatter ("Fra:1 Mem:...", "Saved: ...") off the terminal.

Blender's C code writes to file descriptor 1 through a buffer of its own, so what it prints may appear much later; the
descriptor is therefore turned away for good, and Python's ``sys.stdout`` moved to a copy of the real one.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator

_silent = False


def silence_blender() -> None:
    """Turn file descriptor 1 away from here to the end of the process; ``print`` works as before."""
    global _silent  # noqa: PLW0603
    _silent = True
    sys.stdout.flush()
    ours = os.dup(1)
    _turn_away(1)
    stream = os.fdopen(ours, "wb", buffering=0)
    sys.stdout = io.TextIOWrapper(stream, encoding="utf-8", errors="replace", line_buffering=True, write_through=True)


@contextlib.contextmanager
def importer_silenced() -> Iterator[None]:
    """Keep an importer's remarks to itself: the Python ones print, the C++ ones write to file descriptor 2."""
    if not _silent:
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    _turn_away(2)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _turn_away(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
