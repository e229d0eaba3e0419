"""Bases in miniature whose random weights are large enough for every input to show in the output."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from train.adapter.options import AdapterOptions
from train.bases.choose import open_base
from train.bases.folder import find_folder
from train.bases.interface import Base
from train.model import EditModel

Make = Callable[..., EditModel]


@pytest.fixture(scope="session")
def opened(tiny_kontext: Path) -> Base:
    """The tiny Kontext, loaded once; nobody changes it."""
    base = open_base(find_folder(str(tiny_kontext)), size=16)
    enliven(base.transformer)
    base.encode_text = functools.cache(base.encode_text)  # type: ignore[method-assign]
    return base


@pytest.fixture
def make(opened: Base) -> Make:
    """Models on the tiny Kontext, each on a transformer of its own: ``make(mask="none")``."""

    def model(**options: object) -> EditModel:
        base = copy.copy(opened)
        base.transformer = copy.deepcopy(opened.transformer)
        return EditModel(base, AdapterOptions(**{"rank": 4, **options}))  # type: ignore[arg-type]

    return model


def enliven(module: torch.nn.Module, *, std: float = 0.15) -> None:
    """Random weights under which numbers change the output by far more than rounding does."""
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(std * torch.randn(parameter.shape, generator=random))


def gradients(model: EditModel, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    """Of ``loss``, by the names of what is trained; fails where a parameter has none."""
    for parameter in model.parameters():
        parameter.grad = None
    loss.backward()  # type: ignore[no-untyped-call]
    return {name: parameter.grad.clone() for name, parameter in model.trained().items()}  # type: ignore[union-attr]
