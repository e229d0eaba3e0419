"""A small real dataset for the trainer's tests, built once per worker, and quiet libraries."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from cat_dataset.manifests import Dataset
from tests.cat_dataset.factory import build_dataset, make_collection
from tests.train.tiny_klein import save_tiny_klein
from tests.train.tiny_kontext import save_tiny_kontext


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Rotation and ISO series in all three splits, 16 × 12 pixels."""
    torch.set_num_threads(1)
    folder: Path = tmp_path_factory.mktemp("trainer")
    make_collection(folder / "series", rotations=4, isos=4, frames=5)
    return build_dataset(folder)


@pytest.fixture(scope="session")
def tiny_kontext(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FLUX.1 Kontext in miniature, in diffusers format."""
    torch.set_num_threads(1)
    return save_tiny_kontext(tmp_path_factory.mktemp("kontext"))


@pytest.fixture(scope="session")
def tiny_klein(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FLUX.2 [klein] in miniature, in diffusers format."""
    torch.set_num_threads(1)
    return save_tiny_klein(tmp_path_factory.mktemp("klein"))
