"""Editors of our own: started, fed with orders by files, ended, and started again when they crash or hang; kills at any moment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cat_dataset.errors import RunFailed, UsageError
from cat_dataset.files import read_json, sha256_file
from cat_dataset.series import find_series, read_series, verify_frames
from render.outcome import Report
from render.unreal.driver import launch
from render.unreal.driver.command import render
from render.unreal.driver.expansion import OURS
from render.unreal.driver.plan_file import Deadlines, read_plan
from render.unreal.driver.watch import Condition
from render.unreal.orders import DRIVER
from tests.render.unreal.driver.plans import write_plan
from tests.render.unreal.joined_editor import ONCE, ROOT, SWITCHES, program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fake editor is a POSIX program")
LIMITS = {"connect": 1, "start": 30, "heartbeat": 20, "frame": 20}
SERIES = "expression_smile-ada_cc98ae-grey-v00"


def launched(folder: Path, **changes: Any) -> Path:
    """A plan that starts its own editors."""
    project = folder / "CatRender.uproject"
    project.write_text(json.dumps({"FileVersion": 3, "EngineAssociation": "5.5"}), encoding="utf-8")
    settings = {"editor": "launch", "project": str(project), "program": str(program(folder)), "deadlines": LIMITS, **changes}
    return write_plan(folder, **settings)


def run(folder: Path, **changes: Any) -> Report:
    return render(read_plan(launched(folder, **changes), "expressions"), None, poll=0.02)


def hashes(folder: Path) -> dict[str, str]:
    out = folder / "series"
    found = [path for series in find_series(out) for path in series.rglob("*") if path.is_file()]
    return {str(path.relative_to(out)): sha256_file(path) for path in sorted(found)}


def editors(folder: Path) -> int:
    return len(list((folder / "series" / OURS).glob("editor-*")))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two characters in one editor, undisturbed."""
    folder = tmp_path_factory.mktemp("launched")
    report = run(folder, characters=["Ada", "Ben"], batch=2)
    assert (report.finished, report.failures) == (2, [])
    assert editors(folder) == 1
    for path in find_series(folder / "series"):
        verify_frames(path, read_series(path))
    return folder


def odd(monkeypatch: pytest.MonkeyPatch, once: Path | None = None, **switches: Any) -> None:
    monkeypatch.setenv(SWITCHES, json.dumps(switches))
    if once is not None:
        monkeypatch.setenv(ONCE, str(once))


