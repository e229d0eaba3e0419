"""Calls for a worker process to live through, or not."""

import os
import signal
import time
from pathlib import Path

import numpy as np

from cat_dataset.errors import InputError


def double(x):
    return 2 * x


def where():
    return os.getpid(), os.environ.get("OMP_NUM_THREADS")


def crash():
    os.kill(os.getpid(), signal.SIGSEGV)


def crash_once(marker: Path):
    if not marker.exists():
        marker.write_bytes(b"")
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def hang():
    time.sleep(600)


def swallow():
    return int(np.ones(3 << 30, np.uint8).sum())


def swallow_in_libraw():
    raise OSError((12, "Cannot allocate memory"))  # as rawpy spells it


def refuse(what: str):
    raise InputError(f"{what} is empty")


def stumble():
    raise ValueError("tag 7 of 3")
