"""Shape keys that stay alive through freezing: of meshes, curves and lattices, through armatures, subdivision and parents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.render.runs import inside_blender

MAKE_AND_LOAD = """
import json
import sys
from pathlib import Path

sys.path.insert(0, ".")
import bpy

from cat_dataset.errors import InputError
from render.blender.assets.loading import load, shape_key_names
from render.blender.sources import Source

out = Path(sys.argv[1])


def start():
    bpy.ops.wm.read_factory_settings(use_empty=True)


def cube(location=(0, 0, 0), keys=("up",), data=None):
    if data is None:
        bpy.ops.mesh.primitive_cube_add(location=location)
        thing = bpy.context.object
    else:
        thing = bpy.data.objects.new("twin", data)
        thing.location = location
        bpy.context.scene.collection.objects.link(thing)
        return thing
    thing.shape_key_add(name="Basis")
    for key in keys:
        block = thing.shape_key_add(name=key, from_mix=False)
        block.value = 0
        for index in (1, 3, 5, 7):  # the top
            block.data[index].co[{"up": 2, "side": 0}[key]] += 1
    return thing


def box(points):
    return [[round(limit(p[axis] for p in points), 5) for axis in range(3)] for limit in (min, max)]


def report(name, keys, *states):
    path = out / (name + ".blend")
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    source = Source(name, path, "0" * 64)
    result = {"names": shape_key_names(source)}
    try:
        subject = load(source, shape_keys=keys)
    except InputError as error:
        print("RESULT", json.dumps([name, {**result, "error": str(error)}]))
        return
    result["states"] = [box(subject.outline)]
    result["radius"] = max(corner.length for corner in subject.outline)
    for state in states:
        subject.set_shape_keys(state)
        bpy.context.view_layer.update()
        result["states"].append(box(subject.points()))
        for key, value in state.items():
            assert abs(subject.measured_shape_key(key) - value) < 1e-6
    result["kinds"] = sorted({thing.type for thing in bpy.data.objects})
    result["keys"] = [sorted(p.data.shape_keys.key_blocks.keys()) if p.data.shape_keys else [] for p in subject.parts]
    print("RESULT", json.dumps([name, result]))


start()
thing = cube(keys=("up", "side"))
thing.data.shape_keys.key_blocks["side"].value = 0.5
thing.data.shape_keys.key_blocks["up"].value = 0.7
thing.data.shape_keys.key_blocks["up"].keyframe_insert("value", frame=1)
report("plain", ["up"], {"up": 1}, {"up": -1}, {"up": 10}, {"up": -10}, {"up": 0})

start()
thing = cube()
drive = thing.data.shape_keys.key_blocks["up"].driver_add("value").driver
drive.expression = "0.5"
thing.data.shape_keys.key_blocks["up"].mute = True
thing.show_only_shape_key = True
report("driven", ["up"], {"up": 1})

start()
thing = cube()
cube((6, 0, 0), data=thing.data)
cube((12, 0, 0), keys=("side",))
report("shared", ["up", "side"], {"up": 1}, {"up": 1, "side": -1})

start()
cube(keys=("up", "side"))
bpy.context.object.modifiers.new("smooth", "SUBSURF").render_levels = 2
bpy.ops.object.armature_add()
armature = bpy.context.object
thing = bpy.data.objects["Cube"]
thing.vertex_groups.new(name="Bone").add(range(8), 1.0, "REPLACE")
thing.modifiers.new("Armature", "ARMATURE").object = armature
armature.pose.bones["Bone"].scale = (3, 1, 1)
report("rigged", ["up"], {"up": 2})

start()
face = cube()
bpy.ops.mesh.primitive_cube_add(size=0.5, location=(0, 0, 1))
lash = bpy.context.object
lash.parent, lash.parent_type, lash.parent_vertices = face, "VERTEX_3", (1, 3, 7)
report("follower", ["up"], {"up": 1})

