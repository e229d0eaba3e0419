"""Tracing the object's box alone: the same files as tracing whole pictures."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.render.analytic import write_ball, write_block
from tests.render.runs import LEAVE, ROOT, hashes, tiny_under

BOTH = """
import sys

sys.path.insert(0, ".")
import bpy

from cat_dataset.interrupt import GentleInterrupt
from render.blender.picture import border
from render.blender.sweeping import series
from render.blender.rotate import parser, sweep_of
from render.blender.sweeping.session import Session

arguments = sys.argv[sys.argv.index("--") + 1 :]
boxes, whole = [], []

class Counting(border.BoxedStill):
    def _render_box(self, box):
        boxes.append(box)
        return super()._render_box(box)

series.BoxedStill = Counting
session = Session(GentleInterrupt())
for name, applies in (("boxed", series.boxed), ("whole", lambda job: False)):
    series.boxed = applies
    flags = parser().parse_args([*arguments[1:], "--out", arguments[0] + "/" + name])
    session.render(sweep_of(flags), flags, print)
    print("BOXES", len(boxes))
"""
FLAGS = [*tiny_under("builtin:procedural"), "--samples", 2, "--states", 3, "--also", "translation_x", -20, 20]


@pytest.mark.parametrize("program", ["bpy", "blender"])
def test_gives_the_same_files(tmp_path: Path, program: str) -> None:
    """A ball in the sky's own light, a block that tips, the car's thin aerial; two views of each."""
    code = tmp_path / "both.py"
    code.write_text(BOTH + LEAVE, encoding="utf-8")
    start = [sys.executable, code] if program == "bpy" else ["blender", "-b", "-P", code]
    if program == "blender" and shutil.which(program) is None:
        pytest.skip("no blender program on this machine")
    shapes = [write_block(tmp_path), write_ball(tmp_path, rings=24), "builtin:car"]
    flags = [*FLAGS, "--views", 2, "--no-denoise", "--asset", *shapes]
    words = [*map(str, start), "--", str(tmp_path), *map(str, flags)]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    counts = [int(line.split()[1]) for line in run.stdout.splitlines() if line.startswith("BOXES")]
    assert counts[0] >= 16, run.stdout[-2000:]
    assert counts[1] == counts[0], "whole pictures take no box"
    files = hashes(tmp_path / "boxed")
    assert len(files) == 6 * 4
    assert files == hashes(tmp_path / "whole")


ASKED = """
import json
import sys

import bpy

from render.blender.picture import border
from render.blender.picture.look import look_of
from render.blender.sweeping.plan import Job
from render.blender.rotate import parser, sweep_of
from render.blender.stage.viewpoint import viewpoint

for line in sys.argv[1:]:
    flags = parser().parse_args(line.split())
    look = {"size": flags.size, "samples": 1, "seed": 0, "device": "cpu", "denoise": not flags.no_denoise}
    job = Job(None, sweep_of(flags), None, None, viewpoint(0, "x", 0), 0.0, look, {"floor": flags.floor, "passes": []}, {})
    print("APPLIES", json.dumps(border.boxed(job)))
"""
"""Cases in which pixels outside the object's box change, and one in which they do not."""
CASES = {
    "--no-denoise": True,
    "": False,
    "--no-denoise --floor shadow": False,
    "--no-denoise --hold aperture 2": False,
    "--no-denoise --also orbit_azimuth 0 20": False,
    "--no-denoise --hold environment_strength 1": False,
    "--no-denoise --hold light_intensity 800": False,
    "--no-denoise --size 4096": False,
}


def test_is_chosen_only_where_nothing_else_changes() -> None:
    run = subprocess.run([sys.executable, "-c", ASKED + LEAVE, *CASES], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    said = [json.loads(line.removeprefix("APPLIES ")) for line in run.stdout.splitlines() if line.startswith("APPLIES")]
    assert dict(zip(CASES, said, strict=True)) == CASES
