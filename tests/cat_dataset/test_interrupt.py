"""Signals to forked children are theirs alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, signal, time
from cat_dataset.interrupt import GentleInterrupt

interrupt = GentleInterrupt()
for _ in range(2):
    child = os.fork()
    if child == 0:
        os.write(1, b"child ")
        time.sleep(30)
        os._exit(0)
    time.sleep(0.1)
    os.kill(child, signal.SIGTERM)
    _, status = os.waitpid(child, 0)
    print("ended by", os.WTERMSIG(status), "wanted", interrupt.wanted, flush=True)
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(0.2)
print("wanted", interrupt.wanted)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_what_ends_a_forked_child_does_not_stop_its_parent() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=root, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["child ended by 15 wanted False"] * 2 + ["wanted True"]
