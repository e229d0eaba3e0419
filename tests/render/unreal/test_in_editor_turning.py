"""Poses: whichever way a control's own axes point and the character faces, the body goes where the table's words say."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from render.unreal.in_editor import turning
from render.unreal.job import Camera
from tests.render.unreal.fake_unreal import Switches
from tests.render.unreal.fake_unreal.acts_sequence import posed
from tests.render.unreal.fake_unreal.rigs import from_rotator, inverse, rotate, rotator_of, times
from tests.render.unreal.in_editor_runs import run
from tests.render.unreal.sample_jobs import job, state

# In the fake's rig space the person faces +y, z is up, its left (the viewer's right) is +x.
FRONT, LEFT, UP = np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])


def rig_after(folder: Path, facing: float, **values: float) -> tuple[Any, Any]:
    """Poses of the live body rig at rest and in a state of ``values``."""
    status, editor = run(job(folder, [state(0), state(1, **values)]), folder, Switches(facing=facing))
    assert status.success, status.error
    sequence = next(asset for asset in editor.loaded.values() if type(asset).__name__ == "LevelSequence")
    rig = sequence._state["rigs"][0]._values["control_rig"]
    return posed(rig, 0), posed(rig, 1)


def turned(rest: Any, pose: Any, control: str, direction: np.ndarray) -> np.ndarray:
    """Where a direction fixed to a control has gone."""
    return rotate(times(pose[control][0], inverse(rest[control][0])), direction)


S = {degrees: math.sin(math.radians(degrees)) for degrees in (15, 25, 30, 35, 40)}
WORDS = [
    ("pose_head_yaw", "head_ctrl", FRONT, LEFT, S[40]),  # face turned to the viewer's right
    ("pose_head_pitch", "head_ctrl", FRONT, UP, -S[25]),  # face turned down
    ("pose_head_roll", "head_ctrl", UP, LEFT, S[25]),  # head tilted to the viewer's right
    ("pose_torso_lean", "spine_05_ctrl", UP, FRONT, S[30]),  # bowed forwards
    ("pose_torso_twist", "spine_05_ctrl", FRONT, LEFT, S[35]),  # chest turned to the viewer's right
]


@pytest.mark.parametrize("facing", [90.0, -37.0])
@pytest.mark.parametrize(("dial", "control", "fixed", "towards", "amount"), WORDS, ids=[words[0] for words in WORDS])
def test_heads_and_torsos_turn_as_the_words_say(
    dial: str, control: str, fixed: np.ndarray, towards: np.ndarray, amount: float, facing: float, tmp_path: Path
) -> None:
    rest, pose = rig_after(tmp_path, facing, **{dial: 10.0})
    assert turned(rest, pose, control, fixed) @ towards == pytest.approx(amount, abs=1e-4)
    assert turned(rest, pose, "upperarm_l_fk_ctrl", UP) @ UP == pytest.approx(1.0, abs=1e-6) or "torso" in dial


def test_the_other_side(tmp_path: Path) -> None:
    rest, pose = rig_after(tmp_path, 90.0, pose_torso_lean=-10.0)
    assert turned(rest, pose, "spine_05_ctrl", UP) @ FRONT == pytest.approx(-S[15], abs=1e-4)


def test_arms_rise_sideways_alike(tmp_path: Path) -> None:
    rest, pose = rig_after(tmp_path, 90.0, pose_arm_raise=10.0)
    left, right = (pose[f"hand_{side}_fk_ctrl"][1] - rest[f"hand_{side}_fk_ctrl"][1] for side in "lr")
    assert left[2] > 30 and left == pytest.approx(right * np.array([-1, 1, 1]), abs=1e-3)


def test_forearms_swing_to_the_front(tmp_path: Path) -> None:
    rest, pose = rig_after(tmp_path, 90.0, pose_elbow_bend=10.0)
    for side in "lr":
        before, after = (each[f"hand_{side}_fk_ctrl"][1] - each[f"lowerarm_{side}_fk_ctrl"][1] for each in (rest, pose))
        assert math.degrees(math.acos(before @ after / (before @ before))) == pytest.approx(70.0, abs=0.01)
        assert after @ FRONT > before @ FRONT + 20
        flat = before - (before @ FRONT) * FRONT
        assert np.cross(flat, after) @ FRONT == pytest.approx(0.0, abs=1e-3)  # it swings in the plane of the front


def test_several_dials_at_once(tmp_path: Path) -> None:
    """A yaw and a lean in one state: the head is turned about the axis that the bow has carried along."""
    rest, pose = rig_after(tmp_path, 90.0, pose_head_yaw=10.0, pose_torso_lean=10.0)
    up = turned(rest, pose, "spine_05_ctrl", UP)
    assert turned(rest, pose, "head_ctrl", UP) == pytest.approx(up, abs=1e-6)
    assert turned(rest, pose, "head_ctrl", FRONT) @ LEFT == pytest.approx(S[40], abs=1e-4)


def test_rotators_of_the_fake_are_unreals() -> None:
    """The formula of Unreal's FRotator::Quaternion, written out."""
    rng = np.random.default_rng(0)
    for roll, pitch, yaw in rng.uniform(-89, 89, (50, 3)):
        (sr, sp, sy), (cr, cp, cy) = (f(np.radians([roll, pitch, yaw]) / 2) for f in (np.sin, np.cos))
        expected = [cr * sp * sy - sr * cp * cy, -cr * sp * cy - sr * cp * sy, cr * cp * sy - sr * sp * cy, cr * cp * cy + sr * sp * sy]
        assert from_rotator(roll, pitch, yaw) == pytest.approx(np.array(expected))
        assert rotator_of(np.array(expected)) == pytest.approx((roll, pitch, yaw))


