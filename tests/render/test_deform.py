"""The deformation sweep: specs of keys, vertices against sliders, pixels, framing, resuming, and keys from GLB and FBX."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cat_dataset.errors import UsageError
from cat_dataset.series import find_series, read_series, verify_frames
from render.blender import deform, rotate
from render.blender.dials.key_specs import Binding, read_binding
from tests.render.runs import error_lines, hashes, inside_blender, sweep

FLAGS = ["--size", 64, "--samples", 1, "--views", 1, "--hdri", "builtin:studio", "--threads", 1]


@pytest.mark.parametrize(
    ("spec", "name", "positive", "negative"),
    [
        ("up", "deformation", ["up"], []),
        ("up/down", "deformation", ["up"], ["down"]),
        ("mouthSmileLeft+mouthSmileRight", "expression_smile", ["mouthSmileLeft", "mouthSmileRight"], []),
        ("smile/frown", "expression_smile", ["smile"], ["frown"]),
        ("mouthFrown", "deformation", ["mouthFrown"], []),
        ("/eyeBlinkLeft+eyeBlinkRight", "expression_eyes", [], ["eyeBlinkLeft", "eyeBlinkRight"]),
        ("eyeWide_L/eyeBlink_L", "expression_eyes", ["eyeWide_L"], ["eyeBlink_L"]),
        ("browInnerUp+browOuterUpLeft/browDownLeft", "expression_brows", ["browInnerUp", "browOuterUpLeft"], ["browDownLeft"]),
        ("jawOpen", "expression_mouth", ["jawOpen"], []),
        ("jawOpen+mouthSmile", "deformation", ["jawOpen", "mouthSmile"], []),
        ("deformation=smile", "deformation", ["smile"], []),
        ("expression_mouth=a=b", "expression_mouth", ["a=b"], []),
        ("Key=1", "deformation", ["Key=1"], []),
        (r"a\+b/c\/d", "deformation", ["a+b"], ["c/d"]),
        ("Key 1", "deformation", ["Key 1"], []),
    ],
)
def test_a_spec_names_an_attribute_and_its_keys(spec: str, name: str, positive: list[str], negative: list[str]) -> None:
    assert read_binding(spec) == (name, Binding(tuple(positive), tuple(negative)))


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        (["--key", ""], "lacks the name of a shape key"),
        (["--key", "smile+"], "lacks the name of a shape key"),
        (["--key", "/"], "lacks the name of a shape key"),
        (["--key", "a/b/c"], "several slashes"),
        (["--key", "a", "b"], "deformation has its keys already"),
        (["--key", "a/a"], "the shape key a twice"),
        (["--key", "a", "smile", "--range", "0", "1", "--range", "0", "2", "--range", "0", "3"], "given 3 times for 2 attributes"),
        (["--range", "0", "11"], "must have two ends inside -10 to 10"),
        (["--hold", "expression_smile", "3"], "everything that --key names is held"),
    ],
)
def test_specs_that_say_nothing_are_refused(flags: list[str], wanted: str) -> None:
    with pytest.raises(UsageError, match=wanted):
        deform.sweep_of(deform.parser().parse_args(flags))


def test_the_states_that_flags_ask_for() -> None:
    plain = deform.sweep_of(deform.parser().parse_args(["--states", "3"]))
    assert [state["expression_smile"] for state in plain.states] == [-10, 0, 10]
    flags = ["--key", "a", "eyesWide/eyesClosed", "--hold", "expression_eyes", "-4", "--states", "2"]
    held = deform.sweep_of(deform.parser().parse_args(flags))
    assert held.varies == ("deformation",)
    assert [state["deformation"] for state in held.states] == [0, 10]
    assert held.held == {"expression_eyes": -4}


@pytest.mark.parametrize("value", [-10.0, -2.5, 0.0, 4.0, 10.0])
@pytest.mark.parametrize("binding", [Binding(("a", "b")), Binding(("a",), ("b", "c")), Binding((), ("b",))])
def test_sliders_and_points_are_inverse(binding: Binding, value: float) -> None:
    assert binding.value(binding.sliders(value)) == pytest.approx(value)


def test_each_side_has_its_own_keys() -> None:
    assert Binding(("a",), ("b",)).sliders(-5.0) == {"a": 0.0, "b": 0.5}
    assert Binding(("a",)).sliders(-5.0) == {"a": -0.5}
    assert Binding((), ("b",)).sliders(5.0) == {"b": -0.5}


MAKE = """
import sys
from pathlib import Path

