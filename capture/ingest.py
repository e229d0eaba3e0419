"""``cat-ingest``: folders of camera files to series whose labels the pixels agree with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from capture.developing.recipe import CHANGES
from capture.options import Options
from capture.sandbox import DEFAULT_MEMORY_GIB, DEFAULT_SECONDS, Sandbox
from capture.writing.run import check_folders, develop_files, explain_folders, ingest_folders, verify_series
from cat_dataset.command import reported
from cat_dataset.errors import UsageError
from cat_dataset.series import SERIES_JSON
from cat_dataset.typer_app import run_typer

app = typer.Typer(add_completion=False)


@app.command()
def ingest(
    *,
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="DIR...", help="Folders of camera files; single files with --white-balance and the like.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the series go.")] = Path("series"),
    size: Annotated[int, typer.Option(help="Side of the frames in pixels; never enlarged.")] = 1024,
    shape: Annotated[str, typer.Option(help="square: cut to a square; whole: the whole picture, --size on its long side.")] = "square",
    bits: Annotated[int, typer.Option(help="8 or 16 bits a channel.")] = 8,
    linear: Annotated[bool, typer.Option("--linear", help="Store linear light instead of the sRGB curve; needs --bits 16.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Demosaic at full size even where half would do.")] = False,
    object_name: Annotated[str | None, typer.Option("--object", help="What the pictures show, for instructions; by default scene.")] = None,
    scene: Annotated[str | None, typer.Option(help="Scene name; series that share it stay in one split.")] = None,
    attribute: Annotated[str | None, typer.Option(help="The setting that counts, where several vary (iso, aperture, exposure …).")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say by the tags what would be made and what spoils it; write nothing.")
    ] = False,
    verify: Annotated[
        list[Path] | None, typer.Option(metavar="SERIES", help="Make a finished series again from its files and compare bits.")
    ] = None,
    white_balance: Annotated[
        str | None, typer.Option(help="From one RAW: 400 (200 steps of 0.5 mired lower, 200 higher), or kelvins: 3000,4000,5000.")
    ] = None,
    exposure: Annotated[str | None, typer.Option(help="From one picture: EV as LO:HI:N or a list, like -2:2:9.")] = None,
    gamma: Annotated[str | None, typer.Option(help="From one picture: gamma, like 1:3:21.")] = None,
    hue: Annotated[str | None, typer.Option(help="From one picture: degrees, like -180:170:36.")] = None,
    saturation: Annotated[str | None, typer.Option(help="From one picture: percent, 100 = as it is, like 0:200:21.")] = None,
    contrast: Annotated[str | None, typer.Option(help="From one picture: percent, 100 = as it is, like 50:200:16.")] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes that decode, by default one per core; 0: none, in this process, without caps.")
    ] = None,
    memory: Annotated[float, typer.Option(help="GiB that decoding one file may take.")] = DEFAULT_MEMORY_GIB,
    time_limit: Annotated[float, typer.Option(help="Seconds that decoding one file may take.")] = DEFAULT_SECONDS,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Turn folders of camera files into series: find what varies, develop alike, prove the labels from the pixels, write."""
    with reported(debug):
        asked = (white_balance, exposure, gamma, hue, saturation, contrast)
        changes = {name: text for name, text in zip(CHANGES, asked, strict=True) if text is not None}
        options = Options(size, shape, bits, "linear" if linear else "sRGB", full, object_name, scene, attribute)
        given = list(paths or [])
        _check_modes(given, explain, verify, changes, attribute)
        with Sandbox(workers, memory, time_limit, debug) as sandbox:
            if verify:
                verify_series(*_series_and_sources(verify, given), sandbox)
            elif changes:
                develop_files(given, changes, options, out, sandbox)
            elif explain:
                explain_folders(check_folders(given), options, sandbox)
            else:
                ingest_folders(check_folders(given), options, out, sandbox)


def _check_modes(
    given: Sequence[Path], explain: bool, verify: Sequence[Path] | None, changes: dict[str, str], attribute: str | None
) -> None:
    modes = [name for name, on in (("--explain", explain), ("--verify", bool(verify)), *((f"--{c}", True) for c in changes)) if on]
    if explain + bool(verify) + bool(changes) > 1:
        raise UsageError(f"{' and '.join(modes).replace('_', '-')} do not go together; run them one after the other")
    if changes and attribute is not None:
        raise UsageError(f"--attribute means nothing with {modes[0].replace('_', '-')}: that flag says what varies")
    if not given and not verify:
        raise UsageError("give the folder of a series, like: cat-ingest ~/dslr/iso_scene_042")


def _series_and_sources(verify: Sequence[Path], given: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Series to verify, and the folder of camera files if one is given: of ``--verify series/*`` all but the first are arguments."""
    series = [*verify, *(path for path in given if (path / SERIES_JSON).is_file())]
    sources = [path for path in given if path not in series]
    if len(sources) > 1:
        raise UsageError(f"--verify takes one folder of camera files at most, not {len(sources)}: {', '.join(map(str, sources[:3]))}")
    return series, sources


def main() -> None:
    """Entry point."""
    run_typer(app)


if __name__ == "__main__":
    main()
