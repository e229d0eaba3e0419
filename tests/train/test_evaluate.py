from __future__ import annotations

import json
from pathlib import Path

import pytest

from cat_dataset.errors import InputError
from cat_dataset.manifests import Dataset
from train.config import TrainConfig
from train.evaluate import evaluate
from train.pipeline import NumeriKontrolPipeline
from train.run import train


@pytest.fixture(scope="module")
def untrained(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose weights never moved: nano then returns the source."""
    folder = tmp_path_factory.mktemp("untrained") / "run"
    config = TrainConfig.of(
        shards=str(dataset.manifests), base="nano", size=16, batch=2, max_steps=1, learning_rate=1e-12, threads=1, out=str(folder)
    )
    return train(config)


def test_a_model_that_copies_scores_as_a_copy(dataset: Dataset, untrained: Path, tmp_path: Path) -> None:
    report = evaluate(NumeriKontrolPipeline.from_pretrained(untrained), dataset, split="test", pairs=6, steps=2, out=tmp_path)
    assert set(report["attributes"]) == {"iso", "rotation_z"}
    for measured in report["attributes"].values():
        assert measured["psnr"] == pytest.approx(measured["psnr_copy"], abs=0.05)
        assert measured["slope"] == pytest.approx(0.0, abs=0.02)
        assert measured["pairs"] == 6
        assert (tmp_path / measured["sweeps"][0]["picture"]).is_file()
    assert json.loads((tmp_path / "evaluation.json").read_text()) == report


def test_a_split_without_what_was_learned_is_named(dataset: Dataset, untrained: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the nosuch split has no series"):
        evaluate(NumeriKontrolPipeline.from_pretrained(untrained), dataset, split="nosuch", pairs=2, steps=1, out=tmp_path)
