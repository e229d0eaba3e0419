"""Training from a dataset on S3."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from train.running.checkpoint import checkpoints


@pytest.mark.parametrize("seed", [3])
def test_from_s3_is_the_same_training(s3, dataset, tmp_path: Path, seed: int) -> None:
    root = dataset.manifests.parent
    for name in ("manifests", "shards"):
        s3.put(str(root / name), f"lab/set/{name}", recursive=True)
    flags = ["--base", "nano", "--size", "16", "--batch", "2", "--max-steps", "3", "--threads", "1", "--seed", str(seed)]
    for name, place in (("near", str(dataset.manifests)), ("far", "s3://lab/set/manifests")):
        command = [sys.executable, "-m", "train.run", "--shards", place, *flags, "--out", str(tmp_path / name)]
        subprocess.run(command, check=True, capture_output=True)
    near, far = (checkpoints(tmp_path / name)[-1] for name in ("near", "far"))
    weights = sorted(path.name for path in near.glob("*.safetensors"))
    assert weights
    for name in weights:
        assert (near / name).read_bytes() == (far / name).read_bytes(), name
