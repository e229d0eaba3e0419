"""cat-render on this machine: whole plans, their repetition, and what a plan cannot have."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cat_dataset.files import read_json
from tests.render.farm.plans import TINY, cat_render, start, write_plan
from tests.render.runs import ROOT, error_lines, hashes, sweep


def test_workers_make_the_bytes_of_the_script_alone(undisturbed: dict[str, str], tmp_path: Path) -> None:
    plan = write_plan(tmp_path)
    before = cat_render(plan, "--status")
    assert before.stdout.splitlines() == ["0 of 4 series complete, 0 begun, 4 missing", "0 of 16 frames (0.0%)"]
    assert not (tmp_path / "series").exists()
    run = cat_render(plan, "--workers", 2)
    assert run.returncode == 0, run.stderr
    assert run.stdout == "4 series rendered, of 4\n"
    assert hashes(tmp_path / "series") == undisturbed
    assert cat_render(plan, "--status").stdout.splitlines()[0] == "4 of 4 series complete, 0 begun, 0 missing"
    again = cat_render(plan)
    assert again.returncode == 0
    assert again.stdout == "0 series rendered, 4 already complete, of 4\n"
    assert hashes(tmp_path / "series") == undisturbed


@pytest.mark.skipif(shutil.which("blender") is None, reason="no blender program on this machine")
def test_workers_in_the_blender_program_make_the_bytes_of_its_script(tmp_path: Path) -> None:
    plan = write_plan(tmp_path, assets="builtin:mug", views=1)
    run = cat_render(plan, "--blender", "blender")
    assert run.returncode == 0, run.stderr
    flags = [str(word) for name, value in TINY.items() for word in (f"--{name}", value)]
    flags += ["--asset", "builtin:mug", "--hdri", "builtin:studio", "--views", "1", "--seed", "3", "--out", str(tmp_path / "script")]
    words = ["blender", "-b", "-P", "render/blender/rotate.py", "--", *flags]
    assert subprocess.run(words, cwd=ROOT, capture_output=True, timeout=120, check=False).returncode == 0
    assert hashes(tmp_path / "series") == hashes(tmp_path / "script")


def test_two_commands_on_one_folder_share_the_work(undisturbed: dict[str, str], tmp_path: Path) -> None:
    plan = write_plan(tmp_path)
    first, second = start(plan), start(plan)
    for process in (first, second):
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    assert hashes(tmp_path / "series") == undisturbed


def test_tasks_make_their_parts_and_together_the_whole(undisturbed: dict[str, str], tmp_path: Path) -> None:
    plan = write_plan(tmp_path)
    made = set()
    for index in range(2):
        run = cat_render(plan, "--task-index", index, "--task-count", 2)
        assert run.returncode == 0, run.stderr
        there = {path.parent.name for path in (tmp_path / "series").glob("*/series.json")}
        assert f"{len(there - made)} series rendered, of {len(there - made)}" in run.stdout
        made = there
    assert hashes(tmp_path / "series") == undisturbed


def test_other_settings_are_refused_and_nothing_is_touched(undisturbed: dict[str, str], tmp_path: Path) -> None:
    flags = [word for name, value in TINY.items() for word in (f"--{name}", value)]
    given = ("--asset", "builtin:mug", "--hdri", "builtin:studio", "--views", 2, "--seed", 3)
    assert sweep("rotate", *flags, *given, "--out", tmp_path / "series").returncode == 0
    before = hashes(tmp_path / "series")
    run = cat_render(write_plan(tmp_path, assets="builtin:mug", render={**TINY, "samples": 2}))
    assert run.returncode == 2
    assert "was made with samples = 1, not 2" in run.stderr
    assert "2 series refused" in error_lines(run)[-1]
    assert hashes(tmp_path / "series").items() >= before.items()


def test_bad_assets_in_the_middle_are_refused_once_and_the_rest_is_rendered(
    assets: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    """One that the planner sees through, one that only Blender does, one that is not there."""
    (tmp_path / "cut.glb").write_bytes((assets / "toy.glb").read_bytes()[:-100])
    bad = [str(tmp_path / "cut.glb"), str(assets / "empty.fbx"), str(tmp_path / "absent.obj")]
    plan = write_plan(tmp_path, assets=["builtin:car", *bad, "builtin:mug"])
    run = cat_render(plan, "--workers", 2)
    assert run.returncode == 2, run.stderr
    refused = [line for line in run.stderr.splitlines() if line.startswith("refused: ")]
    assert len(refused) == 3, run.stderr
    assert any("cut.glb is cut off" in line for line in refused)
    assert any("absent.obj does not exist" in line for line in refused)
    assert any("and 1 more" in line and "empty.fbx holds no mesh" in line for line in refused)
    assert "trying it again" not in run.stderr
    assert error_lines(run)[-1].startswith("2 inputs refused, 2 series refused; named above and in ")
    listed = read_json(tmp_path / "series" / "failures.json")
    assert len(listed["inputs"]) == 2
    assert [(entry["refused"], entry["tries"], Path(entry["asset"]).name) for entry in listed["series"]] == [(True, 1, "empty.fbx")] * 2
    found = hashes(tmp_path / "series")
    assert {name: found[name] for name in undisturbed} == undisturbed
    assert not {Path(name).parts[0] for name in found} - {Path(name).parts[0] for name in undisturbed} - {"failures.json", ".cat-render"}


def test_an_asset_that_becomes_unreadable_while_the_plan_runs(assets: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        shutil.copy(assets / "toy.glb", tmp_path / f"{name}.glb")
    plan = write_plan(tmp_path, assets=[str(tmp_path / "first.glb"), str(tmp_path / "second.glb")], render={**TINY, "states": 20})
    process = start(plan)
    while not list((tmp_path / "series").glob("*/frames/0000.png")):
        assert process.poll() is None
    (tmp_path / "second.glb").write_bytes(b"glTF")
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 2, errors
    assert "second.glb is not a GLB file" in errors
    made = sorted(path.parent.name for path in (tmp_path / "series").glob("*/series.json"))
    assert len(made) == 2
    assert all("first" in name for name in made)


WITHOUT_BPY = """
import sys
sys.modules["bpy"] = sys.modules["mathutils"] = None
from render.farm.command import main
main()
"""


def test_status_needs_no_blender(tmp_path: Path) -> None:
    words = [sys.executable, "-c", WITHOUT_BPY, str(write_plan(tmp_path)), "--status"]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    assert "4 missing" in run.stdout


def test_what_was_given_up_stands_in_the_status(tmp_path: Path) -> None:
    plan = write_plan(tmp_path)
    series = tmp_path / "series"
    (series / "rotate_z-car-studio-v00").mkdir(parents=True)
    (series / "rotate_z-car-studio-v00" / "journal.jsonl").write_text("{}\n{}\n", encoding="utf-8")
    entry = {"series": "rotate_z-car-studio-v00", "reason": "it fell over", "refused": False, "tries": 3}
    (series / "failures.json").write_text(json.dumps({"inputs": [], "series": [entry]}), encoding="utf-8")
    lines = cat_render(plan, "--status").stdout.splitlines()
    assert lines[:2] == ["0 of 4 series complete, 1 begun, 3 missing", "1 of 16 frames (6.2%)"]
    assert lines[3] == "  rotate_z-car-studio-v00: it fell over"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--executor", "moon"), "moon is none of local, slurm, ray"),
        (("--workers", 0), "--workers 0 is outside 1 to 1024"),
        (("--task-index", 3, "--task-count", 3), "--task-index 3 must be 0 to 2"),
        (("--blender", "no-such-blender"), "--blender no-such-blender is no program"),
        (("--slurm", "partition=x"), "--slurm goes with --executor slurm"),
        (("--hang-timeout", 0), "--hang-timeout 0 is outside"),
    ],
)
def test_impossible_flags_are_one_line(flags: tuple[object, ...], words: str, tmp_path: Path) -> None:
    run = cat_render(write_plan(tmp_path), *flags)
    assert run.returncode == 2
    (line,) = error_lines(run)
    assert words in line
