"""``cat-verify``: read and hash every byte of a packed dataset, name every fault, and warn of suspicious labels."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from cat_dataset.checking.faults import Fault
from cat_dataset.checking.verification import Report, inspect
from cat_dataset.command import reported, warn
from cat_dataset.errors import InputError, ManifestError, UsageError
from cat_dataset.files import read_json, write_json
from cat_dataset.folders import LocalFolder, folder_flag
from cat_dataset.tables import REMAKE
from cat_dataset.typer_app import run_typer

PRINTED = 50
"""Faults and findings, of each, that are printed; the rest is counted."""


def verify(manifests: str | Path, shards: str | Path | None = None) -> tuple[list[str], int, int]:
    """Every fault of the dataset as a line; how many frames and series it has.

    Raises:
        ManifestError: it cannot be read at all.
    """
    report = inspect(manifests, shards)
    return [str(fault) for fault in report.faults], report.frames, report.series


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    manifests: Annotated[
        str, typer.Argument(metavar="[MANIFESTS]", help="The folder (or address) that cat-build-shards wrote its tables to.")
    ] = "manifests",
    shards: Annotated[str | None, typer.Option(metavar="PLACE", help="Where the tars are, if they were moved.")] = None,
    decode: Annotated[bool, typer.Option("--decode", help="Decode every picture too, and compare its size and luminance.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Suspicious labels are faults too.")] = False,
    json: Annotated[str | None, typer.Option(metavar="FILE", help="Write everything that was found to this file, as JSON.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Shards read at a time; 0 takes as many as there are cores.")] = 0,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Read and hash everything; list every fault, and exit 2 if there is one. Suspicious labels are warnings."""
    with reported(debug):
        begun = time.monotonic()
        folder = folder_flag("MANIFESTS", manifests)
        moved = None if shards is None else str(folder_flag("--shards", shards))
        target = None if json is None else _local("--json", json)
        try:
            report = inspect(str(folder), moved, workers=workers, decode=decode)
        except ManifestError as error:
            if target:  # or else an older report would stand for this dataset
                message, _, remedy = str(error).partition("; ")
                write_json(target, Report([Fault("dataset", message, remedy or REMAKE)], [], 0, 0, 0).as_json())
            raise
        if target:
            write_json(target, report.as_json())
        _tell(report, manifests, strict)
        rate = report.frames / max(time.monotonic() - begun, 1e-9)
        print(f"ok: {report.frames} frames in {report.series} series match their hashes, labels and splits ({rate:.0f} frames/s)")


def _local(flag: str, text: str) -> Path:
    place = folder_flag(flag, text)
    if not isinstance(place, LocalFolder):
        raise UsageError(f"{flag} {text} is not on this machine; give a file here")
    if place.path.exists():
        try:
            older = read_json(place.path)
        except (InputError, OSError):
            older = None
        if not isinstance(older, dict) or "faults" not in older:
            raise UsageError(f"{flag} {text} is there and no report of cat-verify; give another name, or move it away")
    return place.path


def _tell(report: Report, manifests: str, strict: bool) -> None:
    """Print what was found.

    Raises:
        ManifestError: there are faults; with ``strict`` also if there are findings.
    """
    for fault in report.faults[:PRINTED]:
        print(f"fault: {fault}", file=sys.stderr, flush=True)
    for finding in report.findings[:PRINTED]:
        warn(str(finding))
    if report.rejected:
        warn(f"{_many(report.rejected, 'series')} left out when this was built (rejected.parquet)")
    faults, suspicious = len(report.faults), len(report.findings)
    hidden = max(faults - PRINTED, 0) + max(suspicious - PRINTED, 0)
    unseen = f", of which {hidden} are not shown: --json FILE has all" if hidden else ""
    told = " and ".join(_many(count, what) for count, what in ((faults, "fault"), (suspicious, "suspicious label")) if count)
    if faults or (strict and suspicious):
        raise ManifestError(f"{manifests} has {told} (named above{unseen})")
    if suspicious:
        warn(f"{told} (named above{unseen}); look at them with cat-view, or make them faults with --strict")


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 or what.endswith('s') else 's'}"


def main() -> None:
    """Entry point of ``cat-verify``."""
    run_typer(app)


if __name__ == "__main__":
    main()
