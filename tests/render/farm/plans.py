"""Plans, and ``cat-render`` as users run it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.render.runs import ROOT

TINY = {"size": 64, "samples": 1, "states": 4, "threads": 1}


def write_plan(folder: Path, **changes: Any) -> Path:
    """A plan of two objects under one sky from two views; the series go to ``folder``/series."""
    plan = {
        "assets": ["builtin:car", "builtin:mug"],
        "hdris": "builtin:studio",
        "views": 2,
        "seed": 3,
        "out": str(folder / "series"),
        "render": TINY,
        "sweeps": [{"script": "rotate"}],
        **changes,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "plan.yaml"
    path.write_text(yaml.safe_dump(plan), encoding="utf-8")
    return path


def command(plan: Path, *flags: object) -> list[str]:
    """The command line of ``cat-render PLAN``."""
    return [sys.executable, "-m", "render.farm.command", str(plan), *map(str, flags)]


def cat_render(plan: Path, *flags: object, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        command(plan, *flags), cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False
    )


def start(plan: Path, *flags: object, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """Begin it; what it says is kept in pipes."""
    return subprocess.Popen(
        command(plan, *flags), cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """Process ids of the Blenders that a running cat-render has started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            words = stat.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == process.pid and b"worker" in words and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for something to come true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


def frames_in(out: Path) -> int:
    """Committed frames below ``out``."""
    return sum(not path.name.startswith(("partial", ".")) for path in out.glob("*/frames/*.png"))
