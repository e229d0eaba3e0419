"""Commands of this package run inside the test's own process: quick, and the same code."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pytest

from capture.ingest import main


@dataclass(frozen=True)
class Done:
    """What a command printed."""

    stdout: str
    stderr: str


def cat_ingest(*arguments: object, expect: int = 0, workers: int = 0) -> Done:
    """``cat-ingest`` with ``arguments``; its exit status is checked. It decodes in this process unless ``workers`` are wanted."""
    out, errors = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(errors):
        patch.setattr(sys, "argv", ["cat-ingest", *map(str, arguments), "--workers", str(workers)])
        try:
            main()
            status: object = 0
        except SystemExit as leaving:
            status = leaving.code or 0
    assert status == expect, f"exit {status}, not {expect}:\n{out.getvalue()}\n{errors.getvalue()}"
    assert "Traceback" not in errors.getvalue()
    return Done(out.getvalue(), errors.getvalue())
