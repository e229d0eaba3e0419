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
from collections.abc import Mapping
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


def save_checkpoint(
    run: Path,
    step: int,
    *,
    about: Mapping[str, Any],
    base: Any,
    parameters: Mapping[str, nn.Parameter],
    average: Mapping[str, Tensor],
    optimizer: torch.optim.Optimizer,
    state: Mapping[str, Any],
) -> Path:
    """Write the checkpoint of ``step`` under a temporary name, sync it, rename it, and drop the older ones.

    ``about`` holds the JSON files of the adapter by name. The adapter is saved with the average in place of the weights.
    """
    final = run / "checkpoints" / f"step-{step:06d}"
    if final.exists():
        return final  # the same step of the same run has the same content
    partial = _unlisted(final)
    for left in final.parent.glob(".step-*"):
        shutil.rmtree(left)
    (partial / "adapter").mkdir(parents=True)
    save_tensors(partial / "weights.safetensors", parameters)
    save_tensors(partial / "average.safetensors", average)
    save_tensors(partial / "optimizer.safetensors", _moments(parameters, optimizer))
    with averaged(parameters, average):
        base.save(partial / "adapter")
    for name, content in about.items():
        write_json(partial / "adapter" / name, content)
    write_json(partial / "state.json", {"schema": STATE_SCHEMA, "step": step, **state})
    partial.replace(final)
    fsync_folder(final.parent)
    for older in checkpoints(run):
        if older != final:
            # Renamed first: a folder that is half removed must not be taken for a checkpoint.
            shutil.rmtree(older.replace(_unlisted(older)))
    return final


def load_checkpoint(
    folder: Path, parameters: Mapping[str, nn.Parameter], average: dict[str, Tensor], optimizer: torch.optim.Optimizer
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
            optimizer.state[parameter] = {key: moments[f"{name}.{key}"].clone() for key in _MOMENTS}
    return state


class averaged:
    """Context in which ``parameters`` hold their running ``average``."""

    def __init__(self, parameters: Mapping[str, nn.Parameter], average: Mapping[str, Tensor]) -> None:
        self._parameters, self._average = parameters, average

    def __enter__(self) -> None:
        with torch.no_grad():
            self._kept = {name: p.detach().clone() for name, p in self._parameters.items()}
            for name, parameter in self._parameters.items():
                parameter.copy_(self._average[name])

    def __exit__(self, *_: object) -> None:
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                parameter.copy_(self._kept[name])


def _unlisted(checkpoint: Path) -> Path:
    """A name that `checkpoints` does not list."""
    return checkpoint.with_name(f".{checkpoint.name}.partial")


def _moments(parameters: Mapping[str, nn.Parameter], optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    result: dict[str, Tensor] = {}
    for name, parameter in parameters.items():
        for key, value in optimizer.state.get(parameter, {}).items():
            result[f"{name}.{key}"] = value
    return result
