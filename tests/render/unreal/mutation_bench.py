"""Scenarios inside the fake editor for the mutation test: together they run every line that uses Unreal's API."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from render.unreal.job import Job, JointTurn, Render, State
from tests.render.unreal.fake_unreal import Editor, Switches
from tests.render.unreal.fake_unreal.editor import BODY_RIG, FACE_RIG
from tests.render.unreal.in_editor_code import FOLDER
from tests.render.unreal.sample_jobs import job, pose_job, state

FACE = {"CTRL_L_eye_blink": 1.0, "CTRL_C_jaw.y": 1.0}
TURNS = (
    JointTurn("head", ("head_ctrl",), "z", 9.0),
    JointTurn("arm", ("lowerarm_l_fk_ctrl",), "front", 9.0),
    JointTurn("hat", ("hat_ctrl",), "x", 9.0),
)


class Unsure:
    """Fails whoever asks: clearing up goes wrong."""

    def __bool__(self) -> bool:
        raise RuntimeError("not now")


class Bench:
    """Scenarios that together use every line, each giving its outcome as text; which lines each runs is found out first."""

    def __init__(self, folder: Path, monkeypatch: Any) -> None:
        self.folder = folder
        states = [State(0, {}, {}, ()), State(1, {}, FACE, TURNS)]
        tiny = {"render": Render(8, 1), "staging": str(folder / "staging"), "status": "/status.json"}
        whole = job(folder, states, frames=(1,), **tiny)
        other = replace(pose_job(folder), **tiny, engine="5.4", frames=(1,), states=(state(0), state(1, pose_head_yaw=1.0)))
        self.scenarios: dict[str, Callable[[], str]] = {
            "whole": lambda: self.run(whole, Switches()),
            "other": lambda: self.run(other, Switches(engine="5.4.1", newest=True, graph_by_default=True, own_rigs=True, unattended=True)),
            "messy": lambda: self.run(whole, Switches(fail_at=0, undeletable=Unsure())),  # type: ignore[arg-type]
            "failing": lambda: self.run(whole, Switches(fail_at=0)),
            "blank": lambda: self.run(replace(whole, sky="/Game/Skies/Flat"), Switches(unsaved=("/Temp/A",)), level="/Temp/A"),
            "flat sky": lambda: self.run(replace(whole, sky="/Game/Skies/Flat"), Switches(), level="/Temp/A"),
            "quitting": lambda: self.run(whole, Switches(), quit_after=True),
            "inspection": self.inspect,
            "serving": self.serve,
        }
        self._status: Any = None
        monkeypatch.setattr("render.unreal.status.write_status", self._keep)
        monkeypatch.setattr("render.unreal.job.read_job", lambda path: self._job)
        monkeypatch.setattr("tests.render.unreal.fake_unreal.render_queue.write_png", lambda *args: None)
        monkeypatch.setattr("tests.render.unreal.fake_unreal.render_queue.picture", lambda *args: None)
        monkeypatch.setattr("traceback.format_exception", lambda error: [str(error)])

    def _keep(self, path: Path, status: Any) -> None:
        self._status = status

    def run(self, made: Job, switches: Switches, level: str = "", quit_after: bool = False) -> str:
        self._job, self._status = made, None
        editor = Editor(switches)
        editor.queue.jobs.append(editor.new("MoviePipelineExecutorJob", "job", settings={}, graph=False, enabled=True))
        editor.level = level or editor.level
        if switches.newest:
            editor.assets[f"/Game/CatDatasetTemporary/{made.id}_{made.attempt}/level"] = "World"  # a crash left it
        with editor.installed():
            run_job = importlib.import_module("render.unreal.in_editor.run_job")
            run_job.start("job.json", quit_after)
            ended = editor.run_until(lambda: not run_job.is_busy(), 60)
        return self._outcome(editor, ended)

    def _outcome(self, editor: Editor, ended: bool) -> str:
        s = self._status
        told = (s.state, s.error, s.notes, s.controls, s.limits, len(s.files)) if s is not None else ()
        jobs = [job._state.get("enabled") for job in editor.queue.jobs]
        left = [path for path in editor.assets if "Temporary" in path]
        log = [line.strip().splitlines()[-1] for line in editor.log]
        return repr((ended, told, jobs, left, editor.level, editor.alive, len(editor.callbacks), log))

    def inspect(self) -> str:
        kept: list[Any] = []
        with Editor().installed() as editor:
            inspection = importlib.import_module("render.unreal.in_editor.inspection")
            inspection.write_json = lambda path, found: kept.append(found)
            inspection.write("report.json", "/Game/MetaHumans/Ada/BP_Ada", (FACE_RIG,), (BODY_RIG,))
        return repr((kept, len(editor.calls)))

    def serve(self) -> str:
        editor, done = Editor(), []
        orders = [{"manifest": "job.json"}, {"report": "report.json", "character": "", "face": [], "body": []}]
        with editor.installed():
            serve = importlib.import_module("render.unreal.in_editor.serve")
            serve.LOOK_SECONDS = -1.0
            serve.run_job = types.SimpleNamespace(is_busy=lambda: False, start=lambda *given: done.append(given))
            serve.inspection = types.SimpleNamespace(write=lambda *given: done.append(given))
            serve.read_order = lambda folder, number: orders.pop(0)
            serve.start(str(self.folder), 1e9)
            alive = editor.alive
            for _ in range(3):  # the third order is none
                editor.tick()
            serve._server._silent = -1.0
            editor.tick()
        log = [line.strip().splitlines()[-1] for line in editor.log]
        return repr((done, alive, editor.alive, len(editor.callbacks), log))

    def lines(self, scenario: str) -> tuple[str, set[tuple[str, int]]]:
        """The outcome of a scenario, and the lines (module, number) that it runs."""
        seen: set[tuple[str, int]] = set()

        def trace(frame: types.FrameType, event: str, argument: Any) -> Any:
            if Path(frame.f_code.co_filename).parent != FOLDER:
                return None
            seen.add((Path(frame.f_code.co_filename).stem, frame.f_lineno))
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            outcome = self.scenarios[scenario]()
        finally:
            sys.settrace(before)
        return outcome, seen
