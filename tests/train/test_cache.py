"""The command, as a user and as torchrun start it; and a run of klein from its caches."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
import torch

from cat_dataset.errors import UsageError
from cat_dataset.manifests import Dataset, open_dataset
from tests.train.forks import Child, fork, needs_fork
from train.bases.folder import find_folder
from train.bases.klein import KleinBase
from train.cache import main, open_for_training
from train.config import TrainConfig
from train.data import store
from train.data.feed import Feed


def words(dataset: Dataset, base: Path, cache: Path, *more: str) -> list[str]:
    return ["--shards", str(dataset.manifests), "--base", str(base), "--size", "16", "--threads", "1", "--cache", str(cache), *more]


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def start(arguments: list[str], output: Path, rank: int = 0, world: int = 1) -> Child:
    def work() -> None:
        os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(world))
        main(arguments)

    return fork(work, output)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of four frames, or one sentence."""
    monkeypatch.setattr(store, "CHUNK_BYTES", 4 << 10)


@needs_fork
@pytest.mark.usefixtures("small_chunks")
def test_however_it_is_filled_the_files_are_the_same(dataset: Dataset, tiny_kontext: Path, tmp_path: Path) -> None:
    """By two ranks; and by one, that is stopped by SIGTERM (which ends well) and started again."""
    ranks = [start(words(dataset, tiny_kontext, tmp_path / "ranks"), tmp_path / f"rank{rank}", rank, 2) for rank in range(2)]
    assert [child.wait() for child in ranks] == [0, 0]
    whole = files(tmp_path / "ranks")
    assert len(whole) > 12
    stopped = start(words(dataset, tiny_kontext, tmp_path / "stopped"), tmp_path / "said")
    while not list((tmp_path / "stopped").rglob("*.safetensors")) and stopped.running():
        time.sleep(0.001)
    os.kill(stopped.pid, signal.SIGTERM)
    assert stopped.wait() == 0
    assert "what is finished is kept: give the same command again" in stopped.last_line()
    assert len(files(tmp_path / "stopped")) < len(whole)
    last = start(words(dataset, tiny_kontext, tmp_path / "stopped"), tmp_path / "said")
    assert last.wait() == 0
    assert "holds 40 frames and 9 sentences" in last.last_line()
    assert files(tmp_path / "stopped") == whole


@needs_fork
def test_a_base_without_encoders_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    child = start(["--shards", str(dataset.manifests), "--base", "nano"], tmp_path / "said")
    assert child.wait() == 2
    assert "keeps nothing; name a base's folder" in child.last_line()


def test_beside_the_manifests_unless_told(dataset: Dataset, tiny_klein: Path, tmp_path: Path) -> None:
    """klein trains from caches, too, and they hold what its encoders give."""
    near = tmp_path / "set"
    shutil.copytree(dataset.manifests.parent, near, ignore=shutil.ignore_patterns("cache", "series"))
    settings = TrainConfig.of(shards=str(near / "manifests"), base=str(tiny_klein), size=16, batch=2, max_steps=2)
    here, folder = open_dataset(settings.shards), find_folder(str(tiny_klein))
    lean, full = open_for_training(settings, here, folder), KleinBase(folder, size=16)
    assert sorted(p.name.partition("-")[0] for p in (near / "cache" / "klein").iterdir()) == ["latents", "texts"]
    kept, online = (Feed(here, base, settings.adapter, settings.data, seed=0, batch=2) for base in (lean, full))
    for one, other in zip(kept.steps(0, 2), online.steps(0, 2), strict=True):
        for a, b in zip(kept.latents(one, slice(None)), online.latents(other, slice(None)), strict=True):
            assert torch.equal(a, b)
        for sentence in (part for instruction in one.instructions for part in instruction.parts):
            assert torch.equal(kept.encode(sentence).tokens, online.encode(sentence).tokens)
    assert lean.token_rms == full.token_rms


def test_nothing_can_be_kept_of_random_crops(dataset: Dataset, tiny_kontext: Path) -> None:
    with pytest.raises(UsageError, match="--crop"):
        open_for_training(TrainConfig.of(crop=0.7), dataset, find_folder(str(tiny_kontext)))
