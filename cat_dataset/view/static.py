"""``cat-view --html DIR``: the page with everything it shows in files beside it, for a reader without a server.

    index.html, view.css, *.js        the same page
    data.js                           totals, and a card of every series in the copy
    series/000012/series.js           all of one series
    series/000012/4.png, 4_small.jpg  its pictures, byte for byte, and small ones

Folders and files are numbered; no name from the dataset becomes a path. A folder is written under another name and
renamed when it is whole, so it is there in full or not at all. Equal datasets give equal files.
"""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from cat_dataset.errors import CatError, InputError, UsageError
from cat_dataset.files import folder_lock, fsync_folder
from cat_dataset.progress import Progress
from cat_dataset.view.assets import DATA, assets
from cat_dataset.view.catalogue import PAGE, Catalogue, Query
from cat_dataset.view.pictures import Pictures

MARK = "cat-view-copy.json"
"""Written into every copy: a folder that holds it and nothing foreign may be replaced by a newer copy."""
_SERIES = "series"


def write_copy(catalogue: Catalogue, pictures: Pictures, target: Path, limit: int) -> tuple[int, list[str]]:
    """Write the copy to ``target``: at most ``limit`` series for each attribute in each split, all if it is 0.

    Returns how many series it holds, and a line for every picture that could not be copied (the page says so in its place).

    Raises:
        UsageError: ``target`` holds something that is not a copy.
        InputError: the disk has not enough room.
    """
    target = Path(os.path.abspath(target))
    check_target(target)
    chosen = choose(catalogue, limit)
    _check_space(catalogue, chosen, target)
    work = target.with_name(f".{target.name}.partial")
    copy, old = work / "copy", work / "old"
    try:
        with folder_lock(work):
            try:
                _remove(copy)
                copy.mkdir()
                faults = _write(catalogue, pictures, chosen, copy, limit)
                _put(copy, target, old)
            finally:
                _remove(copy)
                _remove(old)
    finally:
        with suppress(OSError):
            work.rmdir()  # not while another process holds it
    return len(chosen), faults


def choose(catalogue: Catalogue, limit: int) -> list[int]:
    """Numbers of the series of a copy, by name: the first ``limit`` of each attribute in each split, or all."""
    if not limit:
        return [int(k) for k in catalogue.find(Query())]
    about = catalogue.summary()
    kept: set[int] = set()
    for one in about["attributes"]:
        for split in about["splits"]:
            kept.update(int(k) for k in catalogue.find(Query(one["name"], split["name"]))[:limit])
    return [int(k) for k in catalogue.find(Query()) if int(k) in kept]


def _write(catalogue: Catalogue, pictures: Pictures, chosen: list[int], copy: Path, limit: int) -> list[str]:
    extension = catalogue.dataset.info["image_format"]
    cards, faults = [], []
    frames = int(sum(catalogue.dataset.series["frames"].iloc[k] for k in chosen))
    progress = Progress("copy", frames)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for place, k in enumerate(chosen):
            name = f"{_SERIES}/{place:06d}"
            folder = copy / name
            folder.mkdir(parents=True)
            detail = catalogue.detail(k)
            first = int(catalogue.dataset.starts[k])
            numbers = range(len(detail["frames"]["frame"]))
            said = pool.map(
                lambda frame, first=first, folder=folder: _write_frame(pictures, first + frame, folder, frame, extension), numbers
            )
            broken = {str(frame): fault for frame, fault in zip(numbers, said, strict=True) if fault}
            faults += [f"{detail['id']}, frame {frame}: {fault}" for frame, fault in broken.items()]
            known = {flag["frame"] for flag in detail["flags"] if flag["kind"] == "picture"}  # cat-verify said so already
            detail["flags"] += [{"frame": int(n), "kind": "bytes", "message": fault} for n, fault in broken.items() if int(n) not in known]
            _script(folder / "series.js", f"catView.receive({_json({**detail, 'folder': name, 'faults': broken})});\n")
            cards.append({**catalogue.card(k), "flags": len(detail["flags"]), "folder": name, "faults": broken})
            progress.advance(len(numbers), detail["id"])
    progress.close()
    summary = {**catalogue.summary(), "copy": {"series": len(chosen), "of": len(catalogue.ids), "limit": limit}}
    data = {"dataset": _of_copy(summary, cards), "extension": extension, "page": PAGE, "list": cards}
    _script(copy / DATA, f"const catViewData = {_json(data)};\n")
    for name, content in assets().items():
        (copy / name).write_bytes(content)
    (copy / MARK).write_text(_json({"format": 1, "series": len(chosen)}) + "\n", encoding="utf-8")
    return faults


