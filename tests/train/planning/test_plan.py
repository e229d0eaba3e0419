from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cat_dataset.manifests import Dataset
from train.config import TrainConfig
from train.planning.plan import make_plan
from train.run import main


def test_a_plan_says_what_a_run_would_do(dataset: Dataset, tiny_kontext: Path, tmp_path: Path) -> None:
    values = {"shards": str(dataset.manifests), "base": str(tiny_kontext), "size": 16, "rank": 4, "batch": 2, "max_steps": 5}
    plan = make_plan(TrainConfig.of(**values, cache=str(tmp_path / "cache")), world=1)
    said = dict(plan.lines)
    assert not plan.missing
    assert said["pairs"].startswith("5 steps of 2: 10,")
    assert said["tokens"].startswith("1 numeric + 128 text + 16 picture + 16 source = 161")
    assert "all blocks recomputed" in said["step"] and "GiB" in said["memory"]
    assert "pictures and" in said["cache"] and not (tmp_path / "cache").exists()


def test_all_that_is_missing_is_said_at_once(tiny_kontext: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = shutil.copytree(tiny_kontext, tmp_path / "broken")
    next((broken / "vae").glob("*.safetensors")).unlink()
    with pytest.raises(SystemExit) as end:
        main(["--plan", "--base", str(broken), "--shards", str(tmp_path / "nowhere")])
    assert end.value.code == 2
    said = capsys.readouterr()
    assert sum(line.startswith("missing") for line in said.out.splitlines()) >= 2
    assert "vae" in said.out and "nowhere" in said.out
    assert "cannot start yet" in said.err


def test_nano_needs_nothing(dataset: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--plan", "--shards", str(dataset.manifests)])
    assert "all trained" in capsys.readouterr().out
