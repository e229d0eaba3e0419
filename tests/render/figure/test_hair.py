"""Strands in Blender: hair curves that follow the mesh of their points under shapes and bones, with radius and colour.

Measured in one Blender; Debian's 3.4 runs the script by hand as `report.py` is.
"""

from __future__ import annotations

import json
from array import array
from pathlib import Path
from typing import Any

import pytest

from tests.render.runs import inside_blender

REPORT = """
import json, sys
from array import array
from dataclasses import replace

sys.path.insert(0, ".")
import bpy
from cat_dataset.errors import InputError
from render.blender.figure.hair import COLOUR, seen_of, strands_object
from render.blender.figure.person_file import STRANDS, Part

points = array("f", [0, 0, 0, 0, 0, 0.1, 0, 0, 0.2, 1, 0, 0, 1, 0, 0.3])
part = Part(
    "brows", STRANDS, points, array("i", [3, 2]),
    weights={"head": (array("i", [3, 4]), array("f", [1, 1]))},
    shapes={"up": (array("i", [0, 1, 2]), array("f", [0, 0, 0.5] * 3))},
    fields={"shade": array("f", [0.5, 0.5, 0.5, 0.5, 0.5]), "grey": array("f", [0, 0, 0, 1, 1])},
    look={"colour": [0.2, 0.1, 0.05], "radius": 0.002, "tip": 0.25, "roughness": 0.3},
)
moved = strands_object(part)
seen = seen_of(moved)
bones = bpy.data.objects.new("bones", bpy.data.armatures.new("bones"))
for thing in (moved, seen, bones):
    bpy.context.scene.collection.objects.link(thing)
bpy.context.view_layer.objects.active = bones
bpy.ops.object.mode_set(mode="EDIT")
bone = bones.data.edit_bones.new("head")
bone.head, bone.tail = (0, 0, 0), (0, 0, 1)
bpy.ops.object.mode_set(mode="OBJECT")
moved.modifiers.new("skinning", "ARMATURE").object = bones

def measured():
    curves = seen.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    kept = {name: curves.attributes[name] for name in ("position", "radius", COLOUR)}
    return {
        "sizes": [curve.points_length for curve in curves.curves],
        "places": [list(one.vector) for one in kept["position"].data],
        "radii": [one.value for one in kept["radius"].data],
        "colours": [list(one.vector) for one in kept[COLOUR].data],
        "materials": [slot.name for slot in curves.materials],
    }

found = {"rest": measured()}
moved.data.shape_keys.key_blocks["up"].value = 0.5
bpy.context.view_layer.update()
found["half up"] = measured()
bones.pose.bones["head"].location = (0.0, 2.0, 0.0)
bpy.context.view_layer.update()
found["bone"] = measured()
found["refused"] = {}
for name, look in {"no radius": {"tip": 1}, "thick": {**part.look, "radius": 1}, "colour": {**part.look, "colour": [1, 1]}}.items():
    try:
        strands_object(replace(part, look=look))
    except InputError as error:
        found["refused"][name] = str(error)
with open(sys.argv[-1], "w", encoding="utf-8") as stream:
    json.dump(found, stream)
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Blender said about two strands."""
    path: Path = tmp_path_factory.mktemp("hair") / "report.json"
    inside_blender(REPORT, path)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _places(report: dict[str, Any], state: str) -> list[float]:
    return [round(value, 5) for place in report[state]["places"] for value in place]


def test_every_strand_is_a_curve_from_its_root_to_its_tip(report: dict[str, Any]) -> None:
    assert report["rest"]["sizes"] == [3, 2]
    assert _places(report, "rest") == pytest.approx(array("f", [0, 0, 0, 0, 0, 0.1, 0, 0, 0.2, 1, 0, 0, 1, 0, 0.3]).tolist(), abs=1e-5)
    assert report["rest"]["materials"] == ["brows"]


def test_curves_follow_shapes_and_bones(report: dict[str, Any]) -> None:
    heights = _places(report, "half up")[2::3]
    assert heights == pytest.approx([0.25, 0.35, 0.45, 0.0, 0.3], abs=1e-5)
    heights = _places(report, "bone")[2::3]
    assert heights == pytest.approx([0.25, 0.35, 0.45, 2.0, 2.3], abs=1e-5)


def test_strands_thin_towards_their_tips(report: dict[str, Any]) -> None:
    assert report["rest"]["radii"] == pytest.approx([0.002, 0.002, 0.0005, 0.002, 0.0005], rel=1e-4)


def test_grey_strands_are_pale_and_others_of_their_colour(report: dict[str, Any]) -> None:
    red, green, blue = report["rest"]["colours"][0]
    assert red > green > blue and red < 0.2
    pale = report["rest"]["colours"][3]
    assert min(pale) > 0.4 and max(pale) - min(pale) < 0.05


def test_a_look_that_says_too_little_is_refused(report: dict[str, Any]) -> None:
    assert set(report["refused"]) == {"no radius", "thick", "colour"}
    assert all("brows does not say how its hair looks" in said for said in report["refused"].values())
