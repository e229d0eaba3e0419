"""What the labels claim against what the pictures show: direction, pose, camera matrix, framing."""

from __future__ import annotations

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cat_dataset.series import find_series, read_series
from tests.render.runs import inside_blender, rotate

Vector = NDArray[np.float64]

MARKED_BAR = """\
mtllib bar.mtl
o bar
v -1 -0.15 -0.15\nv 0.7 -0.15 -0.15\nv 0.7 0.15 -0.15\nv -1 0.15 -0.15\nv -1 -0.15 0.15\nv 0.7 -0.15 0.15\nv 0.7 0.15 0.15\nv -1 0.15 0.15
usemtl grey
f 1 2 6 5\nf 2 3 7 6\nf 3 4 8 7\nf 4 1 5 8\nf 1 4 3 2\nf 5 6 7 8
o mark
v 0.7 -0.2 -0.2\nv 1 -0.2 -0.2\nv 1 0.2 -0.2\nv 0.7 0.2 -0.2\nv 0.7 -0.2 0.2\nv 1 -0.2 0.2\nv 1 0.2 0.2\nv 0.7 0.2 0.2
usemtl red
f 9 10 14 13\nf 10 11 15 14\nf 11 12 16 15\nf 12 9 13 16\nf 9 12 11 10\nf 13 14 15 16
"""
MARKED_BAR_MTL = "newmtl grey\nKd 0.5 0.5 0.5\nnewmtl red\nKd 0.9 0.0 0.0\n"

FRAMES_OF_ALL_VERTICES = """
import sys

sys.path.insert(0, ".")
import bpy
import numpy as np

from render.blender.picture import engine
from render.blender.stage import framing
from render.blender.assets.loading import load
from render.blender.dials.rotation import turned
from render.blender.stage.pose import Pose
from render.blender.sources import made_in_code
from render.blender.stage.viewpoint import viewpoint

for name in ("car", "mug", "house", "lamp"):
    subject = load(made_in_code(name, 1))
    engine.set_up(size=64, samples=1, seed=0, device="cpu", denoise=False, threads=1)
    camera = framing.add_camera()
    for index, axis in enumerate("xyz"):
        view = viewpoint(7, "car", index)
        placements = [turned(view, {f"rotation_{axis}": value}) for value in (-90.0, -30.0, 30.0, 90.0)]
        distance = framing.safe_distance([Pose(placement, view, subject.outline) for placement in placements])
        camera.matrix_world = framing.camera_matrix(view, distance)
        widest = 0.0
        for placement in placements:
            subject.pivot.matrix_world = placement
            bpy.context.view_layer.update()
            graph = bpy.context.evaluated_depsgraph_get()
            lens = camera.calc_matrix_camera(graph, x=64, y=64)  # Blender's own projection
            for instance in graph.object_instances:
                if instance.object.type == "MESH":
                    places = np.ones((len(instance.object.data.vertices), 4))
                    flat = np.empty(3 * len(places), np.float32)
                    instance.object.data.vertices.foreach_get("co", flat)
                    places[:, :3] = flat.reshape(-1, 3)
                    x, y, _, w = (places @ np.array(lens @ camera.matrix_world.inverted() @ instance.matrix_world).T).T
                    assert (w > 0).all()
                    widest = max(widest, np.abs(x / w).max(), np.abs(y / w).max())
        print(name, axis, widest)
"""


def test_every_vertex_is_in_the_frame_in_every_state_and_the_frame_is_filled() -> None:
    lines = inside_blender(FRAMES_OF_ALL_VERTICES).splitlines()
    widest = [float(line.split()[2]) for line in lines if line.split()[0] in ("car", "mug", "house", "lamp")]
    assert len(widest) == 12
    assert widest == pytest.approx([0.94] * 12, abs=2e-4)  # 6 % margin, and not a step farther away than that asks for


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_a_mark_on_the_object_is_seen_where_labels_and_camera_say(axis: str, tmp_path: Path) -> None:
    (tmp_path / "bar.obj").write_text(MARKED_BAR, encoding="utf-8")
    (tmp_path / "bar.mtl").write_text(MARKED_BAR_MTL, encoding="utf-8")
    flags = ["--size", 96, "--samples", 4, "--states", 4, "--range", -60, 60, "--views", 2, "--seed", 2, "--hdri", "builtin:procedural"]
    run = rotate(*flags, "--asset", tmp_path / "bar.obj", "--axis", axis, "--out", tmp_path / "series")
    assert run.returncode == 0, run.stderr
    compared = 0
    for folder in find_series(tmp_path / "series"):
        constants = json.loads((folder / "series.json").read_text(encoding="utf-8"))["constants"]
        turn_axis = level_axis(axis, constants["azimuth_degrees"])
        assert constants["axes_world"][axis] == pytest.approx(turn_axis, abs=1e-6)
        for frame in read_series(folder).frames:
            expected, area = silhouette(right_handed(turn_axis, frame.values[f"rotation_{axis}"]), constants)
            found, seen = red_region(folder / frame.file)
            assert seen < 1.1 * area, (folder.name, frame.values)
            if seen > 0.9 * area:  # else the bar hides a part of the mark
                compared += 1
                assert np.linalg.norm(found - expected) < 1.5, (folder.name, frame.values, found, expected)
    assert compared >= 4


