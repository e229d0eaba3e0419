"""Orders to an editor of our own, as files in a folder: one for each job, and a heart that beats while the driver lives.

Standard library only: read inside the editor too.
"""

from __future__ import annotations

from pathlib import Path

from cat_dataset.errors import InputError
from cat_dataset.files import read_json, write_json

DRIVER = "driver.beat"
"""Written anew every few seconds by whoever has started the editor."""
SILENT_S = 120.0
"""Seconds without a beat of the driver after which an editor that is alone in the world ends."""


def give_order(folder: Path, number: int, manifest: Path) -> None:
    """Have the editor that watches ``folder`` do the job in the file ``manifest``, as order ``number`` (from 1)."""
    write_json(_path(folder, number), {"manifest": str(manifest)})


def read_order(folder: Path, number: int) -> str | None:
    """The manifest of order ``number``; None where it was not given yet.

    Raises:
        InputError: it is not an order.
    """
    path = _path(folder, number)
    if not path.is_file():
        return None
    order = read_json(path, 1 << 16)
    manifest = order.get("manifest") if isinstance(order, dict) else None
    if not isinstance(manifest, str):
        raise InputError(f"{path} is not an order")
    return manifest


def _path(folder: Path, number: int) -> Path:
    return folder / f"order-{number:04d}.json"
