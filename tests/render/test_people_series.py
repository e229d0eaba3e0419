"""People rendered: framing, labels against measures, what a series says of its person, bytes, refusals. The person is a small one."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cat_dataset.people import EXPRESSIONS, POSES
from cat_dataset.series import Series, find_series, read_series, verify_frames
from cat_dataset.splits import Member, group
from tests.render.runs import error_lines, hashes, in_turn, inside_blender
from tests.render.small_person import write_small_person

FLAGS = ["--size", "48", "--samples", "1", "--states", "3", "--threads", "1", "--hdri", "builtin:grey", "builtin:studio"]
TOGETHER = [
    ["--vary", *EXPRESSIONS, "--passes", "mask"],
    ["--vary", *POSES],
    ["--vary", "smile", "--also", "light_intensity", "200", "800", "--hold", "pose_head_yaw", "5", "--floor", "shadow"],
]

RENDER = """
import json
import sys

sys.path.insert(0, ".")
import bpy

from cat_dataset.interrupt import GentleInterrupt
from render.blender import people, rotate
from render.blender.sweeping.session import Session

session, runs = Session(GentleInterrupt()), json.loads(sys.argv[1])


def stop(series, index, frames):
    raise KeyboardInterrupt


for script, flags, stopped in runs:
    module = {"people": people, "rotate": rotate}[script]
    parsed = module.parser().parse_args(flags)
    if stopped:
        try:
            Session(GentleInterrupt(), on_frame=stop).render(module.sweep_of(parsed), parsed)
        except KeyboardInterrupt:
            print("STOPPED")
        session = Session(GentleInterrupt())
    session.render(module.sweep_of(parsed), parsed)
"""


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    write_small_person(folder / "ann.person")
    return write_small_person(folder / "bob.person", hue=0.6).parent


@pytest.fixture(scope="module")
def rendered(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every expression in step, every pose in step, a smile under a lamp with the head turned; and a person who is rotated."""
    out = tmp_path_factory.mktemp("series")
    flags = [*FLAGS, "--asset", str(people / "ann.person"), "--out", str(out)]
    runs: list[Any] = [["people", [*flags, *one], False] for one in TOGETHER]
    runs[0][1][-2:-2] = ["--asset", str(people / "bob.person")]
    inside_blender(RENDER, json.dumps([*runs, ["rotate", [*flags, "--views", "1", "--states", "2", "--no-denoise"], False]]))
    return out


def series_of(out: Path, *attributes: str) -> list[tuple[Path, Series]]:
    found = [(folder, read_series(folder)) for folder in find_series(out)]
    return [(folder, one) for folder, one in found if one.varies == attributes]


def test_every_expression_and_pose_is_read_back_and_measured(rendered: Path) -> None:
    for attributes in (EXPRESSIONS, POSES):
        for folder, series in series_of(rendered, *attributes):
            verify_frames(folder, series)
            for name in attributes:
                asked = [frame.values[name] for frame in series.frames]
                assert [frame.measured[name] for frame in series.frames] == pytest.approx(asked, abs=0.02)
                (measure,) = [key for key in series.frames[0].measured if key in (f"{name}_mm", f"{name}_degrees")]
                values = [frame.measured[measure] for frame in series.frames]
                assert all(less < more for less, more in pairwise(values)), (measure, values)
    ((_, faces), *_) = series_of(rendered, *EXPRESSIONS)
    assert faces.frames[1].state["face_units"] == {}
    assert faces.frames[2].state["face_units"]["mouthSmileLeft"] == pytest.approx(1.0)
    ((_, poses),) = series_of(rendered, *POSES)
    assert poses.frames[2].state["joints_degrees"]["head"] == pytest.approx({"z": 24.0, "x": 15.0, "y": 15.0}, abs=0.01)
    assert poses.constants["pose_targets"]["pose_head_yaw"]["positive"]["turns"] == [["neck", "z", 16.0], ["head", "z", 24.0]]


def test_what_a_series_says_of_its_person(rendered: Path) -> None:
    found = series_of(rendered, *EXPRESSIONS)
    assert len(found) == 2
    for _, series in found:
        assert set(series.scene) == {"character", "hdri", "view"}
        assert series.object == "person"
        assert series.provenance["licences"]["asset"] == "CC0-1.0 (a test's own)"
        assert series.constants["character"]["recipe"]["hue"] in (0.4, 0.6)
        assert series.constants["shot"] == "portrait"
        assert series.constants["lens_mm"] == 85
    members = [Member(one.id, one.source, one.scene, one.varies, 3) for one in (read_series(folder) for folder in find_series(rendered))]
    assert sorted(len(of) for of in group(members)) == [1, 5]
    skies = {series.scene["character"]: series.scene["hdri"] for _, series in found}
    ((_, other),) = series_of(rendered, *POSES)
    assert other.scene["hdri"] == skies[other.scene["character"]], "a character keeps its sky"


