"""Python as an editor runs it: the three modes, what is printed as output, a traceback as the result of a failure."""

from __future__ import annotations

import contextlib
import io
import shlex
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

_ONE_AT_A_TIME = threading.Lock()


class Interpreter:
    """``interpreter(code, mode)``; names live on from command to command, as in the editor."""

    def __init__(self, namespace: dict[str, Any] | None = None) -> None:
        self.namespace = namespace if namespace is not None else {"__name__": "__main__"}

    def __call__(self, code: str, mode: str) -> tuple[bool, str, list[dict[str, str]]]:
        output: list[dict[str, str]] = []
        with _ONE_AT_A_TIME, contextlib.redirect_stdout(_Lines(output, "Info")), contextlib.redirect_stderr(_Lines(output, "Error")):
            try:
                return True, self._run(code, mode), output
            except BaseException:
                return False, traceback.format_exc(limit=-2), output

    def _run(self, code: str, mode: str) -> str:
        if mode == "EvaluateStatement":
            return repr(eval(code, self.namespace))
        if mode == "ExecuteStatement":
            exec(compile(code, "<string>", "single"), self.namespace)
            return "None"
        words = shlex.split(code) if "\n" not in code else []
        if words and words[0].endswith(".py") and Path(words[0]).is_file():
            before, sys.argv = sys.argv, words
            try:
                exec(compile(Path(words[0]).read_text(encoding="utf-8"), words[0], "exec"), self.namespace)
            finally:
                sys.argv = before
        else:
            exec(compile(code, "<string>", "exec"), self.namespace)
        return "None"


class _Lines(io.TextIOBase):
    def __init__(self, output: list[dict[str, str]], kind: str) -> None:
        self._output, self._kind = output, kind

    def write(self, text: str) -> int:
        if text:
            self._output.append({"type": self._kind, "output": text})
        return len(text)
