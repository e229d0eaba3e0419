"""The pages show what there is."""

from __future__ import annotations

import re
from pathlib import Path

import typer
import yaml

from render.unreal.doctor import app as doctor
from render.unreal.driver.command import make_app
from render.unreal.driver.disk import STAGED, STORED
from render.unreal.driver.expansion import expand
from render.unreal.driver.plan_file import KEYS, Deadlines, read_plan
from render.unreal.driver.repeat import BLOCKS, LARGEST_BLOCK, LEAST_PSNR, LEAST_SIDE, SIGMAS
from render.unreal.plugins import PLUGINS
from tests.render.runs import ROOT

PAGE = (ROOT / "docs" / "unreal.md").read_text(encoding="utf-8")
README = (ROOT / "render" / "unreal" / "README.md").read_text(encoding="utf-8")


def test_the_plan_on_the_page_is_one(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    assert len(list(expand(read_plan(path, "expressions")))) == 4
    assert len(list(expand(read_plan(path, "poses")))) == 2


def test_the_keys_and_defaults_on_the_page_are_those_of_plans(tmp_path: Path) -> None:
    table = PAGE.partition("## Keys of a plan")[2].partition("## ")[0]
    shown = [key for row in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE) for key in re.findall(r"`([a-z_]+)`", row)]
    assert sorted(shown) == sorted(KEYS)
    for name, seconds in vars(Deadlines()).items():
        assert f"`{name}` {seconds:g}" in table
    plan = tmp_path / "plan.yaml"
    plan.write_text(yaml.safe_dump({"project": "P", "engine": "5.5", "editor": "attach", "characters": "Ada"}), encoding="utf-8")
    found = read_plan(plan, "poses")
    assert "| -30 30, -5 15 |" in table
    assert (found.azimuths, found.elevations, found.lens, found.render.size, found.render.samples) == ((-30, 30), (-5, 15), 50, 1024, 512)
    assert len(found.states["pose_head_yaw"]) == 21
    assert (found.batch, found.tries, found.sensor, found.views) == (1, 3, 36, 1)


def test_the_thresholds_and_plugins_on_the_page_are_those_of_the_code() -> None:
    plain = " ".join(PAGE.split())
    assert f"PSNR of at least {LEAST_PSNR:g} dB, and no block (a {BLOCKS}nd of the picture's side, at least {LEAST_SIDE} pixels)" in plain
    assert f"whose mean differs by more than {LARGEST_BLOCK:g} of 255, or by more than {SIGMAS:g} standard deviations" in plain
    assert all(plugin in plain for plugin in PLUGINS if plugin != "Level Sequence Editor")  # which is always on
    assert STORED < STAGED


def test_the_commands_on_the_page_have_the_flags_it_gives_them() -> None:
    apps = {"doctor": doctor, "expressions": make_app("expressions"), "poses": make_app("poses")}
    lines = re.findall(r"^    python -m render\.unreal\.(\w+) plan\.yaml(.*)$", PAGE, re.MULTILINE)
    assert {name for name, _ in lines} == apps.keys()
    for name, flags in lines:
        command = typer.main.get_command(apps[name])
        assert set(flags.split()) <= {option for parameter in command.params for option in parameter.opts}, name


def test_both_pages_say_that_no_engine_was_run() -> None:
    for page in (PAGE, README):
        assert "has never been run in an engine by us" in page
        assert re.search(r"Epic's (published )?terms\s+restrict", page)
