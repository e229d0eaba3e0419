"""What ``python -m render.unreal.expressions`` and ``... .poses`` have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cat_dataset.command import note, reported
from cat_dataset.interrupt import GentleInterrupt
from cat_dataset.typer_app import run_typer
from render.disk import check_writable
from render.outcome import FAILURES, Report, conclude, write_failures
from render.unreal.driver import disk
from render.unreal.driver.editors import opener
from render.unreal.driver.expansion import OURS, expand
from render.unreal.driver.licence import FLAG, require_rights
from render.unreal.driver.plan_file import Plan, read_plan
from render.unreal.driver.resume import Standing, standing
from render.unreal.driver.series_run import POLL_S
from render.unreal.driver.supervisor import Supervisor
from render.unreal.job import parse_job


def make_app(kind: str) -> typer.Typer:
    """The command that renders the attributes of one kind: expressions or poses."""
    app = typer.Typer(add_completion=False)

    @app.command(help=f"Render every series of {kind} of a plan that is not there yet. Run the same command again to go on.")
    def command(
        *,
        plan_file: Annotated[Path, typer.Argument(metavar="PLAN.yaml", help="What to render with what; docs/unreal.md.")],
        i_have_the_rights: Annotated[bool, typer.Option(FLAG, help="You have the rights for what you do with the pictures.")] = False,
        status: Annotated[bool, typer.Option("--status", help="Say where the plan stands, and render nothing.")] = False,
        debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    ) -> None:
        with reported(debug):
            plan = read_plan(plan_file, kind)
            if status:
                _say(standing(expand(plan)))
                return
            require_rights(i_have_the_rights)
            render(plan, GentleInterrupt("state"))

    return app


def render(plan: Plan, interrupt: GentleInterrupt | None, poll: float = POLL_S) -> Report:
    """Make every series of ``plan`` that is not there; say what became of them.

    Raises:
        RunFailed: a series failed. InputError: one was refused. CatError: nothing can go on.
    """
    if plan.elsewhere:
        note(f"{', '.join(plan.elsewhere)}: rendered by the other command, not by {plan.kind}")
    check_writable(plan.out, "out:")
    found = standing(expand(plan))
    for task in found.open[:1]:  # what no editor would take is found before one is looked for
        parse_job(task.for_run((0,), (plan.out / OURS).resolve(), 0).as_json(), f"{plan.path}: {task.series}")
    missing = sum(len(task.values) for task in found.open) - found.states
    disk.check_room(plan.out, missing, max((len(task.values) for task in found.open), default=0), plan.render.size)
    batch = plan.batch if plan.editor == "launch" else 0
    supervisor = Supervisor(found, opener(plan), interrupt, tries=plan.tries, batch=batch, poll=poll)
    try:
        supervisor.run()
    finally:
        write_failures(plan.out / FAILURES, [], supervisor.report.failures)
    conclude(supervisor.report, [], plan.out / FAILURES)
    return supervisor.report


def _say(found: Standing) -> None:
    states = sum(len(task.values) for task in (*found.finished, *found.open))
    done = sum(len(task.values) for task in found.finished) + found.states
    total = len(found.finished) + len(found.open) + len(found.refused)
    print(f"{len(found.finished)} of {total} series complete, {done} of {states} states")
    for failure in found.refused:
        print(f"refused: {failure.reason}")


def run(kind: str) -> None:
    """Run the command for ``kind``."""
    run_typer(make_app(kind))
