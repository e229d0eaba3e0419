"""Running the sweeps as users do, in a process of their own: bpy cannot be started twice in one."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TINY = ["--size", "64", "--samples", "1", "--states", "3", "--views", "1", "--hdri", "builtin:studio", "--threads", "1"]
LEAVE = "\nimport os, sys; sys.stdout.flush(); os._exit(0)"  # some wheels crash while Python shuts down


def tiny_under(sky: object) -> list[str]:
    """`TINY` under another sky; a second ``--hdri`` would add one."""
    return [str(sky) if flag == "builtin:studio" else flag for flag in TINY]


def command(*flags: object) -> list[str]:
    """The command line of ``python -m render.blender.rotate``."""
    return [sys.executable, "-m", "render.blender.rotate", *map(str, flags)]


def rotate(*flags: object) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return sweep("rotate", *flags)


def sweep(script: str, *flags: object) -> subprocess.CompletedProcess[str]:
    """Run ``python -m render.blender.SCRIPT`` to its end."""
    words = [sys.executable, "-m", f"render.blender.{script}", *map(str, flags)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False)


def inside_blender(code: str, *arguments: object) -> str:
    """Run ``code`` in a fresh Python that has bpy; its standard output."""
    run = subprocess.run(
        [sys.executable, "-c", code + LEAVE, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def error_lines(run: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines that report errors, without the word."""
    return [line.removeprefix("error: ") for line in run.stderr.splitlines() if line.startswith("error: ")]


def hashes(folder: Path) -> dict[str, str]:
    """Every file under ``folder`` by relative name, with the hash of its bytes."""
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}
