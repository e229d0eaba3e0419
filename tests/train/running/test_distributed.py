"""Two processes train what one does: the same pairs, the same weights; they fail and stop together. Two forks walk through all of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from cat_dataset.manifests import Dataset, open_dataset
from cat_dataset.pairs import rank_batch
from tests.train.forks import fork_ranks, needs_fork
from tests.train.running.ranks import walk
from train.config import TrainConfig
from train.data.feed import training_pairs
from train.run import train
from train.running.checkpoint import checkpoint_folder, checkpoints

pytestmark = needs_fork


def settings(dataset: Dataset) -> dict[str, Any]:
    """Small steps: AdamW divides by a gradient's size, which makes what is left of tiny ones by rounding as large as a step."""
    return {
        "shards": str(dataset.manifests), "base": "nano", "size": 16, "batch": 4, "threads": 1, "validate_pairs": 2,
        "schedule": "constant", "warmup": 1, "learning_rate": 2e-5, "validate_every": 4, "log_every": 1, "checkpoint_every": 2, "keep": 3,
    }  # fmt: skip


def alone(dataset: Dataset, out: Path, **more: object) -> Path:
    return train(TrainConfig.of(**{**settings(dataset), "out": str(out), **more}))


def logged(run: Path, key: str) -> list[float]:
    return [json.loads(line)[key] for line in (run / "log.jsonl").read_text().splitlines()]


def rows_of(dataset: Dataset, *, rank: int, steps: int) -> set[int]:
    """The frames that one of two processes sees in the first steps."""
    config = TrainConfig.of(**settings(dataset))
    index = training_pairs(dataset, config.adapter, config.data, config.seed)
    pairs = [index.pair(number) for step in range(steps) for number in rank_batch(step, config.batch, rank, 2)]
    return {row for pair in pairs for row in (pair.source, pair.target)}


def damage(dataset: Dataset, folder: Path, good: set[int]) -> str:
    """Manifests of a copy of which all but the ``good`` frames are zeros; if any is good, those of other splits are, too."""
    shutil.copytree(dataset.manifests.parent, folder, ignore=shutil.ignore_patterns("series"))
    copy = open_dataset(folder / dataset.manifests.name)
    for name, split, shard in zip(copy.series["series"], copy.series["split"], copy.series["shard"], strict=True):
        with open(copy.shards.path / shard, "rb+") as stream:
            for row in set(copy.rows(name)) - good if split == "train" or not good else ():
                stream.seek(int(copy.columns.offset[row]))
                stream.write(bytes(int(copy.columns.size[row])))
    return str(copy.manifests)


def validated(run: Path) -> list[dict[str, float]]:
    """PSNR and error of ISO edits in each validation."""
    lines = map(json.loads, (run / "validation.jsonl").read_text().splitlines())
    return [{key: line["attributes"]["iso"][key] for key in ("psnr", "error")} for line in lines]


@pytest.fixture(scope="module")
def runs(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``whole``: six steps of one process; the others are of two (see `tests.train.running.ranks`)."""
    out = tmp_path_factory.mktemp("ranks")
    whole = alone(dataset, out / "whole", max_steps=6)
    shutil.copytree(checkpoint_folder(whole, 2), checkpoint_folder(out / "fsdp2", 2))
    early = rows_of(dataset, rank=1, steps=2)
    damaged = [damage(dataset, out / "damaged", set()), damage(dataset, out / "later", early)]
    fork_ranks(lambda rank: walk(rank, out, settings(dataset), *damaged), 2, out, within_s=900)
    return out


def said(runs: Path, name: str) -> list[list[str]]:
    return [json.loads((runs / f"rank{rank}.json").read_text())[name] for rank in (0, 1)]


def difference(one: Path, other: Path, file: str) -> float:
    """The largest of any number."""
    a, b = (load_file(folder / f"{file}.safetensors") for folder in (one, other))
    assert {name: tensor.shape for name, tensor in a.items()} == {name: tensor.shape for name, tensor in b.items()}
    return max(float((a[name].float() - b[name].float()).abs().max()) for name in a)


@pytest.mark.parametrize("name", ["ddp", "fsdp2"])
def test_two_processes_equal_one_with_the_same_batch(name: str, runs: Path) -> None:
    """FSDP2 goes on from the second step of one process, in two parts per step."""
    assert said(runs, name) == [[], []]
    four = checkpoint_folder(runs / "whole", 4)
    for file in ("weights", "average", "optimizer", "adapter/base"):
        assert difference(four, checkpoint_folder(runs / name, 4), file) <= 1e-6
    assert difference(four, checkpoint_folder(runs / "whole", 2), "weights") > 1e-5, "they learn"
    steps = slice(0, 4) if name == "ddp" else slice(2, 4)
    assert logged(runs / name, "loss") == pytest.approx(logged(runs / "whole", "loss")[steps], rel=1e-5)
    assert validated(runs / name)[0] == pytest.approx(validated(runs / "whole")[0], rel=1e-3)


def test_one_process_goes_on_with_what_two_began(dataset: Dataset, runs: Path) -> None:
    alone(dataset, runs / "ddp", max_steps=6, resume=True)
    assert logged(runs / "ddp", "loss") == pytest.approx(logged(runs / "whole", "loss"), rel=1e-5)
    assert difference(*(checkpoint_folder(runs / name, 6) for name in ("whole", "ddp")), "weights") <= 1e-6


@pytest.mark.parametrize(("name", "steps"), [("damaged", 0), ("later", 1)])
def test_what_one_process_cannot_read_stops_all(name: str, steps: int, runs: Path) -> None:
    """While the run is made ready, and in the middle of it."""
    zero, one = said(runs, f"{name}_run")
    assert zero == ["RunFailed", "process 1 failed, and says why"]
    assert one[0] in ("LoadError", "ManifestError")
    log = runs / f"{name}_run" / "log.jsonl"
    assert (log.read_text().count("\n") if log.is_file() else 0) >= steps
    assert not checkpoints(runs / f"{name}_run")


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
