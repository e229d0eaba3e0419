"""The doctor compares the live rig with the whole table."""

from __future__ import annotations

from typing import Any

import pytest

from cat_dataset.people import DIALS, METAHUMAN_BODY_CONTROLS
from render.unreal import doctor
from render.unreal.driver.checkup import body_controls, face_controls

NAMES = sorted({name for dial in DIALS for side in (dial.positive, dial.negative) if side for name in side.controls})
BODY = {name: {"type": "euler_transform", "low": [], "high": []} for names in METAHUMAN_BODY_CONTROLS.values() for name in names}


def board() -> dict[str, Any]:
    """A face board on which everything is as the table needs it."""
    found: dict[str, Any] = {}
    for name in NAMES:
        base, _, axis = name.partition(".")
        found[base] = {"type": "vector2d" if axis else "float", "low": [-1.0] * (2 if axis else 1), "high": [1.0] * (2 if axis else 1)}
    return found


def test_a_whole_rig_has_nothing_wrong() -> None:
    lines = [*face_controls(board()), *body_controls(BODY)]
    assert [one.name for one in lines] == [*NAMES, *METAHUMAN_BODY_CONTROLS]
    assert not [one.problem for one in lines if one.problem]


@pytest.mark.parametrize("name", NAMES)
def test_every_control_of_the_face_is_missed(name: str) -> None:
    rig = board()
    del rig[name.partition(".")[0]]
    wrong = [one for one in face_controls(rig) if one.problem]
    assert name in {one.name for one in wrong}
    assert all(one.problem.startswith(f"the face rig has no control {name.partition('.')[0]}") for one in wrong)


def test_types_and_limits_are_compared() -> None:
    rig = board()
    rig["CTRL_C_jaw"]["high"] = [1.0, 0.5]
    rig["CTRL_L_eye_blink"]["low"] = [0.0]
    rig["CTRL_C_eye"]["type"] = "float"
    rig["CTRL_R_eye_blink"]["low"] = [None]
    problems = {one.name: one.problem for one in face_controls(rig) if one.problem}
    assert problems["CTRL_C_jaw.y"] == "CTRL_C_jaw.y goes from -1 to 0.5, and expression_mouth needs 1"
    assert problems["CTRL_L_eye_blink"] == "CTRL_L_eye_blink goes from 0 to 1, and expression_eyes needs -1"
    assert "is of type float, not vector2d" in problems["CTRL_C_eye.x"]
    assert "CTRL_R_eye_blink" not in problems


def test_a_joint_needs_one_control_that_can_be_turned() -> None:
    found = {name: control for name, control in BODY.items() if name not in ("neck_01_ctrl", "head_ctrl")}
    found["clavicle_l_ctrl"] = {"type": "bool"}
    lines = {one.name: one for one in body_controls(found)}
    assert lines["neck"].line == "neck: neck_02_ctrl (without neck_01_ctrl)"
    assert not lines["neck"].problem
    assert lines["head"].problem.startswith("the body rig has none of head_ctrl of the joint head")
    assert "is of type bool, which cannot be turned" in lines["shoulder_left"].problem


def test_only_what_is_built_like_a_report_is_read_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    rigs: dict[str, Any] = {"face": {"asset": "/Game/Face", "controls": board()}}
    report = {"engine": "5.5\x1b[2J", "plugins": {"Groom": True}, "rigs": rigs, "notes": [], "problems": ["a\ud800b"]}
    assert doctor._is_report(report)
    assert doctor._report(report, all_controls=True) == ["a\ud800b"]
    said = capsys.readouterr().out
    assert "engine: 5.5\\x1b[2J" in said and "WRONG: a\\ud800b" in said
    spoils: list[dict[str, Any]] = [
        {"plugins": []}, {"notes": True}, {"rigs": {"face": {"controls": "x"}}}, {"rigs": {"face": {"controls": {"a": 1}}}},
    ]  # fmt: skip
    for spoilt in spoils:
        assert not doctor._is_report({**report, **spoilt})
    assert not doctor._is_report([])