def test_a_portrait_goes_on_below_and_nowhere_else(rendered: Path) -> None:
    for folder, series in series_of(rendered, *EXPRESSIONS):
        assert 0.05 < min(frame.measured["free_margin"] for frame in series.frames) < 0.4
        assert series.constants["mask_check"]["free_border_px"] > 3
        mask = cv2.imread(str(folder / series.frames[1].passes["mask"]["file"]), cv2.IMREAD_UNCHANGED)
        assert mask[-1].max() > 200, "the body goes on"
        rows = np.flatnonzero(mask.max(axis=1))
        assert 1 <= rows[0] <= 8
        assert not mask[:24, [0, -1]].any(), "beside the head there is room"


def test_the_full_body_is_whole_in_every_pose(rendered: Path) -> None:
    ((_, series),) = series_of(rendered, *POSES)
    assert series.constants["shot"] == "full-body"
    assert min(frame.measured["free_margin"] for frame in series.frames) == pytest.approx(0.06, abs=1e-3)
    assert series.constants["mask_check"]["free_border_px"] >= 2
    assert 0.8 < series.constants["object_radius_m"] < 1.2, "in metres, as it is"


def test_other_attributes_go_along_and_other_scripts_take_people(rendered: Path) -> None:
    ((folder, series),) = series_of(rendered, "expression_smile", "light_intensity")
    assert [frame.values["light_intensity"] for frame in series.frames] == [200, 400, 800]
    assert series.frames[0].state["joints_degrees"]["head"]["z"] == pytest.approx(12.0, abs=0.01)
    assert series.constants["held"] == {"pose_head_yaw": 5}
    means = [cv2.imread(str(folder / frame.file)).mean() for frame in series.frames]
    assert means[0] < means[1] < means[2]
    turned = series_of(rendered, "rotation_z")
    assert {one.constants["shot"] for _, one in turned} == {"full-body"}
    assert {one.scene["hdri"] for _, one in turned} == {"builtin:grey", "builtin:studio"}
    (grey,) = [where / one.frames[0].file for where, one in turned if one.scene["hdri"] == "builtin:grey"]
    corners = cv2.imread(str(grey))[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert np.ptp(corners) == 0


def test_a_killed_run_goes_on_to_the_same_bytes_whatever_came_before(people: Path, rendered: Path, tmp_path: Path) -> None:
    flags = [*FLAGS, "--asset", str(people / "ann.person"), "--out", str(tmp_path)]
    said = inside_blender(RENDER, json.dumps([["people", [*flags, *TOGETHER[1]], True], ["people", [*flags, *TOGETHER[0]], False]]))
    assert "STOPPED" in said
    other, whole = hashes(tmp_path), hashes(rendered)
    assert len(other) == 2 * 4 + 3
    assert {name: whole[name] for name in other} == other


def test_what_cannot_be_is_refused_in_a_line(people: Path, tmp_path: Path) -> None:
    person, torn = people / "ann.person", tmp_path / "torn.person"
    torn.write_bytes(person.read_bytes()[:-5])
    out = [*FLAGS[:-3], "--hdri", "builtin:grey", "--out", str(tmp_path / "out")]
    runs = in_turn(
        [
            ["rotate", *out, "--views", 1, "--asset", "builtin:car", "--also", "pose_head_yaw", -5, 5],
            ["deform", *out, "--views", 1, "--asset", person, "--key", "mouthSmileLeft"],
            ["material", *out, "--views", 1, "--asset", person],
            ["people", *out, "--asset", "builtin:car"],
            ["people", *out, "--asset", torn],
            ["people", *out, "--asset", person, "--elevations", -40, 10],
            ["people", *out[:-4], "--asset", person, "--hdri", "builtin:nope", *out[-2:]],
        ]
    )
    wanted = [
        "expression_* and pose_* are of people; give --asset a character file",
        "a person's expressions need no --key",
        "material_* are for objects",
        "builtin:car is an object, and this sweep is of people",
        "is damaged (ValueError: its checksum does not fit)",
        "inside -30 to 85 degrees",
        "there is no builtin:nope sky",
    ]
    for run, line in zip(runs, wanted, strict=True):
        assert run.returncode == 2, run
        assert [line in said for said in error_lines(run)] == [True], run.stderr
    assert not list((tmp_path / "out").glob("*/series.json"))
