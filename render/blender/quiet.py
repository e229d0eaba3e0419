"""Keeps Blender's own chatter ("Fra:1 Mem:...", "Saved: ...") off the terminal.

Blender's C code writes to file descriptor 1 through a buffer of its own, so what it prints may appear much later; the
descriptor is therefore turned away for good, and Python's ``sys.stdout`` moved to a copy of the real one.
"""

from __future__ import annotations

import io
import os
import sys


def silence_blender() -> None:
    """Turn file descriptor 1 away from here to the end of the process; ``print`` works as before."""
    sys.stdout.flush()
    ours = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    stream = os.fdopen(ours, "wb", buffering=0)
    sys.stdout = io.TextIOWrapper(stream, encoding="utf-8", errors="replace", line_buffering=True, write_through=True)
