"""Adapters on disk that nobody has trained: random weights, large enough that numbers show."""

from __future__ import annotations

from pathlib import Path

import torch

from cat_dataset.attributes import attribute
from train.adapter.options import AdapterOptions
from train.bases.interface import Base
from train.model import EditModel
from train.model_files import save_adapter


def random_model(base: Base, options: AdapterOptions | None = None) -> EditModel:
    """A model whose zero-initialised weights (LoRA's B, nano's last layer) are random too."""
    model = EditModel(base, options or AdapterOptions(rank=4), seed=1)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(2)
        for name, parameter in model.named_parameters():
            if "lora_B" in name or name == "transformer.proj_out.weight":
                parameter.normal_(std=0.2)
    return model.eval()


def save_random(folder: Path, base: Base, *names: str, options: AdapterOptions | None = None) -> Path:
    """Write the adapter of a random model that claims to have learned the attributes ``names``; returns ``folder``."""
    folder.mkdir(parents=True)
    save_adapter(folder, random_model(base, options), {"step": 1, "tasks": {name: attribute(name).task for name in names}})
    return folder
