"""Two processes train what one does: the same pairs, the same weights; they fail and stop together. One real torchrun for all of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from cat_dataset.manifests import Dataset
from train.config import TrainConfig
from train.run import train
from train.running.checkpoint import checkpoint_folder, checkpoints

ROOT = Path(__file__).parents[3]


def settings(dataset: Dataset) -> dict[str, Any]:
    return {
        "shards": str(dataset.manifests), "base": "nano", "size": 16, "batch": 4, "threads": 1, "validate_pairs": 2,
        "schedule": "constant", "warmup": 1, "log_every": 1, "checkpoint_every": 2, "keep": 3,
    }  # fmt: skip


def alone(dataset: Dataset, out: Path, **more: object) -> Path:
    return train(TrainConfig.of(**{**settings(dataset), "out": str(out), **more}))


def logged(run: Path, key: str) -> list[float]:
    return [json.loads(line)[key] for line in (run / "log.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def runs(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``whole``: six steps of one process; the others are of two (see `tests.train.running.ranks`)."""
    out = tmp_path_factory.mktemp("ranks")
    whole = alone(dataset, out / "whole", max_steps=6)
    shutil.copytree(checkpoint_folder(whole, 2), checkpoint_folder(out / "fsdp2", 2))
    shutil.copytree(dataset.manifests.parent, out / "damaged_data", ignore=shutil.ignore_patterns("series"))
    for shard in (out / "damaged_data").rglob("*.tar"):
        shard.write_bytes(bytes(shard.stat().st_size))
    damaged = out / "damaged_data" / dataset.manifests.name
    (out / "job.json").write_text(json.dumps({"out": str(out), "settings": settings(dataset), "damaged": str(damaged)}))
    words = [
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "-m",
        "tests.train.running.ranks",
        str(out / "job.json"),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    torchrun = subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        output, _ = torchrun.communicate(timeout=300)
    finally:
        torchrun.terminate()  # it ends its workers; killed, it would leave them behind
        torchrun.wait()
    assert torchrun.returncode == 0, output
    return out


def said(runs: Path, name: str) -> list[list[str]]:
    return [json.loads((runs / f"rank{rank}.json").read_text())[name] for rank in (0, 1)]


def difference(one: Path, other: Path) -> float:
    a, b = load_file(one / "weights.safetensors"), load_file(other / "weights.safetensors")
    assert {name: tensor.shape for name, tensor in a.items()} == {name: tensor.shape for name, tensor in b.items()}
    return max(float((a[name] - b[name]).abs().max()) for name in a)


@pytest.mark.parametrize("name", ["ddp", "fsdp2"])
def test_two_processes_equal_one_with_the_same_batch(name: str, runs: Path) -> None:
    """FSDP2 goes on from the second step of one process, in two parts per step."""
    assert said(runs, name) == [[], []]
    four = checkpoint_folder(runs / "whole", 4)
    assert difference(four, checkpoint_folder(runs / name, 4)) <= 1e-6
    for file in ("average", "optimizer"):
        assert load_file(four / f"{file}.safetensors").keys() == load_file(checkpoint_folder(runs / name, 4) / f"{file}.safetensors").keys()
    adapters = [load_file(checkpoint_folder(runs / run, 4) / "adapter" / "base.safetensors") for run in ("whole", name)]
    assert max(float((adapters[0][key] - adapters[1][key]).abs().max()) for key in adapters[0]) <= 1e-6
    steps = slice(0, 4) if name == "ddp" else slice(2, 4)
    assert logged(runs / name, "loss") == pytest.approx(logged(runs / "whole", "loss")[steps], rel=1e-5)


def test_one_process_goes_on_with_what_two_began(dataset: Dataset, runs: Path) -> None:
    alone(dataset, runs / "ddp", max_steps=6, resume=True)
    assert logged(runs / "ddp", "loss") == pytest.approx(logged(runs / "whole", "loss"), rel=1e-5)
    assert difference(*(checkpoint_folder(runs / name, 6) for name in ("whole", "ddp"))) <= 2e-6


def test_what_one_process_cannot_read_stops_all(runs: Path) -> None:
    zero, one = said(runs, "damaged")
    assert zero == ["RunFailed", "process 1 failed, and says why"]
    assert one[0] in ("LoadError", "ManifestError")
    assert not checkpoints(runs / "damaged")


def test_all_processes_name_the_pairs_of_a_loss_that_is_not_finite(runs: Path) -> None:
    zero, one = said(runs, "diverged")
    assert zero == one
    assert zero[0] == "RunFailed"
    assert [f"pair {number} of" in zero[1] for number in range(4, 8)] == [True] * 4


def test_a_batch_that_cannot_be_shared_is_refused_by_all(runs: Path) -> None:
    assert [kind for kind, _ in said(runs, "unequal")] == ["UsageError"] * 2


def test_a_signal_to_one_process_stops_all_at_the_same_step(runs: Path) -> None:
    zero, one = said(runs, "stopped")
    assert zero == one
    assert zero[0] == "Preempted"
    assert zero[1].startswith("stopped at step 1, which is kept")
    assert [p.name for p in checkpoints(runs / "stopped")] == ["step-000001"]