def test_a_crash_is_gone_on_from_in_a_fresh_editor(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    odd(monkeypatch, tmp_path / "once", crash_at=2)
    report = run(tmp_path, characters=["Ada", "Ben"])
    assert (report.finished, report.failures) == (2, [])
    said = capsys.readouterr().err
    assert "the editor was killed by SIGSEGV" in said
    assert "going on after its 2 states" in said
    assert editors(tmp_path) == 3  # one that crashed, and one for each character
    assert hashes(tmp_path) == hashes(whole)


def test_a_job_that_crashes_every_editor_is_set_aside_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd(monkeypatch, crash_at=0)
    with pytest.raises(RunFailed, match="1 series failed"):
        run(tmp_path, tries=2)
    (failure,) = read_json(tmp_path / "series" / "failures.json")["series"]
    assert (failure["series"], failure["tries"], failure["refused"]) == (SERIES, 2, False)
    assert "SIGSEGV" in failure["reason"]
    assert editors(tmp_path) == 2


def test_editors_that_never_begin_end_the_run(tmp_path: Path) -> None:
    plan = launched(tmp_path, attributes=None, tries=2)
    (tmp_path / "UnrealEditor-Cmd").write_text("#!/bin/sh\necho LogInit: Error: no graphics device; exit 3\n", encoding="utf-8")
    with pytest.raises(RunFailed, match=r"3 editors in a row ended before they began anything.*status 3: LogInit: Error: no graphics"):
        render(read_plan(plan, "expressions"), None, poll=0.02)
    assert editors(tmp_path) == 3


def test_an_editor_that_hangs_is_replaced(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    odd(monkeypatch, tmp_path / "once", hang_at=1)
    report = run(tmp_path, deadlines={**LIMITS, "heartbeat": 2.5})
    assert report.finished == 1
    assert "the editor hung: no beat for" in capsys.readouterr().err
    assert hashes(tmp_path).items() <= hashes(whole).items()


def test_a_job_that_cannot_be_begun_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def spoilt(manifest: Path) -> dict[str, Any]:
        manifest.write_text(manifest.read_text(encoding="utf-8").replace('"samples": 1', '"samples": 2'), encoding="utf-8")
        return {"manifest": str(manifest)}

    monkeypatch.setattr(launch.orders, "render", spoilt)
    began = time.monotonic()
    with pytest.raises(RunFailed, match="1 series failed"):
        run(tmp_path, tries=1, deadlines={**LIMITS, "start": 500})
    assert time.monotonic() - began < 60
    (failure,) = read_json(tmp_path / "series" / "failures.json")["series"]
    assert "the editor could not begin what it was told" in failure["reason"] and "was changed since it was written" in failure["reason"]


def test_a_path_that_the_editor_would_cut_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has a blank in its path"):
        run(tmp_path, out=str(tmp_path / "my series"))
    assert not any((tmp_path / "my series").glob("expression*"))


def test_the_driver_beats_while_it_watches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "BEAT_EVERY_S", 0.0)
    sleeper = tmp_path / "UnrealEditor-Cmd"
    sleeper.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    sleeper.chmod(0o755)
    session = launch.LaunchSession(sleeper, tmp_path / "CatRender.uproject", tmp_path / "editor", Deadlines())
    try:
        beats = []
        for _ in range(3):
            assert session.condition() == Condition()
            beats.append((tmp_path / "editor" / DRIVER).read_text(encoding="utf-8"))
        assert len(set(beats)) == 3
    finally:
        session.hurry()
        session.close()
    assert session.condition().ended is not None


def command(folder: Path, plan: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "render.unreal.expressions", str(plan), "--i-have-the-rights"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")


def wait_for(what: Any, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.01)


def pids(folder: Path) -> list[int]:
    """The fake editors that were started for ``folder``."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"-ExecutePythonScript={folder}".encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def end(folder: Path) -> None:
    for pid in pids(folder):
        os.kill(pid, signal.SIGKILL)


NEEDS_PROC = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc to find the editor")


@NEEDS_PROC
def test_killed_editors_and_killed_drivers_lose_nothing(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd(monkeypatch, ticks_per_frame=120)
    journal = tmp_path / "series" / SERIES / "journal.jsonl"
    process = command(tmp_path, launched(tmp_path))
    try:
        wait_for(lambda: journal.is_file() and journal.read_bytes().count(b"\n") >= 2)
        end(tmp_path)
        wait_for(lambda: editors(tmp_path) == 2 and journal.read_bytes().count(b"\n") >= 3)
        process.kill()
        _, errors = process.communicate(timeout=60)
        assert "the editor was killed by SIGKILL" in errors
        assert not (tmp_path / "series" / SERIES / "series.json").exists()
        assert len(pids(tmp_path)) == 1  # ends by itself when it has not heard of its driver for two minutes
        monkeypatch.delenv(SWITCHES)
        assert run(tmp_path).finished == 1
    finally:
        process.kill()
        end(tmp_path)
    assert hashes(tmp_path).items() <= hashes(whole).items()


@NEEDS_PROC
def test_ctrl_c_leaves_no_editor_and_a_state_that_can_be_gone_on_from(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd(monkeypatch, ticks_per_frame=50)
    journal = tmp_path / "series" / SERIES / "journal.jsonl"
    process = command(tmp_path, launched(tmp_path))
    try:
        wait_for(lambda: journal.is_file() and journal.read_bytes().count(b"\n") >= 2)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "run the same command again to go on" in errors
        assert not pids(tmp_path)
        monkeypatch.delenv(SWITCHES)
        assert run(tmp_path).finished == 1
    finally:
        process.kill()
        end(tmp_path)
    assert hashes(tmp_path).items() <= hashes(whole).items()
