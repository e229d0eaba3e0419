"""The editor that a plan asks for: the one that runs, or one of our own."""

from __future__ import annotations

import shutil
from pathlib import Path

from render.unreal.driver.attach import AttachSession
from render.unreal.driver.expansion import OURS, Task
from render.unreal.driver.launch import LaunchSession
from render.unreal.driver.plan_file import Plan
from render.unreal.driver.session import Session
from render.unreal.driver.supervisor import Open
from render.unreal.remote.network import Network
from render.unreal.remote.programs import find_program
from render.unreal.remote.project import read_project

KEPT = 5
"""Folders of earlier editors, with their logs, that are kept."""


def opener(plan: Plan) -> Open:
    """What opens an editor for a task of ``plan``.

    Raises:
        CatError: there is no such program, or the project is not one.
    """
    if plan.editor == "attach":
        return lambda task: AttachSession(plan.project, plan.engine, plan.deadlines, network(plan))
    project = read_project(Path(plan.project)).path
    program = find_program(Path(plan.program) if plan.program else None, plan.engine)

    def launch(task: Task) -> Session:
        return LaunchSession(program, project, editor_folder(plan.out), plan.deadlines)

    return launch


def network(plan: Plan) -> Network:
    """Where the plan's editor answers: as the plan says, else as the project's own configuration does, else Unreal's default."""
    if plan.multicast is not None:
        return Network(*plan.multicast)
    path = Path(plan.project)
    return read_project(path).reachable() if path.suffix == ".uproject" and path.is_file() else Network()


def editor_folder(out: Path) -> Path:
    """A fresh folder for an editor of our own; the oldest of earlier ones go."""
    root = out / OURS
    root.mkdir(parents=True, exist_ok=True)
    before = sorted(int(path.name[7:]) for path in root.glob("editor-*") if path.name[7:].isdecimal())
    for number in before[: -KEPT + 1]:
        shutil.rmtree(root / f"editor-{number:04d}", ignore_errors=True)
    folder = root / f"editor-{max(before, default=0) + 1:04d}"
    folder.mkdir()
    return folder
