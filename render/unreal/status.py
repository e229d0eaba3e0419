"""The status file: what the inside of an editor says about one job, told anew at every beat.

Written inside the editor, read outside: standard library only. ``finished`` is said by the render queue's own delegate and by
nothing else; a beat that stands still for long while the process lives means that the editor hangs.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from cat_dataset.errors import InputError
from cat_dataset.files import json_bytes, read_json

SCHEMA = 1
STARTING, LOADING, RENDERING, FINISHED, FAILED = STATES = ("starting", "loading", "rendering", "finished", "failed")
ENDED = (FINISHED, FAILED)
TRIES = 40
"""Attempts at a rename or a read that Windows refuses while the other side has the file open."""
PAUSE = 0.05
"""Seconds between them."""
LARGEST = 1e9
"""Of a control's value: no rig has one, and what is not a number is not below it."""


@dataclass
class Status:
    """``job`` is the manifest's sha256; ``frames_done`` of ``frames_total`` pictures lie in the staging folder.

    ``files`` are paths as the queue reported them, in its order, and set only at the end. ``controls`` are the values read back
    of every keyed control for every state (by its index as a string); ``limits`` those controls' type and limits on the live
    rig; ``notes`` are things that the user should hear of and that stop nothing.
    """

    job: str
    state: str = STARTING
    beat: int = 0
    success: bool = False
    error: str = ""
    frames_done: int = 0
    frames_total: int = 0
    controls: dict[str, dict[str, float]] = field(default_factory=dict)
    limits: dict[str, dict[str, Any]] = field(default_factory=dict)
    rigs: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    engine: str = ""
    schema: int = SCHEMA

    @property
    def ended(self) -> bool:
        """Nothing more will come."""
        return self.state in ENDED


def write_status(path: Path, status: Status) -> None:
    """Write ``status`` atomically; on Windows a reader that has the file open is waited for.

    It is not forced onto the disk, which would hold up the editor at every beat: only living processes read it.

    Raises:
        OSError: the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(TRIES):
        try:
            temporary.write_bytes(json_bytes(asdict(status)))
            os.replace(temporary, path)
            return
        except PermissionError:
            if attempt == TRIES - 1:
                raise
            time.sleep(PAUSE)


def read_status(path: Path) -> Status | None:
    """The status in ``path``; None where there is none yet.

    Raises:
        InputError: it is not a status file of this version.
    """
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is not a file; delete it and run again")
    for attempt in range(TRIES):
        try:
            data = read_json(path)
            break
        except PermissionError:
            if attempt == TRIES - 1:
                raise InputError(f"{path} cannot be opened: it is held by another process; close what reads it") from None
            time.sleep(PAUSE)
        except InputError:
            if not path.exists():
                return None
            if attempt:  # the first time it may have come into being between our two looks at it
                raise
    types: dict[str, Any] = {name.name: type(getattr(Status(""), name.name)) for name in fields(Status)}
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise InputError(f"{path} is not a status file of schema {SCHEMA}; the editor runs another version of this code")
    for name, value in data.items():
        if name not in types or type(value) is not types[name]:
            raise InputError(f"{path}: field {name!r} is not a {types[name].__name__ if name in types else 'known field'}")
    if "job" not in data or data.get("state") not in STATES:
        raise InputError(f"{path} names no job or has the unknown state {data.get('state')!r}")
    status = Status(**data)
    wrong = _wrong_inside(status)
    if wrong:
        raise InputError(f"{path}: something in {wrong!r} is not as it should be; the editor runs another version of this code")
    return status


def _wrong_inside(status: Status) -> str:
    """The field that holds what it must not; "" if none does. What passes can be written into a series."""
    for name in ("files", "notes"):
        if not all(isinstance(one, str) for one in getattr(status, name)):
            return name
    if not all(isinstance(asset, str) for asset in status.rigs.values()):
        return "rigs"
    for values in status.controls.values():
        if not isinstance(values, dict) or not all(type(one) in (int, float) and -LARGEST <= one <= LARGEST for one in values.values()):
            return "controls"
    if not all(isinstance(limit, dict) for limit in status.limits.values()):
        return "limits"
    for name, value in vars(status).items():
        try:
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError):  # no number, or half of a surrogate pair
            return name
    return ""
