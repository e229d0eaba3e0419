"""``cat-demo``: the whole path with small data, and a report of what came out."""

from __future__ import annotations

import time
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from cat_dataset.command import reported
from cat_dataset.demo.report import write_report
from cat_dataset.demo.stages import FULL, TINY, data_stages, edit_stage, model_stages, run_stage
from cat_dataset.errors import InputError
from cat_dataset.manifests import open_dataset
from cat_dataset.typer_app import run_typer

app = typer.Typer(add_completion=False)


@app.command()
def run(
    out: Annotated[Path, typer.Option(help="folder for everything the demo makes")] = Path("demo"),
    tiny: Annotated[bool, typer.Option("--tiny", help="the smallest sizes: a check that everything runs, not that it learns")] = False,
    show: Annotated[bool, typer.Option("--show", help="open the report in a browser at the end")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="show tracebacks")] = False,
) -> None:
    """Render, photograph, ingest, pack, train, edit and measure; writes <out>/report.html. Under ten minutes on two cores.

    Run again after an interruption, it goes on where it stopped.
    """
    with reported(debug):
        start = time.monotonic()
        resume = any((out / "runs" / "nano" / "checkpoints").glob("step-*"))
        sizes = TINY if tiny else FULL
        before, after = data_stages(out, sizes), model_stages(out, sizes, resume=resume)
        total = len(before) + len(after) + 1
        done = [run_stage(stage, number, total) for number, stage in enumerate([*before, *after], start=1)]
        picture = _held_out_picture(out)
        done.append(run_stage(edit_stage(out, picture), total, total))
        report = write_report(out, done)
        minutes = (time.monotonic() - start) / 60
        print(f"\ndone in {minutes:.1f} minutes: open {report}", flush=True)
        if show:
            webbrowser.open(report.resolve().as_uri())


def _held_out_picture(out: Path) -> Path:
    """The middle frame of the first held-out exposure series, as it lies in the series folder."""
    dataset = open_dataset(out / "manifests")
    for row in dataset.series[dataset.series["split"] == "test"].sort_values("series").to_dict("records"):
        if "exposure" in row["varies"]:
            frames = sorted((out / "series" / str(row["series"]) / "frames").iterdir())
            return frames[len(frames) // 2]
    raise InputError(f"{out}: no held-out exposure series; delete {out} and run the demo again")


def main() -> None:
    """Console script."""
    run_typer(app)


if __name__ == "__main__":
    main()
