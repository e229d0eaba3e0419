"""Renders, in one Blender, what orders ask for, and prints what each frame cost: the other side of `bench_render`.

    python -m tests.benchmarks.render_frames '[["rotate", ["--size", "64", ...]], ...]'

Each order is a sweep's script and its flags. After each committed frame comes a JSON line: number of the order, CPU seconds of the
process so far, resident bytes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from render.blender.program import run
from render.blender.worker import resident_bytes, sweep_module

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Mark:
    """Where the process stood after a frame: CPU seconds since it began, resident bytes."""

    order: int
    cpu: float
    resident: int


def rendered(orders: Sequence[tuple[str, Sequence[object]]]) -> list[Mark]:
    """What the frames of ``orders``, rendered one after the other in a fresh process, cost.

    Raises:
        RuntimeError: it failed.
    """
    words = json.dumps([[script, [str(flag) for flag in flags]] for script, flags in orders])
    command = [sys.executable, "-m", "tests.benchmarks.render_frames", words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return [Mark(**json.loads(line)) for line in lines]


def main() -> None:
    """Perform the orders."""
    from cat_dataset.interrupt import GentleInterrupt
    from render.blender import quiet
    from render.blender.arguments import require_blender

    interrupt = GentleInterrupt()
    require_blender()
    from render.blender.sweeping.session import Session

    quiet.silence_blender()
    order = 0

    def mark(_series: str, _frame: int, _frames: int) -> None:
        print(json.dumps({"order": order, "cpu": time.process_time(), "resident": resident_bytes()}), flush=True)

    session = Session(interrupt, mark)
    for order, (script, words) in enumerate(json.loads(sys.argv[1])):  # noqa: B007
        module = sweep_module(script)
        flags = module.parser().parse_args(words)
        outcome = session.render(module.sweep_of(flags), flags)
        if outcome.failures:
            raise outcome.failures[0]


if __name__ == "__main__":
    run(main)
