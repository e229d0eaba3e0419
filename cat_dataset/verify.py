"""``cat-verify``: re-read and re-hash every byte of a packed dataset, and name every fault.

The tables say what every byte of a shard must be, the pictures' own apart, and those have their hashes.
"""

from __future__ import annotations

import hashlib
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, BinaryIO

import pandas as pd
import typer

from cat_dataset.command import reported, warn
from cat_dataset.errors import InputError, ManifestError
from cat_dataset.files import sha256_file
from cat_dataset.images import decode_rgb
from cat_dataset.manifests import DATASET_JSON, changed_tables, folder_flag, read_info, table_fault
from cat_dataset.progress import Progress
from cat_dataset.shards import BLOCK, archive_size, member_name, sample_json, tar_header
from cat_dataset.splits import Token, member_of, tokens
from cat_dataset.tables import FRAME_COLUMNS, FRAMES, REMAKE, SERIES, SERIES_COLUMNS, read_table
from cat_dataset.typer_app import run_typer

PRINTED = 50
"""Faults that are printed; the rest is counted."""
_COPY = f"copy the shard again or {REMAKE}"


def verify(manifests: Path, shards: Path | None = None) -> tuple[list[str], int, int]:
    """Every fault of the dataset, each with file, member and remedy; and how many frames and series it has.

    Raises:
        ManifestError: it cannot be read at all: absent, unfinished, of another schema version, unreadable tables.
    """
    info = read_info(manifests)
    folder = shards if shards is not None else manifests / Path(PurePosixPath(info["shards_folder"]))
    frames = read_table(manifests / FRAMES, FRAME_COLUMNS)
    series = read_table(manifests / SERIES, SERIES_COLUMNS)
    faults = list(_total_faults(info, manifests, frames, series))
    broken = table_fault(frames, series, {shard["file"]: shard["bytes"] for shard in info["shards"]})
    if broken:
        faults.append(f"{manifests}: {broken}; {REMAKE}")
        frames = frames.iloc[:0]  # what the tables say of the shards means nothing then; their hashes still do
    else:
        faults += _split_faults(info, series)
    described = {row["series"]: row for row in series.to_dict("records")}
    by_shard = {str(name): rows.to_dict("records") for name, rows in frames.groupby("shard", sort=False)}
    progress = Progress("verify", len(frames))
    for shard in info["shards"]:
        faults += _shard_faults(folder / shard["file"], shard)
        rows = by_shard.get(shard["file"], [])
        if rows and (folder / shard["file"]).is_file():
            faults += _content_faults(folder / shard["file"], rows, described, info["image_format"], progress)
    progress.close()
    return faults, len(frames), len(series)


def _total_faults(info: Mapping[str, Any], manifests: Path, frames: pd.DataFrame, series: pd.DataFrame) -> Iterator[str]:
    yield from changed_tables(info, manifests)
    totals = info.get("totals")
    totals = totals if isinstance(totals, dict) else {}
    counted = {"frames": len(frames), "series": len(series), "bytes": sum(shard["bytes"] for shard in info["shards"])}
    for key, count in counted.items():
        if totals.get(key) != count:
            yield f"{manifests / DATASET_JSON} says {totals.get(key)} {key}, there are {count}; {REMAKE}"
    for shard in info["shards"]:
        count = int((frames["shard"] == shard["file"]).sum())
        if shard.get("samples") != count:
            yield f"{manifests / DATASET_JSON} says {shard.get('samples')} samples in {shard['file']}, there are {count}; {REMAKE}"


def _split_faults(info: Mapping[str, Any], series: pd.DataFrame) -> Iterator[str]:
    """Scenes that are in two splits, by the keys the split was made with."""
    split = info.get("split")
    keys = split.get("by") if isinstance(split, dict) else None
    seen: dict[Token, dict[str, str]] = defaultdict(dict)
    for row in series.to_dict("records"):
        for token in tokens(member_of(row), keys):
            seen[token].setdefault(row["split"], row["series"])
    for (key, value), where in seen.items():
        if len(where) > 1:
            both = " and ".join(f"{name} ({one})" for one, name in sorted(where.items()))
            yield f"{key} {value!r} is in two splits, by series {both}; {REMAKE} with --fresh-split"


