from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from cat_dataset.errors import InputError, UsageError
from render.unreal.errors import EditorCrashed, EditorSilent, ProgramNotFound
from render.unreal.remote import tree
from render.unreal.remote.deadline import Deadline
from render.unreal.remote.launch import HEADLESS, EditorProcess, windows_command_line
from render.unreal.remote.tree import how_it_ended

posix = pytest.mark.skipif(sys.platform == "win32", reason="the editor's place is taken by a script for sh")


def editor(folder: Path, script: str, flags: Sequence[str] = (), **options: int) -> EditorProcess:
    """A script in the editor's place."""
    program = folder / "an editor"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return EditorProcess(program, folder / "P.uproject", folder / "logs" / "log.txt", flags, **options)


def gone(pid: int) -> bool:
    """Whether the process has ended, waiting for it: a kill takes a moment."""
    deadline = Deadline(2)
    while not deadline.passed:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with suppress(OSError):
            if ") Z" in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8"):  # ended, and nobody has asked how
                return True
        time.sleep(0.005)
    return False


@posix
def test_it_is_given_its_words_as_they_are_and_its_log_is_kept(tmp_path: Path) -> None:
    flags = ["-ExecutePythonScript=/a path/$HOME;rm.py", "/Game/Map"]
    with editor(tmp_path, 'for word; do echo "<$word>"; done; echo oops >&2', flags) as process:
        assert process.wait(5) == 0
        process.check()
    words = [str(tmp_path / "P.uproject"), *flags, *HEADLESS]
    assert process.log.read_text(encoding="utf-8").splitlines() == [*(f"<{word}>" for word in words), "oops"]
    assert {"-RenderOffscreen", "-Unattended", "-StdOut"} <= set(words) and process.said[-1] == "oops"


@posix
@pytest.mark.parametrize(("end", "says"), [("exit 3", "ended with status 3"), ("kill -SEGV $$", "was killed by SIGSEGV")])
def test_a_crash_is_told_with_the_last_error_of_the_log(tmp_path: Path, end: str, says: str) -> None:
    with editor(tmp_path, f"echo 'LogWindows: Error: out of video memory'; echo bye; {end}") as process:
        process.wait(5)
        with pytest.raises(EditorCrashed, match=rf"the editor {says}: LogWindows: Error: out of video memory; its log: .*log\.txt"):
            process.check()


@posix
def test_one_that_runs_on_is_told_from_one_that_ended(tmp_path: Path) -> None:
    with editor(tmp_path, "exec sleep 60") as process:
        process.check()
        assert process.status is None
        with pytest.raises(EditorSilent, match=r"has not ended in 0\.03 s"):
            process.wait(0.03)
        before = time.monotonic()
    assert process.status == -15 and time.monotonic() - before < 5, "asked to, it ended at once"


@posix
def test_one_that_does_not_heed_is_killed_with_all_that_it_has_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = editor(tmp_path, "trap '' TERM\nsleep 60 &\necho $!\nwhile :; do sleep 60; done")
    while not process.said:
        time.sleep(0.005)
    child = int(process.said[0])
    os.kill(child, 0)
    assert process.stop(grace=0.05) == -9
    assert gone(process.pid) and gone(child)
    monkeypatch.setattr(tree, "end", None)  # by then its number may be another's
    assert process.stop() == -9


@posix
def test_what_outlives_the_editor_is_ended_too(tmp_path: Path) -> None:
    with editor(tmp_path, "sleep 60 &\necho $!") as process:
        assert process.wait(5) == 0
    assert gone(int(process.said[0]))


@posix
def test_the_log_is_cut_at_its_limit_and_the_editor_goes_on(tmp_path: Path) -> None:
    with editor(tmp_path, "for i in 1 2 3 4 5 6 7 8 9; do echo 'a line of the log'; done; echo last", log_limit=40) as process:
        assert process.wait(5) == 0
    assert process.log.read_text(encoding="utf-8") == "a line of the log\n" * 2 + "[cut here: more than 40 bytes]\n"
    assert process.said[-1] == "last"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_on_a_full_disk_the_editor_goes_on_without_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "log.txt").symlink_to("/dev/full")
    failed: list[object] = []
    monkeypatch.setattr(threading, "excepthook", failed.append)
    with editor(tmp_path, "echo one; echo two") as process:
        assert process.wait(5) == 0
    assert list(process.said) == ["one", "two"]
    assert not failed


def test_what_cannot_be_started_or_written_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ProgramNotFound, match="cannot be started"):
        EditorProcess(tmp_path / "nothing", tmp_path / "P.uproject", tmp_path / "log")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"log .* cannot be written"):
        EditorProcess(tmp_path / "nothing", tmp_path / "P.uproject", tmp_path / "file" / "log")


@pytest.mark.parametrize("flag", ["-nullrhi", "-NullRHI", '-A="b"', "-A=b\nc"])
def test_flags_that_cannot_be_are_refused(tmp_path: Path, flag: str) -> None:
    with pytest.raises(UsageError):
        EditorProcess(tmp_path / "x", tmp_path / "P.uproject", tmp_path / "log", [flag])
    assert not (tmp_path / "log").exists()


def test_the_command_line_of_windows_is_quoted_as_unreal_reads_it() -> None:
    words = [r"C:\Program Files\UE\UnrealEditor-Cmd.exe", r"D:\P.uproject", r"-ExecutePythonScript=D:\my jobs\run.py", "-StdOut", ""]
    assert windows_command_line(words) == (
        r'"C:\Program Files\UE\UnrealEditor-Cmd.exe" D:\P.uproject -ExecutePythonScript="D:\my jobs\run.py" -StdOut ""'
    )


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (-9, "was killed by SIGKILL (out of memory?)"),
        (1, "ended with status 1"),
        (0xC0000005, "crashed with 0xC0000005"),
        (-99, "was killed by signal 99"),
    ],
)
def test_how_a_process_ended(status: int, says: str) -> None:
    assert how_it_ended(status) == says
