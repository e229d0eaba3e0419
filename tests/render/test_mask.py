"""The mask of the extreme states: what it records, and that it refuses what would be cut off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cat_dataset.series import find_series, read_series
from tests.render.runs import TINY, inside_blender, rotate

REFUSED = """
import json
import sys
from dataclasses import replace
from pathlib import Path

import bpy

from cat_dataset.errors import CatError
from cat_dataset.interrupt import GentleInterrupt
from render.blender.picture import mask
from render.blender.stage import framing
from render.blender.sweeping import series
from render.blender.rotate import parser, sweep_of
from render.blender.sweeping.session import Session

out = Path(sys.argv[1])
session = Session(GentleInterrupt())

def render(name, *more):
    flags = parser().parse_args([*sys.argv[2:], "--out", str(out / name), *more])
    try:
        session.render(sweep_of(flags), flags)
    except CatError as error:
        print("SAID", json.dumps([name, type(error).__name__, str(error), sorted(p.name for p in out.glob(name + "/*/series.json"))]))

safe, check = framing.safe_distance, series.check_mask
framing.safe_distance = lambda poses: 0.6 * safe(poses)
render("near")
framing.safe_distance = safe

def with_the_outer_half_unknown(name, scene, *rest):
    kept = scene.subject.outline
    known = [corner * 0.5 for corner in kept]
    scene.poses = [replace(pose, outline=known) for pose in scene.poses]
    scene.distance = safe(scene.poses)
    return check(name, scene, *rest)

series.check_mask = with_the_outer_half_unknown
render("unknown")

def invisible(name, scene, *rest):
    for material in scene.subject.materials:
        tree = material.node_tree
        output = next(node for node in tree.nodes if node.type == "OUTPUT_MATERIAL")
        tree.links.new(tree.nodes.new("ShaderNodeBsdfTransparent").outputs[0], output.inputs["Surface"])
    return check(name, scene, *rest)

series.check_mask = invisible
render("invisible")
"""


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What is said of a camera too near, of an object whose outline is wrong, and of one that cannot be seen."""
    lines = inside_blender(REFUSED, tmp_path_factory.mktemp("refused"), *TINY).splitlines()
    said = [json.loads(line.removeprefix("SAID ")) for line in lines if line.startswith("SAID ")]
    return {name: rest for name, *rest in said}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("near", "touches the border"), ("unknown", "touches the border"), ("invisible", "nothing of the object is seen")],
)
def test_refuses(refusals: dict[str, list[str]], name: str, wanted: str) -> None:
    kind, message, finished = refusals[name]
    assert kind == ("InputError" if name == "invisible" else "RunFailed")
    assert wanted in message
    assert "rotation_z = " in message
    assert "\n" not in message
    assert finished == []


def test_records_what_it_saw(tmp_path: Path) -> None:
    run = rotate(*TINY, "--states", 9, "--out", tmp_path)
    assert run.returncode == 0, run.stderr
    (folder,) = find_series(tmp_path)
    series = read_series(folder)
    seen = series.constants["mask_check"]
    margins = [frame.measured["free_margin"] for frame in series.frames]
    assert {0, 8, margins.index(min(margins))} <= set(seen["states"])
    assert seen["size"] == 128
    least = min(margins[index] for index in seen["states"])
    assert seen["free_border_px"] == pytest.approx(least * 64, abs=1.5), "the renderer sees the margin that was reckoned"
    assert not list(folder.rglob("*partial*"))