import bpy

out = Path(sys.argv[1])


def bar(*keys):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.mesh.primitive_cube_add()
    thing = bpy.context.object
    thing.scale = (1, 0.3, 0.3)
    bpy.ops.object.transform_apply(scale=True)
    thing.shape_key_add(name="Basis")
    for key in keys:
        block = thing.shape_key_add(name=key, from_mix=False)
        block.value = 0
        for index in (4, 5, 6, 7):  # the end at +x
            block.data[index].co.x += {"mouthSmile": 4, "idle": 0}[key]


bar("mouthSmile", "idle")
bpy.ops.wm.save_as_mainfile(filepath=str(out / "bar.blend"))
bpy.ops.export_scene.gltf(filepath=str(out / "bar.glb"), export_format="GLB")
bpy.ops.export_scene.fbx(filepath=str(out / "bar.fbx"))
bar()
bpy.ops.export_scene.fbx(filepath=str(out / "stiff.fbx"))
"""


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    inside_blender(MAKE, folder)
    return folder


def test_every_format_with_keys_is_framed_in_every_state(assets: Path, tmp_path: Path) -> None:
    """The key makes the bar three times as long, seen from its side: a camera that framed the neutral shape would cut it off."""
    files = [assets / f"bar.{kind}" for kind in ("blend", "glb", "fbx")]
    view = ["--azimuths", -90, -50]  # one drawn for the bytes of the file, which differ each time, may lie near its end
    run = sweep("deform", *FLAGS, *view, "--states", 3, "--passes", "mask", "--key", "mouthSmile", "--asset", *files, "--out", tmp_path)
    assert run.returncode == 0, run.stderr
    folders = list(find_series(tmp_path))
    assert len(folders) == 3
    for folder in folders:
        series = read_series(folder)
        verify_frames(folder, series)
        assert series.varies == ("expression_smile",)
        assert [frame.values["expression_smile"] for frame in series.frames] == [0, 5, 10]
        assert [frame.measured["expression_smile"] for frame in series.frames] == pytest.approx([0, 5, 10], abs=1e-4)
        masks = [cv2.imread(str(folder / frame.passes["mask"]["file"]), cv2.IMREAD_UNCHANGED) for frame in series.frames]
        areas = [np.count_nonzero(mask > mask.max() / 2) for mask in masks]
        assert all(more > 1.2 * less for less, more in pairwise(areas)), areas
        for mask in masks:
            assert not np.concatenate([mask[[0, -1]].ravel(), mask[:, [0, -1]].ravel()]).any()
        rows, columns = np.nonzero(masks[-1])
        assert max(np.ptp(rows), np.ptp(columns)) > 0.4 * 64


def test_an_asset_without_the_key_is_named_with_those_it_has(assets: Path, tmp_path: Path) -> None:
    files = [assets / name for name in ("bar.blend", "stiff.fbx")]
    run = sweep("deform", *FLAGS, "--states", 2, "--key", "mouthsmile", "--asset", *files, "--out", tmp_path)
    assert run.returncode == 2
    lines = error_lines(run)
    assert any(line.endswith("bar.blend has no shape key mouthsmile; it has idle, mouthSmile; name them with --key") for line in lines), (
        lines
    )
    assert any("stiff.fbx has no shape key mouthsmile; it has none" in line for line in lines), lines
    run = sweep("deform", *FLAGS, "--states", 2, "--key", "idle", "--asset", files[0], "--out", tmp_path)
    (line,) = error_lines(run)
    assert "the shape key idle moves nothing" in line
    assert not list(tmp_path.iterdir())


FACE = """
import json
import sys

sys.path.insert(0, ".")
import bpy
from bpy_extras.object_utils import world_to_camera_view

from cat_dataset.interrupt import GentleInterrupt
from render.blender import deform, rotate
from render.blender.builtin.objects import OBJECTS
from render.blender.sweeping.session import Session

out, *flags = sys.argv[1:]
KEYS = ("browsUp", "browsDown")
shown = []


