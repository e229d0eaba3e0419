"""What was read back is said in points, and a rig that holds another value is found out."""

from __future__ import annotations

from pathlib import Path

import pytest

from cat_dataset.errors import InputError
from cat_dataset.people import EXPRESSIONS, POSES
from render.unreal.driver.expansion import expand
from render.unreal.driver.readback import measured
from render.unreal.job import State
from tests.render.unreal.driver.plans import plan

REST = {"rest": [0.0, 0.0, 0.0, 1.0]}


def states(folder: Path, kind: str, name: str) -> tuple[State, ...]:
    (task,) = expand(plan(folder, kind, attributes=[name], states=[1.5, 0, 10]))
    return task.job.states


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_a_face_that_holds_what_was_asked_measures_so(tmp_path: Path, name: str) -> None:
    for state in states(tmp_path, "expressions", name):
        assert measured(name, state, dict(state.face), {})[name] == pytest.approx(state.values[name])


@pytest.mark.parametrize("name", POSES)
def test_a_pose_is_measured_by_its_angles(tmp_path: Path, name: str) -> None:
    for state in states(tmp_path, "poses", name):
        controls, limits = {}, {}
        for turn in state.turns:
            for control in turn.controls[1:] or turn.controls:  # the rig lacks the first where there are several
                part = {"x": "roll", "y": "pitch"}.get(turn.axis, "yaw")
                held = {"roll": 0.0, "pitch": 0.0, "yaw": 0.0, part: turn.degrees / len(turn.controls[1:] or turn.controls)}
                controls |= {f"{control}.{one}": value for one, value in held.items()}
                limits[control] = REST
        assert measured(name, state, controls, limits)[name] == pytest.approx(state.values[name], abs=1e-3)


def test_a_clamped_control_is_found_out(tmp_path: Path) -> None:
    state = states(tmp_path, "expressions", "expression_smile")[-1]
    with pytest.raises(InputError, match=r"expression_smile = 10 reads back from the rig as [78]\.\d\d: a limit"):
        measured("expression_smile", state, {**state.face, "CTRL_L_mouth_cornerPull": 0.5}, {})


def test_a_control_that_was_not_read_back_is_named(tmp_path: Path) -> None:
    state = states(tmp_path, "expressions", "expression_smile")[-1]
    with pytest.raises(InputError, match="did not read back CTRL_R_eye_cheekRaise"):
        measured("expression_smile", state, {name: 1.0 for name in state.face if name != "CTRL_R_eye_cheekRaise"}, {})
