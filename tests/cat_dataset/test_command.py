"""One clear line and the right exit status at the edge of every command."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest
import typer

from cat_dataset.command import reported, warn
from cat_dataset.errors import InputError, RunFailed
from cat_dataset.typer_app import run_typer


def leave(error: BaseException, capsys: pytest.CaptureFixture[str], debug: bool = False) -> tuple[int, str]:
    with pytest.raises(SystemExit) as stopped, reported(debug):
        raise error
    assert isinstance(stopped.value.code, int)
    return stopped.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (InputError("x.png is cut off; make it again"), 2, "error: x.png is cut off; make it again\n"),
        (RunFailed("no luck"), 1, "error: no luck\n"),
        (KeyboardInterrupt(), 130, "run the same command again"),
        (OSError(errno.ENOSPC, "no space", "/x/y"), 2, "disk full while writing /x/y"),
        (PermissionError(errno.EACCES, "denied", "/x/y"), 2, "no permission for /x/y"),
        (FileNotFoundError(errno.ENOENT, "gone", "/x/y"), 2, "check the path"),
        (MemoryError(), 2, "out of memory"),
        (ZeroDivisionError("oops"), 1, "internal error: ZeroDivisionError: oops"),
    ],
)
def test_errors(error: BaseException, code: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    got, line = leave(error, capsys)
    assert got == code
    assert says in line
    assert line.count("\n") == 1
    assert "Traceback" not in line


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Traceback" in leave(InputError("x"), capsys, debug=True)[1]


def test_nothing_happens_without_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with reported():
        warn("look")
    assert capsys.readouterr().err == "warning: look\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--size", "many"], "Invalid value for '--size'"),
        (["--nonsense"], "No such option: --nonsense"),
        (["a"], "unexpected extra argument"),
    ],
)
def test_usage_errors_are_one_line(
    words: list[str], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = typer.Typer(add_completion=False)

    @app.command()
    def do(size: int = 3) -> None:
        print(size)

    monkeypatch.setattr("sys.argv", ["do", *words])
    with pytest.raises(SystemExit) as stopped:
        run_typer(app)
    assert stopped.value.code == 2
    line = capsys.readouterr().err
    assert line.startswith("error: ") and says in line and line.count("\n") == 1


def test_a_reader_that_left_is_no_error() -> None:
    code = "from cat_dataset.command import reported\nwith reported():\n    for _ in range(100000):\n        print('x' * 100)\n"
    writer = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert writer.stdout is not None and writer.stderr is not None
    writer.stdout.read(10)
    writer.stdout.close()
    assert writer.stderr.read() == b""
    assert writer.wait() == 141


def test_control_characters_of_names_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    warn("a\x1b[31m\x07é漢\nb")
    _, line = leave(InputError("\x1b]0;title\x07.dng is empty"), capsys)
    assert line == "warning: a\\x1b[31m\\x07é漢\nb\nerror: \\x1b]0;title\\x07.dng is empty\n"
