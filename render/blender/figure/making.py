"""Has characters made by `render.people`, which needs our own Python (NumPy, anny). Standard library only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cat_dataset.command import INTERRUPTED
from cat_dataset.errors import InputError, RunFailed, UsageError
from render.blender.figure.person_file import SUFFIX, recipe_in

ROOT = Path(__file__).resolve().parents[3]
MAKER = "render.people.make"
PYTHON = "CAT_PYTHON"
"""Environment variable that names the Python to make characters with."""


def characters(folder: Path, count: int, seed: int) -> list[Path]:
    """The files of the first ``count`` characters of ``seed`` in ``folder``, in their order; those that are missing are made.

    Raises:
        UsageError: no Python here can make them. RunFailed: making them failed. InputError: ``folder`` cannot be used.
        KeyboardInterrupt: Ctrl-C reached the maker.
    """
    there = _found(folder, count, seed)
    if len(there) < count:
        words = [MAKER, "--out", str(folder), "--count", str(count), "--seed", str(seed)]
        print(f"making {count - len(there)} of {count} characters in {folder}", flush=True)
        status = subprocess.run([_python(words), "-m", *words], env=_environment(), stdin=subprocess.DEVNULL, check=False).returncode
        if status in (INTERRUPTED, -signal.SIGINT):
            raise KeyboardInterrupt
        if status == 2:
            raise InputError(f"no characters were made in {folder}, for the reason above; see to that, or name another --people-dir")
        if status:
            raise RunFailed(f"python -m {' '.join(words)} ended with status {status}; run it again to see why")
        there = _found(folder, count, seed)
    if len(there) < count:
        raise InputError(f"{folder} lacks character {_lacking(there, count)} of seed {seed}; use an empty --people-dir")
    return [there[index] for index in range(count)]


def _found(folder: Path, count: int, seed: int) -> dict[int, Path]:
    """Characters of ``seed`` right in ``folder`` by their index below ``count``."""
    found: dict[int, Path] = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else ():
        recipe = recipe_in(path)
        index = recipe.get("index")
        if recipe.get("seed") == seed and isinstance(index, int) and 0 <= index < count:
            found.setdefault(index, path)
    return found


def _lacking(there: dict[int, Path], count: int) -> int:
    return next(index for index in range(count) if index not in there)


def _python(words: list[str]) -> str:
    """A Python that can make characters.

    Raises:
        UsageError: there is none.
    """
    for program in _candidates():
        try:
            look = [program, "-c", "import importlib.util as u, numpy; raise SystemExit(u.find_spec('anny') is None)"]
            good = subprocess.run(look, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if good.returncode == 0:
            return program
    named = os.environ.get(PYTHON)
    found = "none was found" if named is None else f"{named}, which {PYTHON} names, is none"
    raise UsageError(
        f"characters are made by a Python that has the package anny, and {found}; pip install 'cat-dataset[people]' there, "
        f"name {'one' if named is None else 'another'} in {PYTHON}, or run there: python -m {' '.join(words)}"
    )


def _candidates() -> Iterator[str]:
    if PYTHON in os.environ:
        yield os.environ[PYTHON]
        return
    bpy: Any = sys.modules.get("bpy")
    if bpy is None or not bpy.app.binary_path:
        yield sys.executable
    for name in ("python3", "python"):
        found = shutil.which(name)
        if found:
            yield found


def _environment() -> dict[str, str]:
    """Ours, with this checkout where Python looks first, and without what a Blender sets for its own Python."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
    kept["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [kept.get("PYTHONPATH")])])
    return kept
