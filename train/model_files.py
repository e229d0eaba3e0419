"""An adapter on disk: safetensors and JSON only.

adapter.json                        base, options, size, step, versions
tasks.json                          the registry as it was
numeric_projector.safetensors       the adapter's own weights, where it has any
pytorch_lora_weights.safetensors    LoRA in diffusers' format (``load_lora_weights`` takes it), where the base has LoRA
base.safetensors                    the base's weights, where it is trained itself (nano)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from cat_dataset.attributes import TASKS
from cat_dataset.errors import AdapterError, CatError
from cat_dataset.files import read_json, write_json
from train.adapter.lora import load_lora, save_lora
from train.adapter.matching import load_into
from train.adapter.options import AdapterOptions
from train.bases.choose import reopen_base
from train.bases.nano import NanoShape
from train.model import EditModel
from train.tensors import load_tensors, save_tensors

SCHEMA = 2
PROJECTOR_FILE = "numeric_projector.safetensors"
LORA_FILE = "pytorch_lora_weights.safetensors"
BASE_FILE = "base.safetensors"
TASKS_FILE = "tasks.json"
_LARGEST = 4096
"""Pixels on a side."""


def save_adapter(folder: Path, model: EditModel, about: Mapping[str, Any]) -> None:
    """Write the adapter's files into an existing empty folder; ``about`` goes into adapter.json."""
    base, own = model.base, model.adapter.state_dict()
    if own:
        save_tensors(folder / PROJECTOR_FILE, own)
    if base.learns_all:
        save_tensors(folder / BASE_FILE, _own(model).state_dict())
    elif model.options.rank:
        save_lora(folder, model.transformer, base.pipeline)
    what = {"schema": SCHEMA, "base": base.name, "size": base.size, "base_about": base.about(), "options": asdict(model.options)}
    write_json(folder / "adapter.json", {**what, **about})
    write_json(folder / TASKS_FILE, _registry())


def load_model(folder: Path, *, base_source: str | None = None) -> tuple[EditModel, dict[str, Any]]:
    """The model that `save_adapter` wrote, on its base, and adapter.json. ``base_source`` is where the base's folder is now.

    Raises:
        AdapterError: files are absent, damaged, or of another version, registry or base.
    """
    about = read_adapter_json(folder)
    try:
        options = _options(about["options"], folder)
        # Before the base, which may take minutes.
        files = {name: load_tensors(folder / name) for name in (PROJECTOR_FILE, LORA_FILE, BASE_FILE) if (folder / name).exists()}
        if about["base"] == "nano":
            _check_shape(NanoShape(**about["base_about"]["shape"]), _of(files, BASE_FILE, folder), folder)
        model = EditModel(reopen_base(about["base"], about["size"], about["base_about"], base_source), options)
        if model.base.name != about["base"]:
            raise AdapterError(f"{folder} was trained on base {about['base']}, not {model.base.name}; give the folder of that base")
        _check_files(files, model, folder)
        if model.adapter.state_dict():
            load_into(model.adapter, _of(files, PROJECTOR_FILE, folder), folder / PROJECTOR_FILE)
        if model.base.learns_all:
            load_into(_own(model), _of(files, BASE_FILE, folder), folder / BASE_FILE)
        elif options.rank:
            load_lora(model.transformer, _of(files, LORA_FILE, folder), folder / LORA_FILE)
    except CatError:
        raise
    except Exception as error:
        raise AdapterError(f"{folder} holds no usable adapter ({str(error).splitlines()[0]}); copy it again, or train it again") from None
    return model.eval(), about


def read_adapter_json(folder: Path) -> dict[str, Any]:
    """adapter.json, checked.

    Raises:
        AdapterError: absent, of another version, or of another registry.
    """
    about = read_json(folder / "adapter.json")
    if not isinstance(about, dict) or about.get("schema") != SCHEMA:
        raise AdapterError(f"{folder} was written by another version of this trainer; train it again")
    tasks = about.get("tasks")
    size, step = about.get("size"), about.get("step", 0)
    whole = type(size) is int and type(step) is int and 0 < size <= _LARGEST
    if not isinstance(tasks, dict) or not tasks or not isinstance(about.get("options"), dict) or not whole:
        raise AdapterError(f"{folder}/adapter.json is not what this trainer writes; copy it again, or train it again")
    before, now = read_json(folder / TASKS_FILE), _registry()
    known = before if isinstance(before, dict) else {}
    strange = [name for name, task in tasks.items() if name not in now or now[name]["task"] != task or known.get(name) != now[name]]
    if strange:
        raise AdapterError(f"{folder} was trained with another registry of attributes (it differs in {', '.join(strange)}); train it again")
    return about


def _registry() -> dict[str, dict[str, Any]]:
    """What an adapter's numbers mean, by attribute."""
    return {a.name: {"task": task, "unit": a.unit, "scale": a.scale.name, "span": a.span} for task, a in TASKS.items()}


def _check_shape(shape: NanoShape, weights: Mapping[str, Tensor], folder: Path) -> None:
    """nano is as large as its shape says: it is built only where the weights in the file are no fewer than its squares.

    Raises:
        AdapterError: they are.
    """
    least = (shape.double + shape.single) * (64 * shape.heads) ** 2
    if not least <= sum(tensor.numel() for tensor in weights.values()):
        raise AdapterError(f"{folder}/adapter.json is of a larger nano than {BASE_FILE} beside it; copy it again, or train it again")


def _check_files(files: Mapping[str, Any], model: EditModel, folder: Path) -> None:
    """Whether all weights that are there have a place in the model.

    Raises:
        AdapterError: a file would be left out in silence.
    """
    wanted = {
        PROJECTOR_FILE: bool(model.adapter.state_dict()),
        BASE_FILE: model.base.learns_all,
        LORA_FILE: bool(model.options.rank) and not model.base.learns_all,
    }
    over = [name for name in files if not wanted[name]]
    if over:
        raise AdapterError(f"{folder / over[0]} has no place in the model of adapter.json beside it; copy it again, or train it again")


def _options(values: Mapping[str, Any], folder: Path) -> AdapterOptions:
    """The options of adapter.json.

    Raises:
        AdapterError: one is unknown, of another type, or impossible.
    """
    kinds = {field.name: type(field.default) for field in fields(AdapterOptions)}
    for name, value in values.items():
        if name not in kinds:
            raise AdapterError(f"{folder}/adapter.json has an option {name!r} that this version does not know; upgrade, or train it again")
        if type(value) is not kinds[name]:
            raise AdapterError(f"{folder}/adapter.json: {name} must be of type {kinds[name].__name__}, not {value!r}; copy it again")
    try:
        return AdapterOptions(**values)
    except CatError as error:
        raise AdapterError(f"{folder}/adapter.json: {error}; copy it again, or train it again") from None


def _of(files: Mapping[str, dict[str, Tensor]], name: str, folder: Path) -> dict[str, Tensor]:
    if name not in files:
        raise AdapterError(f"{folder / name} is missing; copy the adapter again, or train it again")
    return files[name]


def _own(model: EditModel) -> nn.ModuleDict:
    """The weights of a base that is trained itself."""
    return nn.ModuleDict({"transformer": model.transformer, "words": model.words})
