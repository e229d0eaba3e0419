"""Checkpoints on disk: a folder that is whole or absent, safetensors and JSON only.

runs/<name>/checkpoints/step-000200/
    adapter/              what editing needs (the base's own files, adapter.json, tasks.json)
    weights.safetensors   the trained weights themselves (the adapter holds their running average)
    average.safetensors   the running average
    optimizer.safetensors the optimiser's tensors
    state.json            step, fingerprint of the pairs, all else that the optimiser keeps
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from cat_dataset.errors import AdapterError
from cat_dataset.files import fsync_folder, read_json, write_json
from train.tensors import load_tensors, save_tensors

STATE_SCHEMA = 2
_STEP = re.compile(r"step-(\d{6,12})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """All that a run needs to go on: tensors by name, and what JSON holds. ``state`` has the ``step``."""

    weights: Mapping[str, Tensor]
    average: Mapping[str, Tensor]
    optimizer: Mapping[str, Tensor]
    state: Mapping[str, Any]


def checkpoints(run: Path) -> list[Path]:
    """Checkpoint folders of a run, oldest first."""
    folder = run / "checkpoints"
    found = [p for p in folder.iterdir() if _STEP.fullmatch(p.name)] if folder.is_dir() else []
    return sorted(found, key=lambda p: int(p.name.removeprefix("step-")))


def checkpoint_folder(run: Path, step: int) -> Path:
    """Where the checkpoint of a step lies."""
    return run / "checkpoints" / f"step-{step:06d}"


def adapter_folder(run: Path) -> Path:
    """The newest adapter of a run folder, or ``run`` itself where it is an adapter folder.

    Raises:
        AdapterError: none there.
    """
    if (run / "adapter.json").is_file():
        return run
    found = checkpoints(run)
    if not found:
        what = "has no finished checkpoint" if run.is_dir() else "is no folder" if run.exists() else "does not exist"
        raise AdapterError(f"{run} {what}; train one with: python -m train.run --shards manifests/ --out {run}")
    return found[-1] / "adapter"


def save_checkpoint(final: Path, content: Checkpoint, adapter: Callable[[Path], None], *, keep: int = 1) -> None:
    """Write a checkpoint under a temporary name, sync it, rename it, and drop all but the newest ``keep``.

    ``adapter`` writes the adapter's files into the folder it is given.
    """
    if final.exists():
        return  # the same step of the same run has the same content
    partial = _unlisted(final)
    for left in final.parent.glob(".step-*"):
        shutil.rmtree(left)
    (partial / "adapter").mkdir(parents=True)
    try:
        for name in ("weights", "average", "optimizer"):
            save_tensors(partial / f"{name}.safetensors", getattr(content, name))
        adapter(partial / "adapter")
        write_json(partial / "state.json", {"schema": STATE_SCHEMA, **content.state})
        for folder in (partial / "adapter", partial):
            fsync_folder(folder)
        partial.replace(final)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)  # a full disk is left with the room that there was
        raise
    fsync_folder(final.parent)
    for older in checkpoints(final.parent.parent)[:-keep]:
        # Renamed first: a folder that is half removed must not be taken for a checkpoint.
        shutil.rmtree(older.replace(_unlisted(older)))


def read_checkpoint(folder: Path) -> Checkpoint:
    """What `save_checkpoint` wrote.

    Raises:
        AdapterError: files are absent, damaged, or of another schema, or numbers are not finite.
    """
    state = read_json(folder / "state.json")
    if not isinstance(state, dict) or state.get("schema") != STATE_SCHEMA:
        raise AdapterError(f"{folder} was written by another version; start a new run with another --out")
    if type(state.get("step")) is not int or folder.name != f"step-{state['step']:06d}" or not isinstance(state.get("optimizer"), dict):
        raise AdapterError(f"{folder / 'state.json'} is not what this trainer writes; delete {folder} to resume from the one before")
    tensors = {name: load_tensors(folder / f"{name}.safetensors") for name in ("weights", "average", "optimizer")}
    return Checkpoint(**tensors, state=state)


def _unlisted(checkpoint: Path) -> Path:
    """A name that `checkpoints` does not list."""
    return checkpoint.with_name(f".{checkpoint.name}.partial")
