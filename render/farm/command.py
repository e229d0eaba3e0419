"""``cat-render``: a whole plan of sweeps on many workers, here or on a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cat_dataset.command import reported
from cat_dataset.errors import UsageError
from cat_dataset.interrupt import GentleInterrupt
from cat_dataset.typer_app import run_typer
from render.disk import check_writable
from render.farm import machine
from render.farm.chunks import ChunkRun, Engine
from render.farm.jobs import Job, expand, part_of
from render.farm.options import Options
from render.farm.plan_file import read_plan
from render.farm.report import failures_file
from render.farm.status import print_status, status_of
from render.farm.supervisor import Supervisor
from render.outcome import Report, conclude, write_failures

EXECUTORS = ("local", "slurm", "ray")

app = typer.Typer(add_completion=False)


@app.command()
def render(
    *,
    plan_file: Annotated[Path, typer.Argument(metavar="PLAN.yaml", help="What to render with what; docs/farm.md.")],
    executor: Annotated[str, typer.Option(help="local, slurm or ray.")] = "local",
    workers: Annotated[
        int | None, typer.Option(help="Blenders at work at a time; default: one, or one for each share of the GPUs.")
    ] = None,
    gpus_per_worker: Annotated[int, typer.Option(help="GPUs that each worker is shown; 0: all, and nothing is pinned.")] = 0,
    cpus_per_worker: Annotated[int | None, typer.Option(help="Cycles threads of each; default: an equal share of the cores.")] = None,
    status: Annotated[bool, typer.Option("--status", help="Say where the plan stands, and render nothing.")] = False,
    retries: Annotated[int, typer.Option(help="Further tries of a series that got no frame further.")] = 2,
    hang_timeout: Annotated[
        float | None, typer.Option(help="Seconds without a frame after which a worker is replaced; default: learnt.")
    ] = None,
    recycle_series: Annotated[int, typer.Option(help="Replace a worker after so many series; 0: never.")] = 500,
    recycle_memory: Annotated[float | None, typer.Option(help="Replace it beyond so many GB; 0: never; default: its share of 3/4.")] = None,
    blender: Annotated[str | None, typer.Option(help="A Blender program; default: the bpy wheel, else blender.")] = None,
    task_index: Annotated[int, typer.Option(help="Which part of the plan this is, from 0.")] = 0,
    task_count: Annotated[int, typer.Option(help="How many parts there are.")] = 1,
    slurm: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A setting for sbatch; may be repeated.")] = None,
    ray_address: Annotated[str | None, typer.Option(help="The Ray cluster; default: RAY_ADDRESS, else this machine.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Render every series of a plan that is not there yet. Run the same command again to go on."""
    with reported(debug):
        if executor not in EXECUTORS:
            raise UsageError(f"--executor {executor} is none of {', '.join(EXECUTORS)}")
        if not 0 <= task_index < task_count <= 1_000_000:
            raise UsageError(f"--task-index {task_index} must be 0 to {task_count - 1}: tasks are counted from 0 to --task-count less one")
        if (slurm and executor != "slurm") or (ray_address and executor != "ray"):
            raise UsageError("--slurm goes with --executor slurm, and --ray-address with --executor ray")
        options = Options(
            workers=workers if workers is not None else machine.default_slots(gpus_per_worker),
            gpus_per_worker=gpus_per_worker, threads=cpus_per_worker, retries=retries, hang_timeout=hang_timeout,
            recycle_series=recycle_series, blender=blender,
            recycle_bytes=None if recycle_memory is None else int(recycle_memory * 1e9),
        )  # fmt: skip
        interrupt = None if status else GentleInterrupt("frame of each worker")
        plan = read_plan(plan_file)
        if not status:
            check_writable(plan.out, "out:")
        expansion = expand(plan)
        jobs = part_of(expansion.jobs, task_index, task_count)
        if status:
            print_status(status_of(jobs, plan.out), expansion.refused)
            return
        listed_in = failures_file(plan.out, task_index, task_count)
        report = Report(len(jobs))
        try:
            if executor == "local":
                supervisor = Supervisor(jobs, options, interrupt)
                report = supervisor.report
                supervisor.run()
            elif jobs:
                assert interrupt is not None
                report = _elsewhere(executor, jobs, options, interrupt, plan.out, _pairs(slurm or []), ray_address)
        finally:
            write_failures(listed_in, expansion.refused, report.failures)
        conclude(report, expansion.refused, listed_in)


def _elsewhere(
    executor: str, jobs: list[Job], options: Options, interrupt: GentleInterrupt, out: Path, slurm: dict[str, str], ray_address: str | None
) -> Report:
    """Run on a cluster. The engines are imported only where they are asked for."""
    engine: Engine
    if executor == "slurm":
        from render.farm.slurm import Slurm

        engine = Slurm(options, slurm, out)
    else:
        from render.farm.ray_tasks import Ray

        engine = Ray(options, ray_address)
    try:
        return ChunkRun(jobs, options, engine, interrupt).run()
    finally:
        engine.close()


def _pairs(settings: list[str]) -> dict[str, str]:
    pairs = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise UsageError(f"--slurm {setting} must be KEY=VALUE, like --slurm partition=gpu")
        pairs[name] = value
    return pairs


def main() -> None:
    """Entry point."""
    run_typer(app)


if __name__ == "__main__":
    main()