def test_a_face_without_width_is_refused() -> None:
    with pytest.raises(Exception, match="no length"):
        turning.PersonFrame.from_eyes((0, 0, 165), (0, 0, 165))
    frame = turning.PersonFrame.from_eyes((3, 9, 165), (-3, 9, 165))
    assert frame.right == pytest.approx((1, 0, 0)) and frame.away == pytest.approx((0, -1, 0))
    with pytest.raises(Exception, match="points to the front already"):
        frame.turn("front", 10, (0.0, 1.0, 0.0))


@pytest.mark.parametrize("kind", ["portrait", "full_body"])
@pytest.mark.parametrize(("azimuth", "elevation"), [(0.0, 0.0), (30.0, 0.0), (-30.0, 20.0)])
def test_the_camera_stands_where_it_is_told(kind: str, azimuth: float, elevation: float, tmp_path: Path) -> None:
    _, editor = run(job(tmp_path, [state(0)], camera=Camera(kind, azimuth, elevation, 85.0, 36.0)), tmp_path)
    spawn = next(
        given for what, name, given in editor.calls if name.endswith("spawn_actor_from_class") and "CineCamera" in str(given["actor_class"])
    )
    look = next(given for what, name, given in editor.calls if name == "MathLibrary.find_look_at_rotation")
    at, end = (np.array([each.x, each.y, each.z]) for each in (spawn["location"], look["target"]))
    left_eye, right_eye = (rotate(from_rotator(0, 0, 90.0), np.array(p)) for p in ((3.15, 9.0, 165.0), (-3.15, 9.0, 165.0)))
    viewers_right = (left_eye - right_eye) / np.linalg.norm(left_eye - right_eye)
    front = np.cross(UP, viewers_right)
    away = (at - end) / np.linalg.norm(at - end)
    assert math.degrees(math.asin(away[2])) == pytest.approx(elevation, abs=1e-6)
    assert math.degrees(math.atan2(away @ viewers_right, away @ front)) == pytest.approx(azimuth, abs=1e-6)
    height = np.linalg.norm(at - end) * 36.0 / 85.0
    assert height == pytest.approx(7 * 6.3 if kind == "portrait" else 1.3 * 174.0)
