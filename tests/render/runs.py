"""Running the sweeps as users do, in a process of their own: bpy cannot be started twice in one."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
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


IN_TURN = """
import io, json, sys
from contextlib import redirect_stderr
from importlib import import_module
from pathlib import Path

sys.path.insert(0, ".")
from render.blender import program

program.run = lambda main: main()  # which would end the process
orders, results = map(Path, sys.argv[1:])
ended = []
for script, *flags in json.loads(orders.read_text(encoding="utf-8")):
    module, said, status = import_module(f"render.blender.{script}"), io.StringIO(), 0
    sys.argv[1:] = flags
    with redirect_stderr(said):
        try:
            program.run_script(module.parser, module.sweep_of)
        except SystemExit as leaving:
            status = leaving.code
    ended.append((status, said.getvalue()))
results.write_text(json.dumps(ended), encoding="utf-8")
"""


def in_turn(commands: Sequence[Sequence[object]]) -> list[subprocess.CompletedProcess[str]]:
    """Run ``render.blender.SCRIPT FLAGS...`` one after the other in one process: exit statuses, and what went to ``sys.stderr``.

    For commands that fail or render little: importing bpy takes longer than they do.
    """
    words = [list(map(str, command)) for command in commands]
    with tempfile.TemporaryDirectory() as name:
        orders, results = Path(name) / "orders", Path(name) / "results"
        orders.write_text(json.dumps(words), encoding="utf-8")
        inside_blender(IN_TURN, orders, results)
        ended = json.loads(results.read_text(encoding="utf-8"))
    return [subprocess.CompletedProcess(one, status, "", said) for one, (status, said) in zip(words, ended, strict=True)]


def error_lines(run: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines that report errors, without the word."""
    return [line.removeprefix("error: ") for line in run.stderr.splitlines() if line.startswith("error: ")]


def hashes(folder: Path) -> dict[str, str]:
    """Every file under ``folder`` by relative name, with the hash of its bytes."""
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}