def watch(folder, index, frames):
    # the state that was just rendered still stands: vertices against base + slider * delta, and where moved ones are seen
    if "browsUp" not in flags_of["key"]:
        return
    graph, scene = bpy.context.evaluated_depsgraph_get(), bpy.context.scene
    worst, farthest, seen = 0.0, 0.0, []
    for thing in (thing for thing in bpy.data.objects if thing.type == "MESH" and thing.data.shape_keys):
        blocks, vertices = thing.data.shape_keys.key_blocks, thing.evaluated_get(graph).data.vertices
        value = flags_of["values"][index] / 10
        sliders = {"browsUp": max(value, 0.0), "browsDown": max(-value, 0.0)}
        for vertex, base in zip(vertices, blocks[0].data):
            number = vertex.index
            deltas = [(blocks[key].data[number].co - base.co) * sliders[key] for key in KEYS if key in blocks]
            wanted = sum(deltas[1:], deltas[0]) + base.co
            worst = max(worst, (vertex.co - wanted).length)
            farthest = max(farthest, (vertex.co - base.co).length)
            if any(delta.length > 1e-9 for delta in deltas):
                for place in (vertex.co, base.co):
                    view = world_to_camera_view(scene, scene.camera, thing.matrix_world @ place)
                    seen.append((view.x, 1 - view.y))
    box = [limit(point[axis] for point in seen) for limit in (min, max) for axis in (0, 1)] if seen else None
    shown.append({"frame": index, "error": worst, "moved": farthest, "box": box})


face = OBJECTS["face"]


def face_at_rest():
    face()
    values = {block.value for keys in bpy.data.shape_keys for block in keys.key_blocks if block != keys.reference_key}
    assert values == {0.0}, values


OBJECTS["face"] = face_at_rest
session = Session(GentleInterrupt(), on_frame=watch)
for module, extra in (
    (deform, ["--key", "mouthOpen"]),
    (deform, ["--key", "browsUp/browsDown", "--states", "5", "--size", "96", "--samples", "16"]),
    (deform, ["--key", "smile/frown", "--also", "rotation_z", "-20", "20"]),
    (rotate, []),
):
    parsed = module.parser().parse_args([*flags, "--asset", "builtin:face", "--out", out, *extra])
    sweep = module.sweep_of(parsed)
    flags_of = {"key": extra[1] if extra else "", "values": sweep.values("expression_brows")}
    session.render(sweep, parsed)
print("RESULT", json.dumps(shown))
"""


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """Four series of one session, and what was seen of the vertices during the second."""
    out = tmp_path_factory.mktemp("faces")
    lines = inside_blender(FACE, out, *FLAGS, "--states", 3).splitlines()
    (line,) = [line for line in lines if line.startswith("RESULT")]
    return out, json.loads(line.removeprefix("RESULT"))


def test_vertices_stand_where_the_sliders_say(faces: tuple[Path, list[dict[str, Any]]]) -> None:
    _, shown = faces
    assert [one["frame"] for one in shown] == [0, 1, 2, 3, 4]
    assert max(one["error"] for one in shown) < 1e-6
    moved = [one["moved"] for one in shown]
    assert moved == pytest.approx([2 * moved[1], moved[1], 0, moved[3], 2 * moved[3]], abs=1e-6)
    assert min(moved[0], moved[4]) > 0.05


def test_pixels_change_with_the_label_and_only_where_the_keys_move_vertices(faces: tuple[Path, list[dict[str, Any]]]) -> None:
    out, shown = faces
    (folder,) = [folder for folder in find_series(out) if folder.name.startswith("deform_brows")]
    frames = read_series(folder).frames
    assert [frame.measured["expression_brows"] for frame in frames] == pytest.approx([-10, -5, 0, 5, 10], abs=1e-4)
    pictures = [cv2.imread(str(folder / frame.file)).astype(float) for frame in frames]
    neutral = pictures[2]
    change = [np.abs(picture - neutral).mean() for picture in pictures]
    assert change[0] > change[1] > 0 < change[3] < change[4]
    boxes = np.array([one["box"] for one in shown if one["box"]])
    assert len(boxes) == 4
    left, top = boxes[:, :2].min(axis=0) * 96 - 4
    right, bottom = boxes[:, 2:].max(axis=0) * 96 + 4
    assert (right - left) * (bottom - top) < 0.35 * 96**2
    for picture in (pictures[0], pictures[4]):
        rows, columns = np.nonzero(np.abs(picture - neutral).max(axis=2) > 40)
        assert len(rows) > 20
        assert left < columns.min() <= columns.max() < right
        assert top < rows.min() <= rows.max() < bottom


OTHER_ORDER = """
import sys

sys.path.insert(0, ".")
import bpy

from cat_dataset.interrupt import GentleInterrupt
from render.blender import deform, rotate
from render.blender.sweeping.session import Session

