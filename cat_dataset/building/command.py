"""The command line of ``cat-build-shards``."""

from __future__ import annotations

from typing import Annotated

import typer

from cat_dataset.building.build import Options, build
from cat_dataset.command import reported, warn
from cat_dataset.errors import UsageError
from cat_dataset.folders import folder_flag
from cat_dataset.interrupt import GentleInterrupt
from cat_dataset.splits import parse_fractions
from cat_dataset.typer_app import run_typer

_UNITS = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def parse_size(text: str) -> int:
    """``500M`` or ``1.5G`` as bytes (powers of 1000).

    Raises:
        UsageError: no such size.
    """
    number, unit = (text[:-1], _UNITS[text[-1].upper()]) if text[-1:].upper() in _UNITS else (text, 1)
    try:
        size = int(float(number) * unit)
    except (ValueError, OverflowError):
        size = 0
    if size <= 0:
        raise UsageError(f"--shard-size {text!r} must be a size like 500M or 2G")
    return size


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    series: Annotated[list[str], typer.Option(metavar="PLACE", help="Folder of series folders; may be given several times.")] = ["series"],  # noqa: B006
    shards: Annotated[str, typer.Option(metavar="PLACE", help="Where the tars go.")] = "shards",
    manifests: Annotated[str, typer.Option(metavar="PLACE", help="Where the tables go.")] = "manifests",
    split: Annotated[str | None, typer.Option(help="Shares of train/validation/test.  (default: as before, or 0.9/0.05/0.05)")] = None,
    shard_size: Annotated[
        str | None, typer.Option(help="Largest shard, like 500M or 2G; a larger series gets its own.  (default: 1G)")
    ] = None,
    format: Annotated[
        str | None, typer.Option(help="png (lossless; PNG frames are copied) or jpg (quality 95, 4:4:4).  (default: as before, or png)")
    ] = None,
    split_by: Annotated[
        str | None,
        typer.Option(help="Scene keys to split by, like asset,hdri.  (default: as before, or character, asset, scene; hdri for captures)"),
    ] = None,
    fresh_split: Annotated[bool, typer.Option("--fresh-split", help="Forget which split the scenes of the old dataset were in.")] = False,
    seed: Annotated[int | None, typer.Option(min=0, help="Another order of the series in the shards.  (default: as before, or 0)")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out refused series and list them in rejected.parquet.")] = False,
    missing: Annotated[str, typer.Option(help="Packed series whose folders are gone: refuse, keep or drop.")] = "refuse",
    repack: Annotated[bool, typer.Option("--repack", help="Make every shard anew instead of adding to what is there.")] = False,
    no_decode: Annotated[
        bool, typer.Option("--no-decode", help="Check hashes and structure of pictures only: quicker, without luminance and look-alikes.")
    ] = False,
    workers: Annotated[int, typer.Option(min=0, help="Threads; 0 takes as many as there are cores.")] = 0,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Pack every series into shards and their manifests. A PLACE is a folder or an address like s3://bucket/folder."""
    with reported(debug):
        if format not in ("png", "jpg", None):
            raise UsageError(f"--format {format!r} must be png or jpg")
        if missing not in ("refuse", "keep", "drop"):
            raise UsageError(f"--missing {missing!r} must be refuse, keep or drop")
        keys = [key.strip() for key in split_by.split(",") if key.strip()] if split_by is not None else None
        if keys == []:
            raise UsageError("--split-by names no key; give scene keys like asset,hdri or leave it out")
        asked = {"fractions": split, "image_format": format, "split_by": split_by, "seed": seed}
        options = Options(
            fractions=parse_fractions(split or "0.9/0.05/0.05"), shard_size=parse_size(shard_size or "1G"), image_format=format or "png",
            split_by=keys, fresh_split=fresh_split, seed=seed or 0, decode=not no_decode, skip_bad=skip_bad, missing=missing,
            repack=repack, workers=workers, inherit=frozenset(name for name, value in asked.items() if value is None),
        )  # fmt: skip
        roots = [folder_flag("--series", one) for one in series]
        places = folder_flag("--shards", shards), folder_flag("--manifests", manifests)
        built = build(roots, *places, options, GentleInterrupt("series").check)
        info, totals = built.info, built.info["totals"]
        given = [flag for flag, value in (("--shard-size", shard_size), ("--seed", seed), ("--split", split)) if value is not None]
        if given and built.kept:
            what = " and ".join(given)
            warn(f"{built.kept} series stay in the shards and splits they were in; {what} went for new ones (see --repack, --fresh-split)")
        shares = ", ".join(f"{name} {count}" for name, count in totals["splits"].items())
        left_out = f", {info['rejected']} left out ({manifests}/rejected.parquet)" if info["rejected"] else ""
        print(
            f"ok: {totals['frames']} frames in {totals['series']} series ({shares}) in {_shards(len(info['shards']))}, "
            f"{totals['bytes'] / 1e6:.1f} MB, in {shards}; tables in {manifests}; "
            f"{f'{built.packed} series packed now, {built.kept} as before' if built.packed else 'nothing new'}{left_out}"
        )


def _shards(count: int) -> str:
    return f"{count} shard{'' if count == 1 else 's'}"


def main() -> None:
    """Entry point of ``cat-build-shards``."""
    run_typer(app)


if __name__ == "__main__":
    main()
