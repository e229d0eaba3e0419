"""What a worker's start costs beside the frames it makes, in CPU seconds: of this process no other's load can change them much.

python -m tests.render.farm.start_cost [--size 256] [--samples 16] [--states 37]
"""

from __future__ import annotations

import argparse
import os
import queue
import tempfile
from pathlib import Path
from typing import Any

from render.farm import machine
from render.farm.process import Worker


def cpu_seconds(pid: int) -> float:
    """User and system time of a running process (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Start a worker, have it render one series, print what each part took."""
    parser = argparse.ArgumentParser(description=__doc__)
    for flag, default in (("--size", 256), ("--samples", 16), ("--states", 37)):
        parser.add_argument(flag, type=int, default=default)
    parser.add_argument("--blender", default=None)
    flags = parser.parse_args()
    events: queue.SimpleQueue[Any] = queue.SimpleQueue()
    with tempfile.TemporaryDirectory() as name:
        worker = Worker(machine.blender_command(flags.blender), {"PYTHONPATH": machine.python_path()}, Path(name) / "scratch", events)
        while "ready" not in events.get()[1]:
            pass
        started = cpu_seconds(worker.pid)
        given = [f"--{key}={getattr(flags, key)}" for key in ("size", "samples", "states")]
        worker.order(
            0, "rotate", [*given, "--asset=builtin:car", "--hdri=builtin:studio", "--views=1", f"--out={name}/series", "--threads=1"]
        )
        first = None
        while "finished" not in (message := events.get()[1]):
            if message.get("frame") == 0:
                first = cpu_seconds(worker.pid)
        assert message["finished"] == 1, message
        assert first is not None
        each = (cpu_seconds(worker.pid) - first) / (flags.states - 1)
        worker.bury()
    once = first - each
    print(f"start {started:.2f} CPU s, asset, sky and first frame {first - started:.2f}, each further frame {each:.3f}")
    print(f"of 1,000 frames a start with its asset and sky is {once / (once + 1000 * each):.2%}")


if __name__ == "__main__":
    main()
