"""How every failure inside the editor ends: one clear line, and nothing left behind."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from render.unreal.job import Job, JointTurn, Rigs, State
from render.unreal.status import read_status
from tests.render.unreal.fake_unreal import Crash, Editor, Switches
from tests.render.unreal.fake_unreal.editor import BODY_RIG
from tests.render.unreal.in_editor_runs import left_behind, run
from tests.render.unreal.sample_jobs import expression_job


def failing(tmp_path: Path, **changes: Any) -> Job:
    return replace(expression_job(tmp_path), **changes)


def states_with(face: dict[str, float], turns: tuple[JointTurn, ...] = ()) -> dict[str, Any]:
    return {"states": (State(0, {}, {}, ()), State(1, {}, face, turns)), "frames": (0, 1)}


PULL = "CTRL_L_mouth_cornerPull"
HAND = JointTurn("hand", ("hand_l_fk_ctrl",), "front", 9.0)
REFUSALS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "another engine": ({"engine": "5.6.0-1"}, {}, "is for Unreal 5.5 and this editor is 5.6.0-1"),
    "an old engine": ({"engine": "5.3.2-1"}, {"engine": ""}, "the oldest that works is 5.4"),
    "no engine at all": ({"engine": "Unity"}, {"engine": ""}, "not one of Unreal's"),
    "another project": ({"project": "Other"}, {}, "for the project CatRender and this editor has Other"),
    "a plugin": ({"missing_classes": frozenset({"MoviePipelineQueueSubsystem"})}, {}, "lacks the plugin Movie Render Queue"),
    "ray tracing": ({"ray_tracing": False}, {}, "hardware ray tracing is off"),
    "unsaved work": ({"unsaved": ("/Game/Maps/Main",)}, {}, "/Game/Maps/Main has changes that are not saved"),
    "the character": ({"missing_assets": frozenset({"/Game/MetaHumans/Ada/BP_Ada"})}, {}, "no asset /Game/MetaHumans/Ada/BP_Ada"),
    "not a MetaHuman": ({}, {"character": "/Game/Skies/Studio"}, "has no component Face"),
    "the sky": ({}, {"sky": "/Game/Skies/Gone"}, "no asset /Game/Skies/Gone"),
    "the sky's type": ({}, {"sky": "/Game/Skies/Flat"}, "not a cubemap"),
    "no rig": ({}, {"rigs": Rigs(("/Game/No",), (BODY_RIG,))}, "none of the face rigs /Game/No"),
    "unknown control": ({}, states_with({PULL[:-1]: 1.0}), f"no control {PULL[:-1]}; the nearest are {PULL}"),
    "float as 2D": ({}, states_with({"CTRL_L_eye_blink.x": 1.0}), "is of type float; CTRL_L_eye_blink.x cannot be set"),
    "2D as float": ({}, states_with({"CTRL_C_jaw": 1.0}), "write CTRL_C_jaw.x and CTRL_C_jaw.y"),
    "beyond a limit": ({}, states_with({"CTRL_L_eye_blink": 1.01}), "goes from -1.0 to 1.0 and the job asks for 1.01"),
    "below a limit": ({}, states_with({"CTRL_C_jaw.y": -0.5}), "CTRL_C_jaw of"),
    "no joint control": ({}, states_with({}, (JointTurn("neck", ("neck_1_ctrl",), "z", 9.0),)), "none of the controls neck_1_ctrl"),
    "a joint of floats": ({}, states_with({}, (JointTurn("arm", ("arm_l_fk_ik_switch",), "z", 9.0),)), "cannot be turned"),
    "a limb without end": ({}, states_with({}, (HAND,)), "no control beyond hand_l_fk_ctrl"),
    "a closed sequencer": ({"closed_sequencer": True}, {}, "was keyed with"),
    "a failed frame": ({"fail_at": 1}, {}, "reports a failed render: frame 1 failed"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSALS)
def test_every_failure_is_one_clear_line_and_leaves_nothing(what: str, tmp_path: Path) -> None:
    switches, changes, expected = REFUSALS[what]
    status, editor = run(failing(tmp_path, **changes), tmp_path, Switches(**switches))
    assert status.state == "failed" and not status.success and expected in status.error and "\n" not in status.error
    assert any("Traceback" in line for line in editor.log) and not left_behind(editor)


def test_surprises_are_failures_too(tmp_path: Path) -> None:
    def surprise(self: Any, *args: Any) -> None:
        raise ZeroDivisionError("division\nby zero")

    status, editor = run(expression_job(tmp_path), tmp_path, prepare=lambda run_job: setattr(run_job.Run, "_key", surprise))
    assert status.error == "ZeroDivisionError: division by zero" and not left_behind(editor)


def test_a_delegate_that_cannot_read_its_output_is_a_failure(tmp_path: Path) -> None:
    editor = Editor()
    editor.queue._output = lambda *args: object()
    status, _ = run(expression_job(tmp_path), tmp_path, editor=editor)
    assert status.state == "failed" and "what was rendered cannot be read" in status.error


def test_a_queue_that_never_says_it_is_done(tmp_path: Path) -> None:
    waits, _ = run(expression_job(tmp_path), tmp_path, Switches(silent=True), ticks=60)
    assert waits.state == "rendering" and not waits.ended
    gives_up, editor = run(
        expression_job(tmp_path), tmp_path, Switches(silent=True), prepare=lambda run_job: setattr(run_job, "QUIET_SECONDS", -1.0)
    )
    assert "never said that it had finished" in gives_up.error and not left_behind(editor)


def test_a_hang_is_a_heart_that_stands_still(tmp_path: Path) -> None:
    status, editor = run(expression_job(tmp_path), tmp_path, Switches(hang_at=2), ticks=100)
    assert editor.hung and status.state == "rendering"


def test_a_crash_leaves_the_status_as_it_was(tmp_path: Path) -> None:
    with pytest.raises(Crash):
        run(expression_job(tmp_path), tmp_path, Switches(crash_at=1))
    status = read_status(tmp_path / "status.json")
    assert status is not None and status.state == "rendering" and not status.success


def test_keys_that_stay_curves_are_a_failure(tmp_path: Path) -> None:
    """A newer engine may call its channels and keys something else."""

    def blind(run_job: ModuleType) -> None:
        vars(sys.modules["render.unreal.in_editor.sequence"])["isinstance"] = lambda *args: False

    status, editor = run(expression_job(tmp_path), tmp_path, prepare=blind)
    assert "could not be made steps" in status.error and not left_behind(editor)
