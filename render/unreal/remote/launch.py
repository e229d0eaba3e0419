"""Our own UnrealEditor-Cmd: started, watched, logged and ended."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from cat_dataset.errors import InputError, UsageError
from render.unreal.errors import EditorCrashed, EditorSilent, ProgramNotFound
from render.unreal.remote import tree
from render.unreal.remote.deadline import Deadline

HEADLESS = ("-RenderOffscreen", "-Unattended", "-StdOut", "-FullStdOutLogOutput", "-NoSplash", "-NoSound")
"""Without a window and without dialogs, and with the log on standard output. Never -nullrhi, with which nothing is rendered."""
LOG_LIMIT = 64 * 1024 * 1024
TAIL = 40
LONGEST_LINE = 1 << 16
GRACE = 20.0
"""Seconds for an editor to close by itself once it is asked to."""
KILLED_BY = 10.0


class EditorProcess:
    """A running UnrealEditor-Cmd. A context manager: at its end nothing of the editor is left.

    Args:
        program: UnrealEditor-Cmd (``programs.find_program``).
        project: the .uproject.
        log: file for what it prints, written anew; no more than ``log_limit`` bytes are kept.
        flags: further arguments, ``-Key=value`` or ``-Key``; no shell sees them.
        environment: the process's environment; None: ours.

    Raises:
        ProgramNotFound: it cannot be started.
        InputError: the log cannot be written.
    """

    def __init__(
        self,
        program: Path,
        project: Path,
        log: Path,
        flags: Sequence[str] = (),
        *,
        environment: Mapping[str, str] | None = None,
        log_limit: int = LOG_LIMIT,
    ) -> None:
        self.log = log
        self.said: deque[str] = deque(maxlen=TAIL)
        self._limit = log_limit
        self._swept = False
        words = [str(program), str(project.absolute()), *_checked(flags), *HEADLESS]
        command: str | list[str] = windows_command_line(words) if sys.platform == "win32" else words
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            stream = log.open("wb")
        except OSError as error:
            raise InputError(f"the editor's log {log} cannot be written: {error.strerror or error}") from error
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env=dict(environment) if environment is not None else None, **tree.own_group(),
            )  # fmt: skip
        except OSError as error:
            stream.close()
            raise ProgramNotFound(f"{program} cannot be started: {error.strerror or error}") from error
        self._reader = threading.Thread(target=self._keep_log, args=(stream,), daemon=True)
        self._reader.start()

    def __enter__(self) -> EditorProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop(GRACE if error is None else 0.0)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """None while it runs; then its exit status, negative for a signal."""
        return self._process.poll()

    def check(self) -> None:
        """Nothing while it runs or after it ended well.

        Raises:
            EditorCrashed: it has ended otherwise.
        """
        status = self.status
        if status not in (None, 0):
            assert status is not None
            raise EditorCrashed(self._ending(status))

    def wait(self, deadline: float) -> int:
        """Its exit status, once it has ended.

        Raises:
            EditorSilent: it has not in ``deadline`` seconds; it is still running.
        """
        try:
            return self._process.wait(deadline)
        except subprocess.TimeoutExpired as error:
            raise EditorSilent(f"the editor (process {self.pid}) has not ended in {deadline:g} s; its log: {self.log}") from error

    def stop(self, grace: float = GRACE) -> int:
        """End it and all that it has started: a request first, force after ``grace`` seconds. Returns its status."""
        if self._swept:  # by now its number may be another's
            return self._process.wait()
        if self.status is None and grace > 0:
            tree.ask_to_end(self._process)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(grace)
        tree.end(self._process)  # also shader compilers and the like that outlive the editor
        deadline = Deadline(KILLED_BY)
        try:
            status = self._process.wait(deadline.timeout())
        except subprocess.TimeoutExpired as error:
            raise EditorSilent(f"the editor (process {self.pid}) does not end even when killed: its driver or disk hangs") from error
        self._swept = True
        self._reader.join(deadline.timeout())
        return status

    def _ending(self, status: int) -> str:
        self._reader.join(1.0)
        last = next((line for line in reversed(self.said) if "error" in line.lower() or "fatal" in line.lower()), "")
        last = last or next((line for line in reversed(self.said) if line.strip()), "")
        return f"the editor {tree.how_it_ended(status)}" + (f": {last.strip()[:300]}" if last else "") + f"; its log: {self.log}"

    def _keep_log(self, stream: IO[bytes]) -> None:
        """Copy what it prints; go on reading past the limit and on a full disk, for an editor whose pipe is full stands still."""
        assert self._process.stdout is not None
        written: int | None = 0
        with suppress(ValueError, OSError), stream, self._process.stdout as source:  # to close it is to write what is left
            while line := source.readline(LONGEST_LINE):
                self.said.append(line.decode("utf-8", "replace").rstrip())
                if written is None:
                    continue
                full = written + len(line) > self._limit
                try:
                    stream.write(f"[cut here: more than {self._limit} bytes]\n".encode() if full else line)
                    stream.flush()
                except OSError:
                    full = True
                written = None if full else written + len(line)


def _checked(flags: Sequence[str]) -> list[str]:
    for flag in flags:
        if flag.lower().startswith("-nullrhi"):
            raise UsageError("-nullrhi: without a graphics device nothing is rendered; leave it out")
        if '"' in flag or any(ord(letter) < 32 for letter in flag):
            raise UsageError(f"the editor cannot be given {flag!r}: quotation marks and control characters do not survive its command line")
    return list(flags)


def windows_command_line(words: Sequence[str]) -> str:
    """One line for Windows, as Unreal takes it apart: ``-Key="a value"``, since it stops at the blank in ``"-Key=a value"``."""
    quoted = []
    for word in words:
        key, equals, value = word.partition("=") if word.startswith("-") else ("", "", word)
        quoted.append(f'{key}{equals}"{value}"' if " " in value or not word else word)
    return " ".join(quoted)
