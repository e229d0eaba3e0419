"""Where the camera files of a series lie on this machine. Kept beside the series, not in it: series travel, paths do not."""

from __future__ import annotations

from pathlib import Path

from cat_dataset.errors import InputError
from cat_dataset.files import read_json, write_json
from cat_dataset.series import SERIES_JSON


def _note(series: Path) -> Path:
    return series.parent / f".{series.name}.source.json"


def remember(series: Path, folder: Path) -> None:
    """Note that the sources of ``series`` lie in ``folder``."""
    write_json(_note(series), {"folder": str(folder.resolve())})


def recall(series: Path) -> Path:
    """The folder that was noted.

    Raises:
        InputError: none was, or it is gone.
    """
    if not (series / SERIES_JSON).is_file():
        raise InputError(f"{series} is no series: it has no {SERIES_JSON}; give --verify the folder that cat-ingest made")
    try:
        found = read_json(_note(series))
    except InputError:
        found = None
    folder = found.get("folder") if isinstance(found, dict) else None
    if not isinstance(folder, str):
        raise InputError(f"{series}: where its camera files lie is not known here; name the folder: cat-ingest FOLDER --verify {series}")
    if not Path(folder).is_dir():
        raise InputError(f"{series}: its camera files lay in {folder}, which is gone; name the folder: cat-ingest FOLDER --verify {series}")
    return Path(folder)
