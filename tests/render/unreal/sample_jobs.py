"""Jobs for tests, made from the table of expressions and poses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cat_dataset.people import METAHUMAN_BODY_CONTROLS, PERSON_DIALS
from render.unreal.job import Camera, Job, JointTurn, Render, Rigs, State
from tests.render.unreal.fake_unreal.editor import BODY_RIG, FACE_RIG


def state(index: int, **values: float) -> State:
    """A state of several dials at once."""
    face: dict[str, float] = {}
    turns: list[JointTurn] = []
    for name, value in values.items():
        dial = PERSON_DIALS[name]
        face.update(dial.controls(value))
        turns += [JointTurn(turn.joint, METAHUMAN_BODY_CONTROLS[turn.joint], turn.axis, turn.degrees) for turn in dial.turns(value)]
    return State(index, values, face, tuple(turns))


def job(folder: Path | str, states: list[State], **changes: Any) -> Job:
    """A small job that writes below ``folder``."""
    fields: dict[str, Any] = {
        "id": "ada_smile", "engine": "5.5", "project": "CatRender", "character": "/Game/MetaHumans/Ada/BP_Ada",
        "sky": "grey", "sky_turn": 0.0, "sky_strength": 1.0,
        "camera": Camera("portrait", 0.0, 0.0, 85.0, 36.0), "rigs": Rigs((FACE_RIG,), (BODY_RIG,)),
        "render": Render(16, 4), "states": tuple(states), "frames": tuple(range(len(states))), "repeat": 0,
        "staging": f"{folder}/staging", "status": f"{folder}/status.json",
    }  # fmt: skip
    return Job(**{**fields, **changes})


def expression_job(folder: Path | str) -> Job:
    """The smile in three states."""
    return job(folder, [state(0), state(1, expression_smile=10.0), state(2, expression_smile=-10.0)])


def pose_job(folder: Path | str) -> Job:
    """The head turned, full body, another sky, resumed from its third state on."""
    states = [state(index, pose_head_yaw=value) for index, value in enumerate((0.0, -10.0, -5.0, 5.0, 10.0))]
    camera = Camera("full_body", 15.0, 5.0, 50.0, 36.0)
    return job(folder, states, id="ada_turn", camera=camera, sky="/Game/Skies/Studio", sky_turn=30.0, frames=(2, 3, 4), attempt=1)
