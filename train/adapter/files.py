"""An adapter on disk: safetensors and JSON only.

adapter.json                        base, options, size, step, versions
tasks.json                          the registry as it was
numeric_projector.safetensors       the adapter's own weights
pytorch_lora_weights.safetensors    LoRA in diffusers' format (``load_lora_weights`` takes it), where the base has LoRA
base.safetensors                    the base's weights, where it is trained itself (nano)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import nn

from cat_dataset.attributes import ATTRIBUTES, TASKS
from cat_dataset.errors import AdapterError, CatError
from cat_dataset.files import read_json, write_json
from train.adapter.options import AdapterOptions
from train.bases.choose import reopen_base
from train.model import EditModel
from train.tensors import load_tensors, save_tensors

SCHEMA = 2
PROJECTOR_FILE = "numeric_projector.safetensors"
LORA_FILE = "pytorch_lora_weights.safetensors"
BASE_FILE = "base.safetensors"


def save_adapter(folder: Path, model: EditModel, about: Mapping[str, Any]) -> None:
    """Write the adapter's files into an existing empty folder; ``about`` goes into adapter.json."""
    base = model.base
    save_tensors(folder / PROJECTOR_FILE, model.adapter.state_dict())
    if base.learns_all:
        save_tensors(folder / BASE_FILE, _own(model).state_dict())
    elif model.options.rank:
        _save_lora(folder, model.transformer)
    what = {"schema": SCHEMA, "base": base.name, "size": base.size, "base_about": base.about(), "options": asdict(model.options)}
    write_json(folder / "adapter.json", {**what, **about})
    tasks = {a.name: {"task": task, "unit": a.unit, "scale": a.scale.name, "span": a.span} for task, a in TASKS.items()}
    write_json(folder / "tasks.json", tasks)


def load_model(folder: Path, *, base_source: str | None = None) -> tuple[EditModel, dict[str, Any]]:
    """The model that `save_adapter` wrote, on its base, and adapter.json. ``base_source`` is where the base's folder is now.

    Raises:
        AdapterError: files are absent, damaged, or of another version, registry or base.
    """
    about = read_adapter_json(folder)
    try:
        options = AdapterOptions(**about["options"])
        model = EditModel(reopen_base(about["base"], about["size"], about["base_about"], base_source), options)
        model.adapter.load_state_dict(load_tensors(folder / PROJECTOR_FILE))
        if model.base.learns_all:
            _own(model).load_state_dict(load_tensors(folder / BASE_FILE))
        elif options.rank:
            _load_lora(folder / LORA_FILE, model.transformer)
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
    if not isinstance(tasks, dict) or not tasks or not isinstance(about.get("options"), dict) or type(about.get("size")) is not int:
        raise AdapterError(f"{folder}/adapter.json is not what this trainer writes; copy it again, or train it again")
    strange = [name for name, task in tasks.items() if name not in ATTRIBUTES or ATTRIBUTES[name].task != task]
    if strange:
        raise AdapterError(f"{folder} was trained with another registry of attributes (it differs in {', '.join(strange)}); train it again")
    return about


def _own(model: EditModel) -> nn.ModuleDict:
    """The weights of a base that is trained itself."""
    return nn.ModuleDict({"transformer": model.transformer, "words": model.words})


def _save_lora(folder: Path, transformer: Any) -> None:
    from diffusers import FluxKontextPipeline
    from diffusers.training_utils import _collate_lora_metadata
    from peft.utils import get_peft_model_state_dict

    FluxKontextPipeline.save_lora_weights(
        str(folder),
        transformer_lora_layers=get_peft_model_state_dict(transformer),
        **_collate_lora_metadata({"transformer": transformer}),
    )


def _load_lora(path: Path, transformer: Any) -> None:
    from peft.utils import set_peft_model_state_dict

    state = {name.removeprefix("transformer."): tensor for name, tensor in load_tensors(path).items()}
    found = set_peft_model_state_dict(transformer, state)
    if found.unexpected_keys:
        raise AdapterError(f"{path} holds LoRA of another base (unknown: {found.unexpected_keys[0]}); give the base it was trained on")
