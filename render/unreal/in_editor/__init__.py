"""What runs inside the editor's own Python: standard library and `unreal` only.

``run_job.start(path)`` does one job of `render.unreal.job`; ``inspection.write(...)`` tells what an editor has; ``serve.start(folder)``
takes jobs from files, in an editor of our own. This module
itself is imported outside too: it makes the lines of Python that the link sends.
"""

from __future__ import annotations

from pathlib import Path

from render.unreal.orders import SILENT_S

PACKAGES = ("render.unreal", "cat_dataset")
"""Forgotten before every job, so that an editor that stays open does not go on with yesterday's code."""


def _code(root: Path, module: str, call: str) -> str:
    lines = (
        "import sys",
        f"root = {str(root)!r}",
        "sys.path[:] = [root] + [path for path in sys.path if path != root]",
        f"packages = {PACKAGES!r}",
        "loaded = [name for name in sys.modules if name.startswith(tuple(p + '.' for p in packages)) or name in packages]",
        "busy = getattr(sys.modules.get('render.unreal.in_editor.run_job'), 'is_busy', bool)()",
        "[sys.modules.pop(name) for name in loaded if not busy]",
        f"from render.unreal.in_editor import {module}",
        f"{module}.{call}",
    )
    return "\n".join(lines) + "\n"


def start_code(root: Path, job: Path) -> str:
    """Python that starts the job in the manifest ``job``, with this repository at ``root``; to be sent as ``ExecuteFile``."""
    return _code(root, "run_job", f"start({str(job)!r})")


def inspect_code(root: Path, report: Path, character: str = "", face: tuple[str, ...] = (), body: tuple[str, ...] = ()) -> str:
    """Python that writes what the editor has into the JSON file ``report`` (see `inspection.write`)."""
    return _code(root, "inspection", f"write({str(report)!r}, {character!r}, {face!r}, {body!r})")


def serve_code(root: Path, folder: Path, silent_seconds: float = SILENT_S) -> str:
    """Python that takes orders from ``folder`` until nobody beats there (see `serve.start`); to be run as a script at the start."""
    return _code(root, "serve", f"start({str(folder)!r}, {silent_seconds!r})")
