"""The four commands of the README, in order, at tiny sizes, with the real renderer and real camera files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROTATE = ["--size", "64", "--states", "3", "--samples", "1", "--views", "1", "--threads", "1"]


def script(name: str) -> str:
    """A console script of the environment the tests run in."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    assert found, f"{name} is not installed beside {sys.executable}"
    return found


def run(folder: Path, *words: str) -> str:
    """Run a command in ``folder`` with the tests' home; its standard output."""
    environment = {**os.environ, "HOME": str(folder), "USERPROFILE": str(folder), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("renderer", ["bpy", "blender"])
def test_the_four_commands_chain(renderer: str, tmp_path: Path) -> None:
    if renderer == "blender" and not shutil.which("blender"):
        pytest.skip("no blender binary on this machine; the bpy wheel is tested beside it")
    dslr = str(tmp_path / "dslr" / "iso_scene_042")
    run(tmp_path, sys.executable, "-m", "capture.simulate", "--out", dslr, "--size", "96", "64", "--frames", "4")

    if renderer == "blender":
        run(tmp_path, "blender", "-b", "-P", str(ROOT / "render" / "blender" / "rotate.py"), "--", *ROTATE)
    else:
        run(tmp_path, sys.executable, "-m", "render.blender.rotate", *ROTATE)
    run(tmp_path, script("cat-ingest"), dslr)
    run(tmp_path, script("cat-build-shards"))
    run(tmp_path, sys.executable, "-m", "train.run", "--shards", "manifests/", "--max-steps", "2", "--batch", "2", "--size", "16")

    assert "ok:" in run(tmp_path, script("cat-verify"), "manifests/")
    picture = tmp_path / "series" / "iso_scene_042" / "frames" / "0000.png"
    run(tmp_path, script("cat-edit"), str(picture), "Increase the ISO by 2 stops", "--adapter", "runs/nano-001", "--out", "edit.png")
    assert (tmp_path / "edit.png").stat().st_size > 1000


def test_the_demo_makes_its_report(tmp_path: Path) -> None:
    run(tmp_path, script("cat-demo"), "--tiny")
    page = (tmp_path / "demo" / "report.html").read_text(encoding="utf-8")
    assert page.count("<img ") >= 8
    for words in ("held-out", "Spearman", "cat-build-shards", "Rotation"):
        assert words in page
    assert str(tmp_path) not in page
