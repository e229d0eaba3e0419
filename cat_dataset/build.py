"""``cat-build-shards``: series/ → shards/*.tar and manifests/, whole or not at all.

Everything is packed into ``shards/.staging`` first. Then dataset.json goes, the shards and tables take their places, and
dataset.json comes back last: a build that is killed at any point leaves the old dataset, or one that `open_dataset`
refuses as unfinished, and ends with the same bytes when it is run again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from cat_dataset import manifests as index
from cat_dataset import tables
from cat_dataset.command import reported, warn
from cat_dataset.commit import STAGING, commit, describe
from cat_dataset.errors import InputError, ManifestError, SeriesError, UsageError
from cat_dataset.files import folder_lock, json_bytes
from cat_dataset.packing import Item, Packer, Shard
from cat_dataset.progress import Progress
from cat_dataset.series import SERIES_JSON, Series, find_series, read_series, verify_frames
from cat_dataset.splits import Member, Token, assign, lacking, member_of, parse_fractions, tokens
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


def collect(root: Path) -> tuple[list[Item], list[str]]:
    """Every series under ``root``, verified in full, and a line for every folder that cannot be packed.

    Raises:
        SeriesError: ``root`` is no folder, or holds no series at all.
    """
    finished = list(find_series(root))
    names = {folder.name for folder in finished}
    left_out = [
        f"{folder} has no {SERIES_JSON}: it is unfinished; run its producer again, or delete it"
        for folder in sorted(root.iterdir())
        if folder.is_dir() and not folder.name.startswith(".") and folder.name not in names
    ]
    progress = Progress("verify", len(finished), "series")
    items = []
    for folder in finished:
        try:
            series = read_series(folder)
            verify_frames(folder, series)
            _check_text(folder, series)
            items.append(Item.of(folder, series))
        except InputError as error:
            left_out.append(str(error))
        progress.advance(1, folder.name)
    if finished:
        progress.close()
    elif not left_out:
        raise SeriesError(f"{root} is empty; render or ingest a series into it first, or give the folder with --series")
    return items, left_out


def _check_text(folder: Path, series: Series) -> None:
    """Refuse what JSON allows and neither Parquet nor another JSON reader takes: NaN, and half a surrogate pair."""
    try:
        json_bytes(series.as_json())
    except ValueError as error:
        raise SeriesError(f"{folder / SERIES_JSON} holds text or a number that cannot be stored ({error}); make the series again") from None


def build(
    series: Path,
    shards: Path,
    manifests: Path,
    *,
    fractions: Mapping[str, float],
    shard_size: int,
    image_format: str,
    split_by: Sequence[str] | None = None,
    fresh_split: bool = False,
    skip_broken: bool = False,
) -> dict[str, Any]:
    """Pack every series; returns the content of dataset.json.

    Raises:
        CatError: nothing was changed, or (an error while committing) the build is unfinished and says so when opened.
    """
    items, left_out = collect(series)
    for line in left_out:
        warn(line)
    if left_out and not skip_broken:
        raise SeriesError(
            f"{len(left_out)} of {len(left_out) + len(items)} folders in {series} cannot be packed (named above); nothing was "
            "changed. Finish or delete them, or go on without them by --skip-broken"
        )
    if not items:
        raise SeriesError(f"{series} holds no series that can be packed; nothing was changed")
    with _locked(shards, manifests):
        shards_folder = index.relative_shards(manifests, shards)
        members = [_member(item) for item in items]
        splits = assign(members, fractions, split_by, None if fresh_split else _previous(manifests, split_by))
        for line in lacking(members, splits, fractions):
            warn(line)
        staging = shards / STAGING
        _check_space(items, shards, staging)
        staging.mkdir(exist_ok=True)
        packed = _pack(items, splits, staging, shard_size, image_format)
        settings = {"fractions": dict(fractions), "by": list(split_by) if split_by else None}
        info = describe(items, packed, image_format, settings, shards_folder)
        commit(items, splits, packed, info, shards, manifests)
    if left_out:
        raise SeriesError(f"packed {len(items)} series; left out {len(left_out)} (named above), finish or delete them")
    return info


@contextmanager
def _locked(shards: Path, manifests: Path) -> Iterator[None]:
    """Hold both folders, which may be one."""
    with folder_lock(shards), nullcontext() if manifests.exists() and manifests.samefile(shards) else folder_lock(manifests):
        yield


def _member(item: Item) -> Member:
    one = item.series
    return Member(one.id, one.source, one.scene, one.varies, len(one.frames))


def _previous(manifests: Path, split_by: Sequence[str] | None) -> dict[Token, str]:
    """The split of everything that the dataset that is there shows."""
    if not (manifests / tables.SERIES).is_file():
        return {}
    try:
        table = tables.read_series_table(manifests)
    except ManifestError as error:
        raise ManifestError(f"{error} (its scenes should keep their splits; --fresh-split gives that up)") from None
    return {token: str(row["split"]) for row in table.to_dict("records") for token in tokens(member_of(row), split_by)}


def _check_space(items: Sequence[Item], shards: Path, staging: Path) -> None:
    """Refuse before the work rather than in the middle of it. What lies in staging already counts as free."""
    frames = [(item.folder / frame.file).stat().st_size for item in items for frame in item.series.frames]
    wanted = sum(frames) + 3072 * len(frames)
    there = sum(path.stat().st_size for path in staging.glob("*.tar")) if staging.is_dir() else 0
    free = shutil.disk_usage(shards).free + there
    if free < wanted:
        raise InputError(
            f"{shards} has {_amount(free)} free and the shards need about {_amount(wanted)} (old ones stay until the new are "
            "whole); free some space or choose another --shards"
        )


def _amount(size: int) -> str:
    """Bytes in GB, or in MB below 1 GB."""
    return f"{size / 1e9:.1f} GB" if size >= 10**9 else f"{size / 1e6:.1f} MB"


def _pack(items: Sequence[Item], splits: Mapping[str, str], staging: Path, limit: int, image_format: str) -> list[Shard]:
    progress = Progress("pack", sum(len(item.series.frames) for item in items))
    packed: list[Shard] = []
    for split in index.SPLITS:
        chosen = [item for item in items if splits[item.series.id] == split]
        packed += Packer(split, chosen, staging, limit, image_format).run(progress)
    progress.close()
    return packed


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    series: Annotated[str, typer.Option(metavar="PATH", help="Folder of series folders.")] = "series",
    shards: Annotated[str, typer.Option(metavar="PATH", help="Where the tars go.")] = "shards",
    manifests: Annotated[str, typer.Option(metavar="PATH", help="Where the tables go.")] = "manifests",
    split: Annotated[str, typer.Option(help="Shares of train/validation/test.")] = "0.9/0.05/0.05",
    shard_size: Annotated[str, typer.Option(help="Largest shard, like 500M or 2G; a larger series gets its own.")] = "1G",
    format: Annotated[str, typer.Option(help="png (lossless; PNG frames are copied as they are) or jpg (quality 95, 4:4:4).")] = "png",
    split_by: Annotated[
        str | None, typer.Option(help="Scene keys to split by, like asset,hdri. Default: character, asset, scene; hdri for captures.")
    ] = None,
    fresh_split: Annotated[bool, typer.Option("--fresh-split", help="Forget which split the scenes of the old dataset were in.")] = False,
    skip_broken: Annotated[bool, typer.Option("--skip-broken", help="Leave out unfinished or broken series; exit 2 at the end.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Pack every series into shards and their manifests."""
    with reported(debug):
        if format not in ("png", "jpg"):
            raise UsageError(f"--format {format!r} must be png or jpg")
        keys = [key.strip() for key in split_by.split(",") if key.strip()] if split_by is not None else None
        if keys == []:
            raise UsageError("--split-by names no key; give scene keys like asset,hdri or leave it out")
        info = build(
            index.folder_flag("--series", series), index.folder_flag("--shards", shards), index.folder_flag("--manifests", manifests),
            fractions=parse_fractions(split), shard_size=parse_size(shard_size), image_format=format,
            split_by=keys, fresh_split=fresh_split, skip_broken=skip_broken,
        )  # fmt: skip
        totals = info["totals"]
        shares = ", ".join(f"{name} {count}" for name, count in totals["splits"].items())
        print(
            f"ok: {totals['frames']} frames in {totals['series']} series ({shares}) in {len(info['shards'])} shards, "
            f"{totals['bytes'] / 1e6:.1f} MB, in {shards}; tables in {manifests}"
        )


def main() -> None:
    """Entry point of ``cat-build-shards``."""
    run_typer(app)


if __name__ == "__main__":
    main()
