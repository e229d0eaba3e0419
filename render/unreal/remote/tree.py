"""A child process together with everything that it starts, as one thing that can be ended.

POSIX: a session of its own, so a process group. Windows: a process group (for the polite request) and ``taskkill /T`` (for
the rest). A shell is never involved.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

TASKKILL_SECONDS = 10


def own_group() -> dict[str, Any]:
    """Flags for ``Popen``."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def ask_to_end(process: subprocess.Popen[Any]) -> None:
    """Have it close in its own way."""
    if sys.platform == "win32":
        with suppress(OSError, ValueError):
            process.send_signal(signal.CTRL_BREAK_EVENT)
    else:
        _signal(process.pid, signal.SIGTERM)


def end(process: subprocess.Popen[Any]) -> None:
    """End it and all that it has started, now. Also for what outlives a process that has ended."""
    if sys.platform == "win32":
        taskkill = Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "taskkill.exe"
        with suppress(OSError, subprocess.SubprocessError):
            command = [str(taskkill), "/PID", str(process.pid), "/T", "/F"]
            subprocess.run(command, capture_output=True, timeout=TASKKILL_SECONDS, check=False)
    else:
        _signal(process.pid, signal.SIGKILL)
    with suppress(OSError):
        process.kill()


def _signal(group: int, number: int) -> None:
    if sys.platform != "win32":
        with suppress(OSError):  # nobody of the group is left
            os.killpg(group, number)


def how_it_ended(status: int) -> str:
    """A process's status in words."""
    if status < 0:
        name = f"signal {-status}"
        with suppress(ValueError):
            name = signal.Signals(-status).name
        return f"was killed by {name}" + (" (out of memory?)" if -status == 9 else "")
    if status >= 0x80000000:  # Windows: an exception's code
        return f"crashed with 0x{status:08X}"
    return f"ended with status {status}"
