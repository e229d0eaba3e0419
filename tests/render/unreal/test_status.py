"""The status file: whole at every moment, and nothing else is taken for one."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from cat_dataset.errors import InputError
from render.unreal import status as module
from render.unreal.status import FINISHED, RENDERING, Status, read_status, write_status

FULL = Status(
    "ab" * 32, RENDERING, 7, False, "", 2, 4, {"0": {"CTRL_C_jaw.y": 0.5}}, {"CTRL_C_jaw": {"type": "vector2d"}}, {"face": "/Game/Face"},
    ["0000.png"], ["a note"], "5.5.4",
)  # fmt: skip


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert read_status(tmp_path / "status.json") is None
    write_status(tmp_path / "status.json", FULL)
    assert read_status(tmp_path / "status.json") == FULL and not FULL.ended
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]
    assert Status("a", FINISHED).ended and Status("a", "failed").ended


def test_a_reader_never_sees_half_a_status(tmp_path: Path) -> None:
    """Beats go up by one while somebody reads all the time."""
    path, seen, stop = tmp_path / "status.json", [], threading.Event()

    def read() -> None:
        while not stop.is_set():
            if (now := read_status(path)) is not None:
                seen.append(now.beat)

    reader = threading.Thread(target=read)
    reader.start()
    for beat in range(60):
        write_status(path, Status("job", beat=beat, notes=["x" * 500] * beat))
    stop.set()
    reader.join()
    assert seen == sorted(seen) and set(seen) <= set(range(60))


def test_windows_refusals_are_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows refuses to replace, and to open, a file that the other side has open just now."""
    real, refusals = os.replace, [PermissionError("in use")] * 3
    monkeypatch.setattr(module, "PAUSE", 0.0)

    def replace(*args: Any) -> None:
        if refusals:
            raise refusals.pop()
        real(*args)

    monkeypatch.setattr(os, "replace", replace)
    write_status(tmp_path / "status.json", FULL)
    assert read_status(tmp_path / "status.json") == FULL and not refusals
    monkeypatch.setattr(os, "replace", lambda *args: (_ for _ in ()).throw(PermissionError("in use")))
    with pytest.raises(PermissionError):
        write_status(tmp_path / "status.json", FULL)
    monkeypatch.setattr(Path, "read_bytes", lambda self: (_ for _ in ()).throw(PermissionError("in use")))
    with pytest.raises(InputError, match="held by another process"):
        read_status(tmp_path / "status.json")


@pytest.mark.parametrize(
    "change",
    [{"schema": 2}, {"state": "done"}, {"beat": "7"}, {"success": 1}, {"controls": []}, {"files": {}}, {"more": 1}, {"job": None}],
    ids=lambda change: next(iter(change)),
)
def test_other_files_are_refused(change: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "status.json").write_text(json.dumps({**asdict(FULL), **change}), encoding="utf-8")
    with pytest.raises(InputError, match=r"status\.json"):
        read_status(tmp_path / "status.json")


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("controls", {"0": 3}), ("controls", {"0": {"a": "x"}}), ("controls", {"0": {"a": float("nan")}}),
        ("controls", {"0": {"a": 10**400}}), ("limits", {"a": [0, 1]}), ("limits", {"a": {"rest": [float("inf")]}}), ("rigs", {"face": 3}),
        ("notes", [1]), ("files", [[]]),
        ("engine", "\ud800"),
    ],
)  # fmt: skip
def test_what_no_series_can_take_is_refused(name: str, inside: Any, tmp_path: Path) -> None:
    (tmp_path / "status.json").write_text(json.dumps({**asdict(FULL), name: inside}), encoding="utf-8")
    with pytest.raises(InputError, match=f"something in '{name}' is not as it should be"):
        read_status(tmp_path / "status.json")


def test_a_folder_is_no_status(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a file"):
        read_status(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 1}', '{"schema": 1, "state": "failed"}'])
def test_what_is_no_status_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "status.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"status\.json"):
        read_status(tmp_path / "status.json")