def _shard_faults(path: Path, listed: Mapping[str, Any]) -> Iterator[str]:
    if not path.is_file():
        yield f"{path} is absent; {_COPY}"
    elif path.stat().st_size != listed["bytes"]:
        yield f"{path} has {path.stat().st_size} bytes, not {listed['bytes']}; {_COPY}"
    elif sha256_file(path) != listed["sha256"]:
        yield f"{path} does not match its sha256 in dataset.json; {_COPY}"


def _content_faults(
    path: Path, rows: Sequence[Mapping[Any, Any]], series: Mapping[str, Mapping[Any, Any]], extension: str, progress: Progress
) -> Iterator[str]:
    """What lies in the shard at ``path``, sample by sample, against its ``rows``."""
    at = 0
    with open(path, "rb") as stream:
        for row in sorted(rows, key=lambda row: int(row["offset"])):
            name = f"{path}, {member_name(row['series'], row['frame'], extension)}"
            if row["offset"] != at + BLOCK:
                yield f"{name} should begin at byte {at + BLOCK}, {FRAMES} says {row['offset']}; {REMAKE}"
            for fault in _sample_faults(stream, row, series[row["series"]], extension):
                yield f"{name}: {fault}; {_COPY}"
            at = int(row["offset"]) + _padded(int(row["size"])) + BLOCK + _padded(len(_expected_json(row, series[row["series"]])))
            progress.advance()
        stream.seek(at)
        if path.stat().st_size != archive_size(at) or stream.read(archive_size(at) - at).strip(b"\0"):
            yield f"{path} holds something behind its last sample; {_COPY}"


def _sample_faults(stream: BinaryIO, row: Mapping[Any, Any], series: Mapping[Any, Any], extension: str) -> Iterator[str]:
    """Faults of one picture and its JSON."""
    size, frame = int(row["size"]), int(row["frame"])
    stream.seek(int(row["offset"]) - BLOCK)
    if stream.read(BLOCK) != tar_header(member_name(row["series"], frame, extension), size):
        yield "its tar header differs"
    data = stream.read(size)
    if stream.read(-size % BLOCK).strip(b"\0"):
        yield "its padding is not empty"
    if zlib.crc32(data) != row["crc32"] or hashlib.sha256(data).hexdigest() != row["sha256"]:
        yield f"its {size} bytes at offset {row['offset']} do not match their hashes"
    else:
        try:
            height, width = decode_rgb(data, where="it").shape[:2]
            if (width, height) != (row["width"], row["height"]):
                yield f"it has {width}×{height} pixels, {FRAMES} says {row['width']}×{row['height']}"
        except InputError as error:
            yield f"it does not decode ({error})"
    expected = _expected_json(row, series)
    stream.seek(int(row["offset"]) + _padded(size))
    header = tar_header(member_name(row["series"], frame, "json"), len(expected))
    if stream.read(BLOCK + _padded(len(expected))) != header + expected + bytes(-len(expected) % BLOCK):
        yield f"its JSON sample differs from {FRAMES}"


def _expected_json(row: Mapping[Any, Any], series: Mapping[Any, Any]) -> bytes:
    return sample_json(
        row["series"], int(row["frame"]), source=series["source"], object=series["object"],
        labels={name: row[f"value_{name}"] for name in series["varies"]},
        width=int(row["width"]), height=int(row["height"]), sha256=row["sha256"],
    )  # fmt: skip


def _padded(size: int) -> int:
    return size + -size % BLOCK


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    manifests: Annotated[
        str, typer.Argument(metavar="[MANIFESTS]", help="The folder that cat-build-shards wrote its tables to.")
    ] = "manifests",
    shards: Annotated[str | None, typer.Option(metavar="PATH", help="Where the tars are, if they were moved.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Re-read and re-hash everything; list every fault; exit 2 if there is one."""
    with reported(debug):
        begun = time.monotonic()
        folder = folder_flag("MANIFESTS", manifests)
        faults, frames, series = verify(folder, None if shards is None else folder_flag("--shards", shards))
        for fault in faults[:PRINTED]:
            warn(fault)
        if faults:
            hidden = f", of which {len(faults) - PRINTED} are not shown" if len(faults) > PRINTED else ""
            raise ManifestError(f"{manifests} has {len(faults)} fault{'s' * (len(faults) > 1)} (named above{hidden})")
        rate = frames / max(time.monotonic() - begun, 1e-9)
        print(f"ok: {frames} frames in {series} series match their hashes, labels and splits ({rate:.0f} frames/s)")


def main() -> None:
    """Entry point of ``cat-verify``."""
    run_typer(app)


if __name__ == "__main__":
    main()
