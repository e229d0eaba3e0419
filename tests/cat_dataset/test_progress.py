"""Progress lines: counts, rate, time left."""

from __future__ import annotations

import pytest

from cat_dataset import progress
from cat_dataset.progress import Progress, clock


class Ticking:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_lines_in_a_log(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    ticking = Ticking()
    monkeypatch.setattr(progress.time, "monotonic", ticking)
    bar = Progress("pack", 40)
    bar.skip(8)
    for step in range(16):
        ticking.now = step + 1.0
        bar.advance(note=f"s{step}")
    assert capsys.readouterr().err == "pack: 18/40 frames  1.00/s  ETA 0:22  8 were done before  s9\n"
    bar.close()
    assert capsys.readouterr().err == "pack: 24/40 frames  1.00/s  ETA 0:16  8 were done before\n"


def test_one_line_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    ticking = Ticking()
    monkeypatch.setattr(progress.time, "monotonic", ticking)
    bar = Progress("render", 2, "views")
    for _ in range(2):
        ticking.now += 20.0
        bar.advance()
    bar.close()
    text = capsys.readouterr().err
    assert text.count("\r") == 3
    assert text.endswith("\n")
    assert "2/2 views  20 s each  took 0:40" in text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (3599, "59:59"), (3600, "1:00:00"), (-3, "0:00")])
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text
