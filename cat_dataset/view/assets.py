"""The page's own files, which are data of this package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

PAGE = "index.html"
DATA = "data.js"
"""Not among the assets: it tells a static copy from a served page."""
TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@cache
def assets() -> dict[str, bytes]:
    """Every file of the page by name."""
    folder = files("cat_dataset.view") / "page"
    found = {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.name.rpartition(".")[2] in TYPES}
    return dict(sorted(found.items()))


def asset_type(name: str) -> str:
    """The media type of an asset."""
    return TYPES[name.rpartition(".")[2]]
