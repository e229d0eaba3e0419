"""The fake editor in a process of its own, so that it can be killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def started(port: int, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A fake editor in a process of its own, listening. ``words`` are its further flags. It is killed at the end."""
    command = [sys.executable, "-m", "tests.render.unreal.fake_editor", "--port", str(port), *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8", cwd=Path(__file__).parents[3])
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready"), "the fake editor did not start"
        yield process
    finally:
        process.kill()
        process.communicate()
