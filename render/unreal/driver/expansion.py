"""Expands a plan to its series: always the same ones in the same order, character by character."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from cat_dataset.errors import UsageError
from cat_dataset.files import sha256_json
from cat_dataset.people import METAHUMAN_BODY_CONTROLS, PERSON_DIALS, Target
from cat_dataset.series import ID_PATTERN
from render.unreal.driver.draws import Named, character, sky, view
from render.unreal.driver.plan_file import Plan
from render.unreal.job import SCHEMA, Camera, Job, JointTurn, State

OURS = ".cat-unreal"
"""Folder in ``out`` for job files, staged frames and logs; nothing in it is needed."""


@dataclass(frozen=True)
class Task:
    """One series to make: an attribute of a character, seen by one camera under one sky."""

    plan: Plan
    attribute: str
    whose: Named
    sky: Named
    sky_turn: float
    view: int

    @cached_property
    def series(self) -> str:
        """Its id: a function of what it is alone."""
        return f"{self.attribute}-{self.whose.part}-{self.sky.part}-v{self.view:02d}"

    @property
    def folder(self) -> Path:
        """Where the series goes."""
        return self.plan.out / self.series

    @property
    def values(self) -> tuple[float, ...]:
        """The attribute's value in every state."""
        return self.plan.states[self.attribute]

    @cached_property
    def camera(self) -> Camera:
        """Where it is seen from."""
        plan = self.plan
        azimuth, elevation = view(plan.seed, self.whose.key, self.view, plan.azimuths, plan.elevations)
        return Camera(plan.shot, azimuth, elevation, plan.lens, plan.sensor)

    @cached_property
    def job(self) -> Job:
        """The manifest of all states; where its files go is for `for_run` to say."""
        plan = self.plan
        return Job(
            id=self.series.replace("-", "_"), engine=plan.engine, project=plan.project_name, character=self.whose.path,
            sky=self.sky.path, sky_turn=self.sky_turn, sky_strength=plan.sky_strength, camera=self.camera, rigs=plan.rigs,
            render=plan.render, states=tuple(_state(self.attribute, index, value) for index, value in enumerate(self.values)),
            frames=tuple(range(len(self.values))), repeat=0, staging="", status="",
        )  # fmt: skip

    def for_run(self, frames: tuple[int, ...], folder: Path, attempt: int) -> Job:
        """The manifest of one try that renders the states ``frames``, its files in ``folder`` (absolute)."""
        staging, status = str(folder / "frames"), str(folder / "status.json")
        return replace(self.job, frames=frames, staging=staging, status=status, attempt=attempt)

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that decides the pixels, and its SHA-256: a series that was begun with other settings is refused.

        The states' controls follow from the values and the targets, so that resuming a large plan need not make manifests.
        """
        plan, dial = self.plan, PERSON_DIALS[self.attribute]
        settings = {
            "schema": SCHEMA, "attribute": self.attribute, "values": list(self.values), "engine": plan.engine,
            "project": plan.project_name, "character": self.whose.path, "sky": self.sky.path, "sky_turn": self.sky_turn,
            "sky_strength": plan.sky_strength, "camera": vars(self.camera).copy(), "render": vars(plan.render).copy(),
            "rigs": {"face": list(plan.rigs.face), "body": list(plan.rigs.body)},
            "targets": {side: _said(one) for side, one in (("positive", dial.positive), ("negative", dial.negative)) if one},
        }  # fmt: skip
        return {**settings, "sha256": sha256_json(settings)}


def expand(plan: Plan) -> Iterator[Task]:
    """Every series of ``plan``; one character's follow one another, so that an editor may keep it loaded.

    Raises:
        UsageError: an id is too long, or two characters would make the same series.
    """
    seen: dict[str, str] = {}
    for given in plan.characters:
        whose = character(given)
        there = seen.setdefault(whose.path.lower(), given)  # Unreal does not tell capital letters from small ones
        if there != given:
            raise UsageError(f"{plan.path}: characters: {there} and {given} are the same; leave one out")
        chosen, turn = sky(plan.seed, whose.key, plan.skies)
        for name in plan.states:
            for index in range(plan.views):
                task = Task(plan, name, whose, chosen, turn, index)
                if not ID_PATTERN.fullmatch(task.series):
                    raise UsageError(f"{plan.path}: series id {task.series} cannot be one; use shorter names and fewer views")
                yield task


def _state(name: str, index: int, value: float) -> State:
    """What the editor is told of an attribute at ``value`` points."""
    dial = PERSON_DIALS[name]
    turns = tuple(JointTurn(turn.joint, METAHUMAN_BODY_CONTROLS[turn.joint], turn.axis, turn.degrees) for turn in dial.turns(value))
    return State(index, {name: value}, dial.controls(value), turns)


def _said(target: Target) -> dict[str, Any]:
    turns = [{**vars(turn), "controls": list(METAHUMAN_BODY_CONTROLS[turn.joint])} for turn in target.turns]
    return {"controls": dict(target.controls), "turns": turns}
