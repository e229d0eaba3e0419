"""Orders to an editor of our own, as files in a folder: one for each job, and a heart that beats while the driver lives.

Standard library only: read inside the editor too.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cat_dataset.errors import InputError
from cat_dataset.files import read_json, write_json

DRIVER = "driver.beat"
"""Written anew every few seconds by whoever has started the editor."""
SILENT_S = 120.0
"""Seconds without a beat of the driver after which an editor that is alone in the world ends."""
REFUSED = ".refused"
"""Suffix of the file that says why an order could not be begun."""
MOST_LETTERS = 1000


def give_order(folder: Path, number: int, order: Mapping[str, Any]) -> None:
    """Give the editor that watches ``folder`` its order ``number`` (from 1): `render` or `inspect`."""
    write_json(_path(folder, number), dict(order))


def render(manifest: Path) -> dict[str, Any]:
    """The order to do the job in the file ``manifest``."""
    return {"manifest": str(manifest)}


def inspect(report: Path, character: str, face: tuple[str, ...], body: tuple[str, ...]) -> dict[str, Any]:
    """The order to write what the editor has into the file ``report`` (`render.unreal.in_editor.inspection`)."""
    return {"report": str(report), "character": character, "face": list(face), "body": list(body)}


def read_order(folder: Path, number: int) -> dict[str, Any] | None:
    """Order ``number``; None where it was not given yet.

    Raises:
        InputError: it is not an order.
    """
    path = _path(folder, number)
    if not path.is_file():
        return None
    order = read_json(path, 1 << 16)
    if not isinstance(order, dict) or not isinstance(order.get("manifest", order.get("report")), str):
        raise InputError(f"{path} is not an order")
    return order


def refuse_order(folder: Path, number: int, reason: str) -> None:
    """Tell that order ``number`` could not be begun: nothing will come of it."""
    write_json(_path(folder, number).with_suffix(REFUSED), {"reason": reason[:MOST_LETTERS]})


def refusal(folder: Path, number: int) -> str:
    """Why order ``number`` could not be begun; "" where nobody says so."""
    path = _path(folder, number).with_suffix(REFUSED)
    if not path.is_file():
        return ""
    try:
        said = read_json(path, 1 << 16)
    except (InputError, OSError):  # Windows, while it is being written
        return ""
    return str(said.get("reason", "")) if isinstance(said, dict) else ""


def _path(folder: Path, number: int) -> Path:
    return folder / f"order-{number:04d}.json"
