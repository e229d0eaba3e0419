"""The one run that torchrun itself starts; the rest of what two processes do is in test_distributed, in forks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cat_dataset.manifests import Dataset
from tests.train.running.test_distributed import alone, settings
from train.running.checkpoint import checkpoints
from train.tensors import load_tensors

STEPS = 3


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="torch without gloo")
def test_two_ranks_of_torchrun_equal_one_process_with_the_whole_batch(dataset: Dataset, tmp_path: Path) -> None:
    values = {**settings(dataset), "max_steps": STEPS, "out": tmp_path / "two"}
    words = [word for name, value in values.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "train.run"]
    done = subprocess.run([*launch, *words], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert "on 2 processes (DDP)" in done.stdout
    alone(dataset, tmp_path / "one", max_steps=STEPS)
    two, one = (load_tensors(checkpoints(tmp_path / name)[-1] / "weights.safetensors") for name in ("two", "one"))
    assert two.keys() == one.keys()
    assert max(float((two[name] - one[name]).abs().max()) for name in one) <= 1e-6
