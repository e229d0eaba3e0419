from __future__ import annotations

import logging
import subprocess
import sys
from typing import Any

import pytest

from cat_dataset.errors import UsageError
from render.unreal.errors import ExtraMissing
from render.unreal.remote import extra
from render.unreal.remote.deadline import Deadline


def test_without_the_extra_there_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "upyrc.upyre", None)
    with pytest.raises(
        ExtraMissing, match=r"needs the package .*upyre, which is not installed: pip install 'cat-dataset\[unreal\]'"
    ) as caught:
        extra.upyre()
    assert caught.value.exit_code == 2


def test_an_extra_that_cannot_be_imported_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> Any:
        raise ValueError("invalid literal for int(): 'ten'")

    monkeypatch.setattr(extra.importlib, "import_module", broken)
    with pytest.raises(ExtraMissing, match=r"upyrc\.upyre cannot be imported \(ValueError: invalid literal"):
        extra.upyre()


def test_importing_it_leaves_logging_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(name: str) -> Any:
        logging.getLogger().addHandler(logging.NullHandler())
        return sys

    before = list(logging.getLogger().handlers)
    monkeypatch.setattr(extra.importlib, "import_module", careless)
    extra.upyrc()
    assert logging.getLogger().handlers == before


def test_nothing_of_it_is_imported_before_it_is_needed() -> None:
    modules = ["connection", "discovery", "launch", "health", "project", "programs"]
    code = "import sys; " + "; ".join(f"import render.unreal.remote.{name}" for name in modules) + "; sys.exit('upyrc' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_deadline_is_a_number_of_seconds(seconds: float) -> None:
    with pytest.raises(UsageError, match="give a number of seconds"):
        Deadline(seconds)


def test_a_deadline_counts_down() -> None:
    deadline = Deadline(0.01)
    assert 0 < deadline.timeout() <= 0.01 and deadline.timeout(0.002) <= 0.002
    while not deadline.passed:
        pass
    assert deadline.left == 0 and deadline.timeout() > 0
