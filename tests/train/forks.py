"""Work in a process of its own that has all libraries loaded already: a fork. Starting Python with torch takes ten times as long."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
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


def fork_ranks(work: Callable[[int], object], world: int, folder: Path, *, within_s: float) -> None:
    """Run ``work(rank)`` in ``world`` children, in the environment that torchrun gives its own; they print to ``folder/<rank>.txt``.

    Raises:
        AssertionError: one of them failed, or they took longer than ``within_s`` and were killed; it has all that they printed.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def as_rank(rank: int) -> None:
        about = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world, "LOCAL_WORLD_SIZE": world, "MASTER_PORT": port}
        os.environ.update({name: str(value) for name, value in about.items()}, MASTER_ADDR="127.0.0.1")
        work(rank)

    children = [fork(partial(as_rank, rank), folder / f"{rank}.txt") for rank in range(world)]
    end = time.monotonic() + within_s
    while any(child.running() for child in children) and time.monotonic() < end:
        time.sleep(0.02)
    for child in children:
        if child.running():
            os.kill(child.pid, signal.SIGKILL)
    codes = [child.wait() for child in children]
    assert not any(codes), "\n".join([f"exit codes {codes}", *(child.output.read_text(encoding="utf-8") for child in children)])
