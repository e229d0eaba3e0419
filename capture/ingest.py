"""``cat-ingest``: folders of camera files to series, one series per folder."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from capture.sorting.plan import Plan, plan_series, series_id
from capture.writing.write import write_series
from cat_dataset.command import reported, warn
from cat_dataset.errors import CatError, InputError, UsageError
from cat_dataset.progress import Progress
from cat_dataset.typer_app import run_typer


def check_folders(folders: Sequence[Path]) -> list[Path]:
    """``folders`` without those given twice.

    Raises:
        UsageError: two of them would make a series of the same name.
    """
    unique: dict[Path, Path] = {}
    for folder in folders:
        if folder.resolve() in unique:
            warn(f"{folder} is given twice; it is read once")
        unique.setdefault(folder.resolve(), folder)
    names: dict[str, Path] = {}
    for folder in unique.values():
        other = names.setdefault(series_id(folder), folder)
        if other is not folder:
            raise UsageError(
                f"{other} and {folder} would both become series {series_id(folder)!r}; rename one, or use another --out for it"
            )
    return list(unique.values())


app = typer.Typer(add_completion=False)


@app.command()
def ingest(
    *,
    folders: Annotated[list[Path], typer.Argument(metavar="DIR", help="Folders of camera files, one series each.")],
    out: Annotated[Path, typer.Option(help="Where the series go.")] = Path("series"),
    size: Annotated[int, typer.Option(help="Longest side of the frames in pixels; never enlarged.")] = 1024,
    full: Annotated[bool, typer.Option("--full", help="Demosaic at full size even where half would do.")] = False,
    object_name: Annotated[str, typer.Option("--object", help="What the pictures show, for instructions.")] = "scene",
    scene: Annotated[str | None, typer.Option(help="Scene name; series that share it stay in one split.")] = None,
    attribute: Annotated[str | None, typer.Option(help="iso, aperture, exposure or white_balance, where several vary.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Turn folders of camera files (RAW or JPEG) into series: find what varies, develop alike, write."""
    with reported(debug):
        if not 16 <= size <= 16384:
            raise UsageError(f"--size {size} must be 16 to 16384 pixels")
        if not object_name.strip() or len(object_name) > 60 or not object_name.isprintable():
            raise UsageError("--object must be 1 to 60 printable characters, like 'car'")
        chosen = check_folders(folders)
        plans: list[Plan] = []
        failed: list[CatError] = []
        for folder in chosen:
            try:
                plans.append(plan_series(folder, size=size, full=full, attribute=attribute))
            except UsageError:
                raise
            except CatError as error:
                failed.append(error)
        progress = Progress("developing", sum(len(plan.shots) for plan in plans))
        lines = []
        for plan in plans:
            for note in plan.notes:
                warn(f"{plan.folder}: {note}")
            try:
                lines.append(write_series(plan, out, name=object_name, scene=scene, progress=progress))
            except CatError as error:
                failed.append(error)
        if plans:
            progress.close()
        for line in lines:
            print(line)
        _report(failed, len(chosen))


def _report(failed: Sequence[CatError], total: int) -> None:
    if not failed:
        return
    if total == 1:
        raise failed[0]
    for error in failed:
        print(f"error: {error}", file=sys.stderr)
    raise InputError(f"{len(failed)} of {total} folders could not be ingested (named above); the others are done")


def main() -> None:
    """Entry point."""
    run_typer(app)


if __name__ == "__main__":
    main()