session = Session(GentleInterrupt())
for module, extra in ((rotate, []), (deform, ["--key", "smile/frown", "--also", "rotation_z", "-20", "20"])):
    parsed = module.parser().parse_args([*sys.argv[1:], *extra])
    session.render(module.sweep_of(parsed), parsed)
"""


def test_a_series_has_the_same_bytes_whatever_its_session_did_before(faces: tuple[Path, list[dict[str, Any]]], tmp_path: Path) -> None:
    """First in a fresh process and after three sweeps of keys; after those of other keys and after a rotation."""
    out, _ = faces
    inside_blender(OTHER_ORDER, *FLAGS, "--states", 3, "--asset", "builtin:face", "--out", tmp_path)
    other, used = hashes(tmp_path), hashes(out)
    assert len(other) == 8
    assert {name: used[name] for name in other} == other


STOPPED = """
import sys

sys.path.insert(0, ".")
import bpy

from cat_dataset.interrupt import GentleInterrupt
from render.blender import deform
from render.blender.sweeping.session import Session


def stop(folder, index, frames):
    if index == 1:
        raise KeyboardInterrupt


parsed = deform.parser().parse_args(sys.argv[1:])
try:
    Session(GentleInterrupt(), on_frame=stop).render(deform.sweep_of(parsed), parsed)
except KeyboardInterrupt:
    print("stopped")
"""


def test_resuming_gives_the_same_bytes_and_the_face_is_the_default(faces: tuple[Path, list[dict[str, Any]]], tmp_path: Path) -> None:
    out, _ = faces
    flags = [*FLAGS, "--states", 3, "--key", "mouthOpen", "--out", tmp_path]
    assert "stopped" in inside_blender(STOPPED, *flags)
    assert len(list(tmp_path.glob("*/frames/*.png"))) == 2
    run = sweep("deform", *flags)
    assert run.returncode == 0, run.stderr
    assert "no --asset given: builtin:face" in run.stdout
    resumed, whole = hashes(tmp_path), hashes(out)
    assert len(resumed) == 4
    assert {name: whole[name] for name in resumed} == resumed


def test_an_expression_without_keys_is_refused(tmp_path: Path) -> None:
    parsed = rotate.parser().parse_args(["--also", "expression_smile", "0", "10"])
    assert rotate.sweep_of(parsed).varies == ("rotation_z", "expression_smile")
    run = sweep("rotate", *FLAGS, "--states", 2, "--asset", "builtin:face", "--also", "expression_smile", 0, 10, "--out", tmp_path)
    assert run.returncode == 2
    assert error_lines(run) == ["nothing says which shape keys make expression_smile; use deform.py with --key expression_smile=KEY"]


OUTLINES = """
import sys

sys.path.insert(0, ".")
import bpy
from mathutils import Matrix

from render.blender.assets.loading import load
from render.blender.dials.deform import DeformDial
from render.blender.stage.pose import Pose
from render.blender.stage.scene import Scene
from render.blender.sources import Source
from render.blender.sweeping.spec import Sweep
from render.blender.stage.viewpoint import Viewpoint
from pathlib import Path

scene = Scene.around(load(Source("bar", Path(sys.argv[1]), "0" * 64), shape_keys=("mouthSmile",)), 64)
states = ({"deformation": 0.0}, {"deformation": 10.0})
options = {"deform": {"deformation": {"positive": ["mouthSmile"], "negative": []}}}
rest = Pose(Matrix(), Viewpoint(0, 0.0, 0.0), scene.subject.outline)
for turn in range(2):  # the second series of an asset takes its outlines from the first
    dial = DeformDial(Sweep("test", ("deformation",), states, {}, options))
    dial.meet(scene)
    lengths = []
    for state in states:
        outline = dial.pose(rest, state).outline
        lengths.append(max(corner.x for corner in outline) - min(corner.x for corner in outline))
    print("RESULT", lengths[1] / lengths[0], len(scene.outlines), dial.read_back(scene, {"deformation": 0.0})["deformation"])
"""


def test_the_outline_is_that_of_each_state_and_the_keys_rest_afterwards(assets: Path) -> None:
    lines = [line for line in inside_blender(OUTLINES, assets / "bar.blend").splitlines() if line.startswith("RESULT")]
    assert [[float(number) for number in line.split()[1:]] for line in lines] == [pytest.approx([3, 2, 0], abs=1e-5)] * 2
