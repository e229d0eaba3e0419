"""What exiftool finds, in one batched call for a folder, or one for each core: only it knows every maker note.

It runs as a process of its own, with a time limit, a memory cap where the system has one, and a cap on what it may print. File
names go in by its standard input, a line each, so that neither their number nor their spelling can touch the command line.
A batch that fails is halved until the file that spoils it stands alone.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from capture.reading.exiftool_tags import NUMBERS, TEXTS, exiftool_statement
from capture.reading.shot import Statement
from cat_dataset.parallel import default_workers, in_order

Entry = Mapping[str, Any]

_BATCH, _LEAST_BATCH = 1000, 50
"""Files to a call: a start costs as much as ten files."""
_MOST_FAILURES = 8
_START_SECONDS = 20.0
_FILE_SECONDS = 1.0
_OUTPUT_CAP = 64 << 20
_MEMORY_CAP = 2 << 30


def exiftool_statements(paths: Sequence[Path]) -> tuple[dict[Path, Statement], list[str]]:
    """What exiftool says of each file it can read, and lines on what it could not do. Never raises for a bad file."""
    program = shutil.which("exiftool")
    if program is None or not paths:
        return {}, [] if program else ["exiftool is not installed: values that only it reads stay unknown"]
    size = min(_BATCH, max(_LEAST_BATCH, -(-len(paths) // default_workers())))
    batches = [paths[at : at + size] for at in range(0, len(paths), size)]
    answers = list(in_order(lambda batch: _asked(program, batch), batches, default_workers()))
    found = {path: one for said, _ in answers for path, one in said.items()}
    lost = [path for _, failed in answers for path in failed]
    named = ", ".join(ascii(path.name)[1:-1][:80] for path in lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
    return found, [f"exiftool failed or took too long on {len(lost)} files, whose other readers are used: {named}"] if lost else []


def _asked(program: str, batch: Sequence[Path]) -> tuple[dict[Path, Statement], list[Path]]:
    """What it says of a batch, and the files that it fails on: those alone, unless there are many."""
    found: dict[Path, Statement] = {}
    lost: list[Path] = []
    waiting = [batch]
    while waiting:
        part = waiting.pop(0)
        entries = _call(program, part)
        if entries is not None:
            found |= {path: one for path in part if (one := exiftool_statement(entries.get(_name(path), {}))) is not None}
        elif len(part) > 1 and len(lost) < _MOST_FAILURES:
            waiting[:0] = [part[: len(part) // 2], part[len(part) // 2 :]]
        else:
            lost += part
    return found, lost


def _call(program: str, batch: Sequence[Path]) -> dict[str, Entry] | None:
    """exiftool's entries by file name; None when it failed, took too long, or printed too much."""
    options = ["-j", "-a", "-G1", "-q", "-q", "-fast", "-charset", "filename=utf8"]
    options += [f"-{tag}#" for tag in NUMBERS] + [f"-{tag}" for tag in TEXTS]
    names = [_line(_name(path)) for path in batch]
    with tempfile.TemporaryFile() as arguments:
        arguments.write("\n".join((*options, *names, "")).encode("utf-8", "surrogateescape"))
        arguments.seek(0)
        # -config "" must come first: a configuration file of the user's may run code and change what is read
        with subprocess.Popen(
            [program, "-config", "", "-@", "-"], stdin=arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            _cap_memory(process.pid)
            late = threading.Timer(_START_SECONDS + _FILE_SECONDS * len(batch), process.kill)
            late.start()
            try:
                assert process.stdout is not None
                printed = process.stdout.read(_OUTPUT_CAP + 1)
                if len(printed) > _OUTPUT_CAP:
                    process.kill()
                process.wait()
            finally:
                late.cancel()
                process.kill()
    return _entries(printed) if process.returncode in (0, 1) and len(printed) <= _OUTPUT_CAP else None


def _entries(printed: bytes) -> dict[str, Entry] | None:
    if not printed.strip():
        return {}
    try:
        # as texts: serial numbers are not numbers, and "1E400" would be one
        entries = json.loads(printed.decode("utf-8", "replace"), parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entries, list):
        return None
    return {str(entry.get("SourceFile", "")): entry for entry in entries if isinstance(entry, dict)}


def _name(path: Path) -> str:
    """How ``path`` is spelt to exiftool: never like an option, a comment, or with a blank at its start."""
    return path.as_posix() if path.is_absolute() else f"./{path.as_posix()}"


def _line(name: str) -> str:
    """``name`` as a line of arguments. As a C string it may hold line breaks, but exiftool then mistakes $ and @."""
    if not set("\n\r") & set(name):
        return name
    return "#[CSTR]" + name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace('"', '\\"')


def _cap_memory(process: int) -> None:
    if sys.platform == "linux":
        import resource

        try:
            resource.prlimit(process, resource.RLIMIT_AS, (_MEMORY_CAP, _MEMORY_CAP))
        except OSError:
            return  # it has ended already
