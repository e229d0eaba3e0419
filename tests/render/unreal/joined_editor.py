"""A whole fake editor in a process of its own: the real code of render/unreal/in_editor on the fake `unreal` module.

Attached to, it speaks the real protocol (``--port``); started as UnrealEditor-Cmd (`program`), it runs its -ExecutePythonScript.
The environment says what is odd about it: CAT_FAKE_SWITCHES is `Switches` as JSON, and CAT_FAKE_ONCE a file that is made by the
first process, so that only that one is odd. ``EDITOR`` and ``patch`` are there for commands that come through the link.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.render.unreal.fake_unreal import Editor, Switches

ROOT = Path(__file__).parents[3]
TICK_S = 0.004
SWITCHES, ONCE = "CAT_FAKE_SWITCHES", "CAT_FAKE_ONCE"


def switches() -> Switches:
    """Those of the environment, unless another process has had them."""
    once = os.environ.get(ONCE)
    if once:
        try:
            Path(once).touch(exist_ok=False)
        except FileExistsError:
            return Switches()
    return Switches(**json.loads(os.environ.get(SWITCHES, "{}")))


def die() -> None:
    """Crash as a program does."""
    os.kill(os.getpid(), signal.SIGSEGV)


def program(folder: Path) -> Path:
    """An UnrealEditor-Cmd: takes the flags of the real one."""
    path = folder / "UnrealEditor-Cmd"
    path.write_text(f"#!/bin/sh\ncd '{ROOT}' && exec '{sys.executable}' -m tests.render.unreal.joined_editor \"$@\"\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@contextmanager
def odd(**faults: Any) -> Iterator[Mapping[str, str]]:
    """Editors that are started inside the block have these switches."""
    os.environ[SWITCHES] = json.dumps(faults)
    try:
        yield os.environ
    finally:
        del os.environ[SWITCHES]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("project", nargs="?", default="CatRender")
    parser.add_argument("--port", type=int)
    options, flags = parser.parse_known_args()
    editor = Editor(switches())
    editor.install()
    editor.crash = die
    script = next((flag.partition("=")[2] for flag in flags if flag.startswith("-ExecutePythonScript=")), None)
    if options.port is not None:
        from tests.render.unreal.fake_editor import FakeEditor
        from tests.render.unreal.fake_python import Interpreter

        interpreter = Interpreter({"__name__": "__main__", "EDITOR": editor})

        def execute(code: str, mode: str) -> tuple[bool, str, list[dict[str, str]]]:
            with editor.lock:
                return interpreter(code, mode)

        protocol = FakeEditor(options.port, options.project, execute=execute, as_process=True)
        interpreter.namespace["LINK"] = protocol
        print("ready", protocol.id, flush=True)
    if script is not None:
        with editor.lock:
            exec(compile(Path(script).read_text(encoding="utf-8"), script, "exec"), {"__name__": "__main__"})
    while options.port is not None or editor.alive:
        editor.tick()
        time.sleep(TICK_S)


if __name__ == "__main__":
    main()
