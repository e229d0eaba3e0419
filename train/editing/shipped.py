"""The adapter that comes with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from cat_dataset.errors import AdapterError


def shipped_adapter() -> Path:
    """Its folder.

    Raises:
        AdapterError: this version comes without one.
    """
    folder = Path(str(files("train") / "nano_adapter"))
    if not (folder / "adapter.json").is_file():
        raise AdapterError(
            "no adapter ships with this version; train one with python -m train.run --shards manifests/ and give its folder with --adapter"
        )
    return folder
