"""The trainer as a process: it trains, it refuses, and after kill -9 it ends with the bytes of an undisturbed run."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cat_dataset.errors import AdapterError, SeriesConflict, UsageError
from cat_dataset.files import folder_lock
from cat_dataset.manifests import Dataset
from train.config import TrainConfig
from train.run import run_folder, train
from train.running.checkpoint import checkpoints
from train.tensors import load_tensors, save_tensors

STEPS = 14


def arguments(dataset: Dataset, out: Path, *extra: str) -> list[str]:
    return [
        sys.executable, "-m", "train.run", "--shards", str(dataset.manifests), "--base", "nano", "--size", "16", "--batch", "2",
        "--max-steps", str(STEPS), "--checkpoint-every", "3", "--log-every", "1", "--threads", "1", "--out", str(out), *extra,
    ]  # fmt: skip


def config(dataset: Dataset, out: Path, **more: object) -> TrainConfig:
    return TrainConfig.of(shards=str(dataset.manifests), base="nano", size=16, batch=2, threads=1, out=str(out), **more)  # type: ignore[arg-type]


def test_killed_and_resumed_equals_undisturbed(dataset: Dataset, tmp_path: Path) -> None:
    subprocess.run(arguments(dataset, tmp_path / "whole"), check=True, capture_output=True)
    process = subprocess.Popen(arguments(dataset, tmp_path / "killed"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not checkpoints(tmp_path / "killed") and process.poll() is None:
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL, "it finished before it could be killed"
    resumed = subprocess.run(arguments(dataset, tmp_path / "killed", "--resume"), check=True, capture_output=True, text=True)
    assert "were done before" in resumed.stderr
    whole, killed = (checkpoints(tmp_path / name)[-1] for name in ("whole", "killed"))
    assert whole.name == killed.name == f"step-{STEPS:06d}"
    for file in sorted(p.relative_to(whole) for p in whole.rglob("*") if p.is_file()):
        assert (whole / file).read_bytes() == (killed / file).read_bytes(), file
    logs = [[json.loads(line)["step"] for line in (tmp_path / name / "log.jsonl").read_text().splitlines()] for name in ("whole", "killed")]
    assert logs[0] == logs[1] == list(range(1, STEPS + 1))


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_keeps_its_step_and_says_how_to_go_on(sign: signal.Signals, dataset: Dataset, tmp_path: Path) -> None:
    words = [*arguments(dataset, tmp_path / "run"), "--max-steps", "100000", "--checkpoint-every", "100000"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    log = tmp_path / "run" / "log.jsonl"
    while not (log.is_file() and log.stat().st_size) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(sign)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert f"--out {tmp_path / 'run'} --resume" in errors.strip().splitlines()[-1]
    assert len(checkpoints(tmp_path / "run")) == 1


def test_the_loss_falls_and_pictures_are_logged(dataset: Dataset, tmp_path: Path) -> None:
    run = train(config(dataset, tmp_path / "run", max_steps=40, log_every=1, warmup=5, learning_rate=3e-3))
    losses = [json.loads(line)["loss"] for line in (run / "log.jsonl").read_text().splitlines()]
    assert sum(losses[-8:]) < sum(losses[:8])
    assert (run / "pictures" / "step_000040.png").is_file()
    about = json.loads((checkpoints(run)[-1] / "adapter" / "adapter.json").read_text())
    assert about["tasks"] == {"iso": 1, "rotation_z": 10}


def test_a_run_is_never_overwritten_or_mixed(dataset: Dataset, tmp_path: Path) -> None:
    train(config(dataset, tmp_path / "run", max_steps=1))
    with pytest.raises(UsageError, match="holds a run already"):
        train(config(dataset, tmp_path / "run", max_steps=2))
    with pytest.raises(AdapterError, match="trained on other pairs"):
        train(config(dataset, tmp_path / "run", max_steps=2, seed=4, resume=True))
    with pytest.raises(AdapterError, match="no checkpoint to resume"):
        train(config(dataset, tmp_path / "empty", max_steps=2, resume=True))


def test_two_runs_in_one_folder_are_refused(dataset: Dataset, tmp_path: Path) -> None:
    with folder_lock(tmp_path / "run"), pytest.raises(SeriesConflict, match="being written by another process"):
        train(config(dataset, tmp_path / "run", max_steps=1))


def test_a_damaged_checkpoint_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    run = train(config(dataset, tmp_path / "run", max_steps=1))
    (folder,) = checkpoints(run)
    moments = load_tensors(folder / "optimizer.safetensors")
    save_tensors(folder / "optimizer.safetensors", dict(list(moments.items())[1:]))
    with pytest.raises(AdapterError, match="another model's weights"):
        train(config(dataset, run, max_steps=2, resume=True))


def test_run_folders_count_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_folder(TrainConfig(), "nano") == Path("runs/nano-001")
    (tmp_path / "runs" / "nano-007").mkdir(parents=True)
    assert run_folder(TrainConfig(), "nano") == Path("runs/nano-008")
    with pytest.raises(UsageError, match="no run of base nano"):
        run_folder(TrainConfig.of(resume=True), "nano")


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--shards", "nowhere"], "nowhere is not a folder"),
        (["--base", "nonsense"], "--base nonsense: not 'auto', 'nano' or a folder"),
        (["--attributes", "fluff"], "unknown attribute 'fluff'"),
        (["--attributes", "aperture"], "varies aperture"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(dataset: Dataset, tmp_path: Path, extra: list[str], message: str) -> None:
    done = subprocess.run([*arguments(dataset, tmp_path / "run"), *extra], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert message in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()
