"""``python -m render.unreal.doctor PLAN.yaml``: looks whether an editor has what a plan needs, before anything long is started.

Connects to the editor of the plan (or launches it), prints engine, project, plugins and the rigs' controls with their limits,
compares them with the table of expressions and poses, and renders one calibration frame, twice. docs/unreal.md.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from cat_dataset.command import harmless, reported
from cat_dataset.errors import InputError
from cat_dataset.files import read_json
from cat_dataset.interrupt import GentleInterrupt
from cat_dataset.typer_app import run_typer
from render.disk import check_writable
from render.unreal.driver import calibration
from render.unreal.driver.checkup import Control, body_controls, face_controls
from render.unreal.driver.draws import character as character_named
from render.unreal.driver.editors import opener
from render.unreal.driver.expansion import OURS, expand
from render.unreal.driver.licence import FLAG, require_rights, show_notice
from render.unreal.driver.plan_file import Plan, read_plan
from render.unreal.driver.session import Session
from render.unreal.errors import EditorSilent

REPORT = "doctor.json"
app = typer.Typer(add_completion=False)


@app.command()
def doctor(
    *,
    plan_file: Annotated[Path, typer.Argument(metavar="PLAN.yaml", help="A plan for expressions or poses; docs/unreal.md.")],
    character: Annotated[str | None, typer.Option(help="The character to look at; default: the plan's first.")] = None,
    poses: Annotated[bool, typer.Option("--poses", help="Calibrate with the shot of poses instead of that of expressions.")] = False,
    all_controls: Annotated[
        bool, typer.Option("--all-controls", help="List every control of the rigs, not only those that are used.")
    ] = False,
    i_have_the_rights: Annotated[bool, typer.Option(FLAG, help="Render a calibration frame too.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Say what the plan's editor has and what it lacks."""
    with reported(debug):
        plan = read_plan(plan_file, "poses" if poses else "expressions", any_attributes=True)
        if i_have_the_rights:
            require_rights(True)
        else:
            show_notice()
        examine(plan, character, all_controls, i_have_the_rights, GentleInterrupt("look"))


def examine(plan: Plan, character: str | None, all_controls: bool, rights: bool, interrupt: GentleInterrupt | None) -> None:
    """Look at the editor of ``plan``.

    Raises:
        InputError: it lacks something. EditorFailure: it does not answer, or cannot render.
    """
    check_writable(plan.out, "out:")
    whose = character_named(character or plan.characters[0])
    task = next(task for task in expand(plan))
    session = opener(plan)(task)
    try:
        problems = _report(_inspected(plan, session, whose.path, interrupt), all_controls)
        if not rights:
            print(f"no calibration frame: {FLAG} is missing")
        elif problems:
            print("no calibration frame: mend first what is wrong above")
        else:
            print(calibration.calibrate(plan, whose, session, interrupt))
    finally:
        session.close()
    if problems:
        raise InputError(f"the editor lacks something: {len(problems)} lines above begin with WRONG; mend that and run the doctor again")
    print("ok")


def _inspected(plan: Plan, session: Session, character: str, interrupt: GentleInterrupt | None) -> dict[str, Any]:
    """What the editor writes about itself."""
    report = plan.out / OURS / REPORT
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    session.inspect(report, character, plan.rigs)
    since = time.monotonic()
    while not report.is_file():
        if interrupt is not None:
            interrupt.check()
        ended = session.condition().ended
        if ended is not None:
            raise ended
        if time.monotonic() - since > session.deadlines.start:
            raise EditorSilent(f"the editor told nothing within {session.deadlines.start:g} s; look at its log, or raise deadlines.start")
        time.sleep(0.1)
    found = read_json(report)
    if not _is_report(found):
        raise InputError(f"{report} is not a report; the editor runs another version of this code: restart it")
    return dict(found)


def _is_report(found: Any) -> bool:
    """Whether ``found`` is built as `render.unreal.in_editor.inspection` builds it."""
    if not isinstance(found, dict) or not isinstance(found.get("plugins"), dict) or not isinstance(found.get("rigs"), dict):
        return False
    listed = [found.get("problems"), found.get("notes")]
    rigs = [rig.get("controls") if isinstance(rig, dict) else None for rig in found["rigs"].values()]
    return all(isinstance(one, list) for one in listed) and all(
        isinstance(controls, dict) and all(isinstance(control, dict) for control in controls.values()) for controls in rigs
    )


def _print(line: str) -> None:
    """A line of words from the editor."""
    print(harmless(line))


def _report(found: dict[str, Any], all_controls: bool) -> list[str]:
    """Print ``found``; what is wrong in it."""
    _print(f"engine: {found.get('engine')}\nproject: {found.get('project')}")
    _print("plugins: " + ", ".join(f"{name} {'present' if there else 'MISSING'}" for name, there in sorted(found["plugins"].items())))
    print(f"hardware ray tracing: {'on' if found.get('ray_tracing') else 'OFF'}")
    problems = [str(problem) for problem in found["problems"]]
    for what, check in (("face", face_controls), ("body", body_controls)):
        rig = found["rigs"].get(what)
        if rig is None:
            continue
        controls = rig["controls"]
        _print(f"{what} rig: {rig.get('asset')}, {len(controls)} controls")
        checked: list[Control] = list(check(controls))
        for one in checked:
            _print(f"  {'WRONG ' if one.problem else ''}{one.line}")
        if all_controls:
            for name, control in sorted(controls.items()):
                _print(f"  all: {name}: {control.get('type')}, {control.get('low')} to {control.get('high')}")
        problems += [one.problem for one in checked if one.problem]
    for note in found.get("notes") or []:
        _print(f"note: {note}")
    for problem in problems:
        _print(f"WRONG: {problem}")
    return problems


if __name__ == "__main__":
    run_typer(app)
