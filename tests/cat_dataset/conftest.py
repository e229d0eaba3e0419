"""Settings for these tests (no deadlines: shared machines stall at random) and a small packed dataset."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.cat_dataset.factory import build_dataset, make_collection

settings.register_profile("cat_dataset", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cat_dataset")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built once; do not change it."""
    root = tmp_path_factory.mktemp("packed")
    make_collection(root / "series", rotations=3, isos=3, frames=3)
    build_dataset(root)
    return root


@pytest.fixture
def copied(packed: Path, tmp_path: Path) -> Path:
    """A copy of its own for a test that damages it."""
    for name in ("shards", "manifests"):
        shutil.copytree(packed / name, tmp_path / name)
    return tmp_path