READ_BACK = """
import json
from render.blender.dials.rotation import rotation_vector, turned
from render.blender.stage.viewpoint import Viewpoint
import itertools
view = Viewpoint(0, 31.0, 200.0)
worst = 0.0
for turn in itertools.product((-360.0, -359.64, -180.0, -1.0, 0.0, 0.001, 90.0, 359.64, 360.0), repeat=3):
    asked = dict(zip(("rotation_x", "rotation_y", "rotation_z"), turn))
    found = rotation_vector(turned(view, asked), view, asked)
    worst = max(worst, *(abs(one - other) for one, other in zip(found, turn)))
asked = {"rotation_x": 20.0, "rotation_z": 359.0}
off = rotation_vector(turned(view, {"rotation_x": 20.0, "rotation_z": 359.5}), view, asked)
opposite = rotation_vector(turned(view, {"rotation_z": -100.0}), view, {"rotation_z": 80.0})
print("READ", json.dumps([worst, off, opposite]))
"""


def test_rotations_read_back_as_they_stand_also_near_whole_turns() -> None:
    (line,) = (line for line in inside_blender("import bpy" + READ_BACK).splitlines() if line.startswith("READ "))
    worst, off, opposite = json.loads(line.removeprefix("READ "))
    assert worst < 1e-3
    assert off[2] == pytest.approx(359.5, abs=0.02), "what the matrix has, not what was asked"
    assert abs(abs(opposite[2] - 80.0) - 180.0) < 1e-3


def level_axis(name: str, azimuth: float) -> Vector:
    """The level view frame, from its definition: y from the camera to the object, z up, x = y × z."""
    away = -np.array([math.cos(math.radians(azimuth)), math.sin(math.radians(azimuth)), 0.0])
    up = np.array([0.0, 0.0, 1.0])
    return {"x": np.cross(away, up), "y": away, "z": up}[name]


def right_handed(axis: Vector, degrees: float) -> Vector:
    """Rodrigues' formula."""
    x, y, z = axis
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = math.radians(degrees)
    return np.eye(3) + math.sin(angle) * skew + (1 - math.cos(angle)) * skew @ skew


def project(point: Vector, constants: dict[str, list[list[float]]]) -> Vector:
    """Pixel of a point in the pivot's frame, through the recorded pose and K (camera looks along −z, y up)."""
    pose = np.array(constants["camera_to_object"])
    x, y, z = np.linalg.inv(pose)[:3] @ np.append(point, 1.0)
    u, v, w = np.array(constants["K"]) @ np.array([x / -z, -y / -z, 1.0])
    return np.array([u / w, v / w])


def silhouette(turn: Vector, constants: dict[str, list[list[float]]]) -> tuple[Vector, float]:
    """Centre and size in pixels of what the turned mark covers."""
    corners = [np.array([x, y, z]) for x in (0.7, 1.0) for y in (-0.2, 0.2) for z in (-0.2, 0.2)]
    unit = 0.5 / math.sqrt(1 + 0.2**2 * 2)  # the farthest corner lies at 0.5 m
    outline = cv2.convexHull(np.array([project(turn @ corner * unit, constants) for corner in corners], np.float32))
    area = cv2.moments(outline)
    return np.array([area["m10"], area["m01"]]) / area["m00"], area["m00"]


def red_region(path: Path) -> tuple[Vector, int]:
    """Centre and number of the red pixels."""
    picture = cv2.imread(str(path)).astype(float)
    blue, green, red = picture[..., 0], picture[..., 1], picture[..., 2]
    rows, columns = np.nonzero((red > 1.5 * green) & (red > 1.5 * blue))
    centre = np.array([columns.mean() + 0.5, rows.mean() + 0.5]) if len(rows) else np.zeros(2)
    return centre, len(rows)
