"""Work in a process of its own that has all libraries loaded already: a fork. Starting Python with torch takes ten times as long."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


@dataclass(frozen=True)
class Child:
    """A running fork; what it prints goes to ``output``."""

    pid: int
    output: Path

    def running(self) -> bool:
        """Whether it has not ended; does not collect it."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def wait(self) -> int:
        """Its exit code, minus the signal's number where one killed it."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def last_line(self) -> str:
        """The last line that it printed."""
        return self.output.read_text(encoding="utf-8").strip().splitlines()[-1]


def fork(work: Callable[[], object], output: Path) -> Child:
    """Start ``work`` in a child; it exits as a command would."""
    pid = os.fork()
    if pid:
        return Child(pid, output)
    code = 1
    try:
        sys.stdout = sys.stderr = open(output, "w", encoding="utf-8", buffering=1)  # noqa: SIM115 (it ends with the process)
        work()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)