def _of_copy(summary: dict[str, Any], cards: list[dict[str, Any]]) -> dict[str, Any]:
    """The filters' counts as they are in the copy; totals stay those of the dataset."""
    attributes = [{**one, "series": sum(one["name"] in card["varies"] for card in cards)} for one in summary["attributes"]]
    splits = [{**one, "series": sum(one["name"] == card["split"] for card in cards)} for one in summary["splits"]]
    return {**summary, "attributes": [a for a in attributes if a["series"]], "splits": [s for s in splits if s["series"]]}


def _write_frame(pictures: Pictures, row: int, folder: Path, frame: int, extension: str) -> str | None:
    """Both files of a frame, or why there are none."""
    try:
        whole, small = pictures.whole(row), pictures.small(row)
    except CatError as error:
        return str(error)
    (folder / f"{frame}.{extension}").write_bytes(whole)
    (folder / f"{frame}_small.jpg").write_bytes(small)
    return None


def _json(value: Any) -> str:
    """ASCII, so that no browser can take it for another encoding; and no ``<``, so that it ends no script."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _script(path: Path, text: str) -> None:
    path.write_text(text, encoding="ascii", newline="\n")


def check_target(target: Path) -> None:
    """Refuse a place where a copy may not be put.

    Raises:
        UsageError: it holds something that is not a copy, or cannot be made.
    """
    target = Path(os.path.abspath(target))
    if not target.name:
        raise UsageError(f"{target} cannot be replaced; give a new folder with --html")
    if not target.parent.is_dir():
        raise UsageError(f"{target.parent} is not a folder; make it first, or give another place with --html")
    if not target.exists() and not target.is_symlink():
        return
    if not target.is_dir() or target.is_symlink():
        raise UsageError(f"{target} is no folder; give a new one with --html")
    ours = {MARK, DATA, _SERIES, *assets()}
    there = {entry.name for entry in target.iterdir()}
    if there and (MARK not in there or not there <= ours):
        foreign = sorted(there - ours) or [MARK + " is missing"]
        raise UsageError(f"{target} holds something else ({foreign[0]}); give a new or empty folder with --html")


def _check_space(catalogue: Catalogue, chosen: list[int], target: Path) -> None:
    starts, size = catalogue.dataset.starts, catalogue.dataset.columns.size
    wanted = sum(int(size[starts[k] : starts[k + 1]].sum()) + 20_000 * int(starts[k + 1] - starts[k]) for k in chosen)
    free = shutil.disk_usage(target.parent).free
    if free < wanted:
        raise InputError(
            f"{target.parent} has {free / 1e9:.1f} GB free and the copy needs about {wanted / 1e9:.1f} GB; give a smaller --limit"
        )


def _put(copy: Path, target: Path, old: Path) -> None:
    """Give the finished copy its name, in place of an older one."""
    if hasattr(os, "sync"):
        os.sync()  # many small files: one sync of everything costs less than one of each
    _remove(old)
    replaces = target.exists()
    if replaces:
        os.replace(target, old)
    try:
        os.replace(copy, target)
    except OSError:
        if replaces:
            os.replace(old, target)
        raise
    fsync_folder(target.parent)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
