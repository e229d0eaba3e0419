"""The page shows what there is."""

from __future__ import annotations

import re
from pathlib import Path

import typer
import yaml

from render.farm.command import app
from render.farm.jobs import expand
from render.farm.plan_file import read_plan
from tests.render.runs import ROOT

PAGE = (ROOT / "docs" / "farm.md").read_text(encoding="utf-8")


def test_the_plan_on_the_page_is_one(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    content = {**yaml.safe_load(text), "out": str(tmp_path)}
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    expansion = expand(read_plan(tmp_path / "plan.yaml"))
    assert len(expansion.jobs) == 16
    assert not expansion.refused


def test_the_flags_on_the_page_are_those_of_the_command() -> None:
    table = PAGE.partition("## Flags")[2].partition("## ")[0]
    shown = {flag for row in re.findall(r"^\| (`--.*?) \|", table, re.MULTILINE) for flag in re.findall(r"--[a-z-]+", row)}
    command = typer.main.get_command(app)
    assert shown == {option for parameter in command.params for option in parameter.opts if option.startswith("--")} - {"--help"}
