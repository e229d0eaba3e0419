"""A worker as a child process: orders go in, news come out as events, and it can be ended in every way."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from render.blender.worker import MARK

TAIL = 30
LONGEST_LINE = 1 << 16


class Worker:
    """One worker. Its news are put into ``events`` as (worker, message); (worker, None) when it has ended.

    ``scratch`` is a folder for its temporary files, removed with it. ``said`` are its last lines, for post-mortems.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], scratch: Path, events: queue.SimpleQueue[Any]) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self.said: deque[str] = deque(maxlen=TAIL)
        self._scratch, self._events = scratch, events
        temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **temporary, **environment},
            start_new_session=True,  # Ctrl-C is ours to hear
        )  # fmt: skip
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_news, self._read_log)]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def order(self, job: int, script: str, argv: Sequence[str]) -> None:
        """Have it render. A worker that died meanwhile says so by its (worker, None)."""
        line = json.dumps({"job": job, "script": script, "argv": list(argv)}).encode() + b"\n"
        with suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def dismiss(self) -> None:
        """End it: at once where it renders, after its clean-up where it waits."""
        with suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()

    def stop_after_frame(self) -> None:
        """Have it finish its frame and leave."""
        with suppress(OSError):
            self._process.terminate()

    def kill(self) -> None:
        """End it and whatever it has started, now."""
        if os.name == "posix":
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(OSError):
            self._process.kill()

    def bury(self) -> str:
        """Wait for its end, remove its temporary files; how it ended, in words."""
        self.dismiss()
        try:
            status = self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.kill()
            status = self._process.wait()
        for reader in self._readers:
            if reader is not threading.current_thread():
                reader.join(timeout=5)
        shutil.rmtree(self._scratch, ignore_errors=True)
        return self._how_it_ended(status)

    def _how_it_ended(self, status: int) -> str:
        last = next((line for line in reversed(self.said) if line.strip()), "")
        with suppress(ValueError):
            if status < 0:
                name = signal.Signals(-status).name
                hint = " (out of memory?)" if -status == 9 else ""
                return f"Blender was killed by {name}{hint}"
        return f"Blender ended with status {status}" + (f": {last.removeprefix('error: ')[:300]}" if last else "")

    def _read_news(self) -> None:
        for line in _lines(self._process.stdout):
            if line.startswith(MARK):
                with suppress(ValueError):
                    self._events.put((self, json.loads(line[len(MARK) :])))
        self._events.put((self, None))

    def _read_log(self) -> None:
        for line in _lines(self._process.stderr):
            text = line.decode("utf-8", "replace").rstrip()
            self.said.append(text)
            if text.startswith("warning: "):
                self._events.put((self, {"warning": text}))


def _lines(stream: IO[bytes] | None) -> Any:
    assert stream is not None
    with suppress(ValueError, OSError):
        while line := stream.readline(LONGEST_LINE):
            yield line
