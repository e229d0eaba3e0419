"""Checkpoints: a folder that is whole or absent, safetensors and JSON only.

runs/<name>/checkpoints/step-000200/
    adapter/              what editing needs (the base's own files, adapter.json, tasks.json)
    weights.safetensors   the trained weights themselves (the adapter holds their running average)
    average.safetensors   the running average
    optimizer.safetensors AdamW's two moments
    state.json            step, loader state, fingerprint of the pairs
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cat_dataset.errors import AdapterError
from cat_dataset.files import fsync_folder, read_json, write_json
from train.tensors import load_tensors, save_tensors

STATE_SCHEMA = 1
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")
"""What AdamW keeps for each parameter."""
_STEP = re.compile(r"step-(\d{6,})")


def checkpoints(run: Path) -> list[Path]:
    """Checkpoint folders of a run, oldest first."""
    folder = run / "checkpoints"
    found = [p for p in folder.iterdir() if _STEP.fullmatch(p.name)] if folder.is_dir() else []
    return sorted(found, key=lambda p: int(p.name.removeprefix("step-")))


def adapter_folder(run: Path) -> Path:
    """The newest adapter of a run folder, or ``run`` itself where it is an adapter folder.

    Raises:
        AdapterError: none there.
    """
    if (run / "adapter.json").is_file():
        return run
    found = checkpoints(run)
    if not found:
        what = "has no finished checkpoint" if run.is_dir() else "does not exist"
        raise AdapterError(f"{run} {what}; train one with: python -m train.run --shards manifests/ --out {run}")
    return found[-1] / "adapter"


def save_checkpoint(
    final: Path,
    step: int,
    adapter: Callable[[Path], None],
    parameters: Mapping[str, nn.Parameter],
    average: Mapping[str, Tensor],
    optimiser: torch.optim.Optimizer,
    state: Mapping[str, Any],
    *,
    keep: int = 1,
) -> None:
    """Write the checkpoint of ``step`` under a temporary name, sync it, rename it, and drop all but the newest ``keep``.

    ``adapter`` writes the adapter's files into the folder it is given.
    """
    if final.exists():
        return  # the same step of the same run has the same content
    partial = _unlisted(final)
    for left in final.parent.glob(".step-*"):
        shutil.rmtree(left)
    (partial / "adapter").mkdir(parents=True)
    save_tensors(partial / "weights.safetensors", parameters)
    save_tensors(partial / "average.safetensors", average)
    save_tensors(partial / "optimizer.safetensors", _moments(parameters, optimiser))
    adapter(partial / "adapter")
    write_json(partial / "state.json", {"schema": STATE_SCHEMA, "step": step, **state})
    partial.replace(final)
    fsync_folder(final.parent)
    for older in checkpoints(final.parent.parent)[:-keep]:
        # Renamed first: a folder that is half removed must not be taken for a checkpoint.
        shutil.rmtree(older.replace(_unlisted(older)))


def load_checkpoint(
    folder: Path, parameters: Mapping[str, nn.Parameter], average: dict[str, Tensor], optimiser: torch.optim.Optimizer
) -> dict[str, Any]:
    """Put weights, average and moments back in place; returns state.json.

    Raises:
        AdapterError: files are absent, damaged, or of another model or schema.
    """
    state = read_json(folder / "state.json")
    if not isinstance(state, dict) or state.get("schema") != STATE_SCHEMA:
        raise AdapterError(f"{folder} was written by another version; start a new run with another --out")
    weights, kept, moments = (load_tensors(folder / f"{name}.safetensors") for name in ("weights", "average", "optimizer"))
    step = state.get("step")
    wanted = {name: parameter.shape for name, parameter in parameters.items()}
    moved = {f"{name}.{key}": () if key == "step" else shape for name, shape in wanted.items() for key in _MOMENTS}
    for found, shapes in ((weights, wanted), (kept, wanted), (moments, moved if moments else {})):
        if {name: tuple(tensor.shape) for name, tensor in found.items()} != {name: tuple(shape) for name, shape in shapes.items()}:
            raise AdapterError(f"{folder} holds another model's weights; give the --base, --rank and --size it was begun with")
    if type(step) is not int or step < 0:
        raise AdapterError(f"{folder / 'state.json'} does not say its step; delete {folder} and start again")
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(weights[name])
            average[name].copy_(kept[name])
    for name, parameter in parameters.items():
        if moments:
            optimiser.state[parameter] = {key: moments[f"{name}.{key}"].clone() for key in _MOMENTS}
    return state


def _unlisted(checkpoint: Path) -> Path:
    """A name that `checkpoints` does not list."""
    return checkpoint.with_name(f".{checkpoint.name}.partial")


def _moments(parameters: Mapping[str, nn.Parameter], optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    result: dict[str, Tensor] = {}
    for name, parameter in parameters.items():
        for key, value in optimiser.state.get(parameter, {}).items():
            result[f"{name}.{key}"] = value
    return result