start()
bpy.ops.mesh.primitive_grid_add(x_subdivisions=4, y_subdivisions=4)
thing = bpy.context.object
thing.shape_key_add(name="Basis")
thing.shape_key_add(name="up").data[6].co.z += 1
thing.modifiers.new("fewer", "DECIMATE").decimate_type = "DISSOLVE"
report("topology", ["up"])

start()
cube(keys=("up", "side"))
report("unknown", ["smile"])

start()
bpy.ops.mesh.primitive_cube_add()
report("none", ["smile"])

start()
bpy.ops.curve.primitive_bezier_circle_add()
ring = bpy.context.object
ring.data.bevel_depth = 0.1
ring.shape_key_add(name="Basis")
wide = ring.shape_key_add(name="wide", from_mix=False)
for point in wide.data:
    point.co *= 2
    point.handle_left *= 2
    point.handle_right *= 2
report("curve", ["wide"], {"wide": 1})
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    lines = inside_blender(MAKE_AND_LOAD, tmp_path_factory.mktemp("keys")).splitlines()
    return dict(json.loads(line.removeprefix("RESULT")) for line in lines if line.startswith("RESULT"))


def heights(result: dict[str, Any]) -> list[float]:
    """Height in each state over the height with all keys at 0."""
    tall = [high[2] - low[2] for low, high in result["states"]]
    return [height / tall[0] for height in tall]


def widths(result: dict[str, Any]) -> list[float]:
    wide = [high[0] - low[0] for low, high in result["states"]]
    return [width / wide[0] for width in wide]


def test_a_key_moves_the_object_from_its_state_at_0_to_10_times_either_way(results: dict[str, Any]) -> None:
    plain = results["plain"]
    assert plain["names"] == ["side", "up"]
    assert plain["radius"] == pytest.approx(0.5, abs=1e-6)
    assert heights(plain) == pytest.approx([1, 1.5, 0.5, 6, 4, 1], abs=1e-3)
    assert widths(plain) == pytest.approx([1] * 6)  # the other key stays as it stood


def test_neither_a_driver_nor_muting_nor_pinning_keeps_a_key_from_moving(results: dict[str, Any]) -> None:
    assert heights(results["driven"]) == pytest.approx([1, 1.5], abs=1e-4)


def test_one_name_moves_every_mesh_that_has_it(results: dict[str, Any]) -> None:
    shared = results["shared"]
    assert heights(shared) == pytest.approx([1, 1.5, 1.5], abs=1e-4)
    assert [len(keys) for keys in shared["keys"]] == [2, 2, 2]
    assert shared["states"][2][1][0] == pytest.approx(shared["states"][1][1][0], abs=1e-5)


def test_poses_and_subdivision_stay(results: dict[str, Any]) -> None:
    rigged = results["rigged"]
    low, high = rigged["states"][0]
    assert (high[0] - low[0]) / (high[1] - low[1]) == pytest.approx(3, abs=1e-3)
    assert 1.5 < heights(rigged)[1] < 2.1
    assert rigged["kinds"] == ["EMPTY", "MESH"]


def test_what_hangs_on_a_moving_vertex_follows(results: dict[str, Any]) -> None:
    follower = results["follower"]
    assert len(follower["keys"][0]) == len(follower["keys"][1]) == 2
    below, above = follower["states"]
    unit = above[1][2] - below[1][2]
    assert unit == pytest.approx((below[1][0] - below[0][0]) / 2, abs=1e-4)


def test_curves_have_keys_too(results: dict[str, Any]) -> None:
    assert 1.8 < widths(results["curve"])[1] < 2
    assert len(results["curve"]["keys"]) == 1


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("topology", "the shape key up changes the vertices or faces of Grid"),
        ("unknown", "has no shape key smile; it has side, up"),
        ("none", "has no shape key smile; it has none"),
    ],
)
def test_what_cannot_be_is_said(results: dict[str, Any], name: str, wanted: str) -> None:
    assert wanted in results[name]["error"]


def test_every_case_was_run(results: dict[str, Any]) -> None:
    assert len(results) == 9
    assert Path(__file__).read_text(encoding="utf-8").count("\nreport(") == 9
