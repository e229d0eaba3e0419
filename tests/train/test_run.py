"""The trainer as a process: it trains, it refuses, and after kill -9 it ends with the bytes of an undisturbed run."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from cat_dataset.errors import AdapterError, RunFailed, SeriesConflict, UsageError
from cat_dataset.files import folder_lock
from cat_dataset.interrupt import GentleInterrupt
from cat_dataset.manifests import Dataset
from tests.train.forks import fork, needs_fork
from train.config import TrainConfig
from train.run import check_team, main, run_folder, train
from train.running.checkpoint import checkpoints, read_checkpoint
from train.tensors import load_tensors, save_tensors

STEPS = 8
SMALL = {"base": "nano", "size": 16, "batch": 2, "threads": 1, "validate_pairs": 2}


def config(dataset: Dataset, out: Path, **more: object) -> TrainConfig:
    return TrainConfig.of(**{**SMALL, "shards": str(dataset.manifests), "out": str(out), **more})


def arguments(dataset: Dataset, out: Path, **more: object) -> list[str]:
    values = {**SMALL, "shards": dataset.manifests, "out": out, **more}
    return [word for name, value in values.items() for word in (f"--{name.replace('_', '-')}", str(value))]


def steps_of(file: Path) -> list[int]:
    return [json.loads(line)["step"] for line in file.read_text().splitlines()]


@needs_fork
def test_killed_and_resumed_equals_undisturbed(dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more: dict[str, object] = {"max_steps": STEPS, "checkpoint_every": 3, "log_every": 1}
    train(config(dataset, tmp_path / "whole", **more))
    child = fork(lambda: train(config(dataset, tmp_path / "killed", **more)), tmp_path / "output")
    while not checkpoints(tmp_path / "killed") and child.running():
        time.sleep(0.002)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL, f"it finished before it could be killed: {child.output.read_text()}"
    train(config(dataset, tmp_path / "killed", resume=True, **more))
    assert "were done before" in capsys.readouterr().err
    whole, killed = (checkpoints(tmp_path / name)[-1] for name in ("whole", "killed"))
    assert whole.name == killed.name == f"step-{STEPS:06d}"
    for file in sorted(p.relative_to(whole) for p in whole.rglob("*") if p.is_file()):
        assert (whole / file).read_bytes() == (killed / file).read_bytes(), file
    for name in ("log", "validation"):
        assert (tmp_path / "whole" / f"{name}.jsonl").read_bytes() == (tmp_path / "killed" / f"{name}.jsonl").read_bytes()
    assert steps_of(tmp_path / "killed" / "log.jsonl") == steps_of(tmp_path / "killed" / "speed.jsonl") == list(range(1, STEPS + 1))


@needs_fork
@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_stopped_run_keeps_its_step_and_says_how_to_go_on(sign: signal.Signals, code: int, dataset: Dataset, tmp_path: Path) -> None:
    words = arguments(dataset, tmp_path / "run", max_steps=100_000, checkpoint_every=100_000, log_every=1)
    child = fork(lambda: main(words), tmp_path / "output")
    log = tmp_path / "run" / "log.jsonl"
    while not (log.is_file() and log.stat().st_size) and child.running():
        time.sleep(0.01)
    os.kill(child.pid, sign)
    assert child.wait() == code
    assert child.last_line().startswith("error: " if code else "note: ")
    assert f"--out {tmp_path / 'run'} --resume" in child.last_line()
    assert len(checkpoints(tmp_path / "run")) == 1


@needs_fork
@pytest.mark.parametrize(("echo_s", "code"), [(60.0, 0), (0.0, 130)])
def test_a_launcher_may_repeat_a_signal(echo_s: float, code: int, tmp_path: Path) -> None:
    def work() -> None:
        interrupt = GentleInterrupt("step", echo_s=echo_s)
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.1)
        assert interrupt.signal == signal.SIGTERM

    assert fork(work, tmp_path / "output").wait() == code


def test_the_loss_falls_edits_are_validated_and_nothing_draws_from_global_numbers(dataset: Dataset, tmp_path: Path) -> None:
    """So there is no state of random numbers to keep."""
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # type: ignore[index]
    run = train(
        config(
            dataset, tmp_path / "run", max_steps=24, log_every=1, validate_every=20, warmup=4, learning_rate=3e-3,
            text_dropout=0.2, source_noise=0.1, consistency=0.5,
        )
    )  # fmt: skip
    assert torch.equal(before[0], torch.get_rng_state())
    assert (before[1], before[2]) == (np.random.get_state()[1].tolist(), random.getstate())  # type: ignore[index]
    losses = [json.loads(line)["loss"] for line in (run / "log.jsonl").read_text().splitlines()]
    assert sum(losses[-6:]) < sum(losses[:6])
    assert steps_of(run / "validation.jsonl") == [20, 24]
    assert [p.name for p in sorted((run / "pictures").iterdir())] == ["step_000020.png", "step_000024.png"]
    about = json.loads((checkpoints(run)[-1] / "adapter" / "adapter.json").read_text())
    assert about["tasks"] == {"iso": 1, "rotation_z": 10}


def test_a_run_is_never_overwritten_or_mixed(dataset: Dataset, tmp_path: Path) -> None:
    train(config(dataset, tmp_path / "run", max_steps=1))
    with pytest.raises(UsageError, match="holds a run already"):
        train(config(dataset, tmp_path / "run", max_steps=2))
    with pytest.raises(UsageError, match=r"begun with other settings: batch was 2, now 4; seed was 0, now 4; go on with --config"):
        train(config(dataset, tmp_path / "run", max_steps=2, seed=4, batch=4, keep=3, resume=True))
    with pytest.raises(AdapterError, match="no checkpoint to resume"):
        train(config(dataset, tmp_path / "empty", max_steps=2, resume=True))


def test_two_runs_in_one_folder_are_refused(dataset: Dataset, tmp_path: Path) -> None:
    with folder_lock(tmp_path / "run"), pytest.raises(SeriesConflict, match="being written by another process"):
        train(config(dataset, tmp_path / "run", max_steps=1))


def test_damaged_checkpoints_are_refused(dataset: Dataset, tmp_path: Path) -> None:
    run = train(config(dataset, tmp_path / "run", max_steps=1))
    (folder,) = checkpoints(run)
    moments, weights = (load_tensors(folder / f"{name}.safetensors") for name in ("optimizer", "weights"))
    again = config(dataset, run, max_steps=2, resume=True)
    save_tensors(folder / "optimizer.safetensors", dict(list(moments.items())[1:]))
    with pytest.raises(AdapterError, match="another optimiser's state, or is damaged"):
        train(again)
    save_tensors(folder / "optimizer.safetensors", moments)
    name = next(iter(weights))
    save_tensors(folder / "weights.safetensors", {**weights, name: torch.full_like(weights[name], torch.nan)})
    with pytest.raises(AdapterError, match=rf"weights.safetensors holds numbers that are not finite \(in {name}\)"):
        train(again)
    save_tensors(folder / "weights.safetensors", {**weights, name: weights[name][:1]})
    with pytest.raises(AdapterError, match="another model's weights"):
        train(again)
    save_tensors(folder / "weights.safetensors", weights)
    state = json.loads((folder / "state.json").read_text())
    (folder / "state.json").write_text(json.dumps({**state, "pairs": "others"}))
    with pytest.raises(AdapterError, match="trained on other pairs"):
        train(again)
    (folder / "state.json").write_text(json.dumps({**state, "step": 10**9}))
    with pytest.raises(AdapterError, match=r"state\.json is not what this trainer writes"):
        train(again)
    assert checkpoints(run) == [folder]


def test_a_checkpoint_is_due_after_some_minutes(dataset: Dataset, tmp_path: Path) -> None:
    often = config(dataset, tmp_path / "run", max_steps=3, checkpoint_minutes=1e-9, keep=9)
    assert [p.name for p in checkpoints(train(often))] == ["step-000001", "step-000002", "step-000003"]


def test_a_diverged_run_names_its_pairs_and_keeps_what_was_good(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(RunFailed, match=r"the loss is not finite at step \d \(pair \d of .*the checkpoints before it are kept"):
        train(config(dataset, tmp_path / "run", max_steps=9, learning_rate=1e37, checkpoint_every=1))
    assert read_checkpoint(checkpoints(tmp_path / "run")[-1]).state["step"] >= 1


def test_accumulated_parts_equal_one_batch(dataset: Dataset, tmp_path: Path) -> None:
    runs = [train(config(dataset, tmp_path / f"{parts}", max_steps=3, batch=4, accumulate=parts)) for parts in (1, 4)]
    one, four = (read_checkpoint(checkpoints(run)[-1]).weights for run in runs)
    assert max(float((one[name] - four[name]).abs().max()) for name in one) <= 1e-6
    with pytest.raises(UsageError, match="a batch of 4 cannot be shared equally by 2 processes in 4 parts each; make it a multiple of 8"):
        check_team(config(dataset, tmp_path, batch=4, accumulate=4), world=2)


def test_run_folders_count_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_folder(TrainConfig(), "nano") == Path("runs/nano-001")
    (tmp_path / "runs" / "klein-007").mkdir(parents=True)
    assert run_folder(TrainConfig(), "klein") == Path("runs/klein-008")
    with pytest.raises(UsageError, match="no run of base nano"):
        run_folder(TrainConfig.of(resume=True), "nano")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"shards": "nowhere"}, "nowhere is not a folder"),
        ({"base": "nonsense"}, "--base nonsense: "),
        ({"attributes": "fluff"}, "unknown attribute 'fluff'"),
        ({"attributes": "aperture"}, "varies aperture"),
        ({"sharding": "fsdp2"}, "torchrun --nproc-per-node"),
        ({"sharding": "fsdp3"}, "sharding must be one of none, fsdp2"),
        ({"log_to": "paper"}, "log_to knows tensorboard, wandb"),
        ({"accumulate": "3"}, "make it a multiple of 3"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    dataset: Dataset, tmp_path: Path, wrong: dict[str, object], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as leaving:
        main_without_signals(arguments(dataset, tmp_path / "run", **wrong))
    assert leaving.value.code == 2
    said = capfd.readouterr().err
    assert message in said.strip().splitlines()[-1]
    assert "Traceback" not in said
    assert not (tmp_path / "run").exists()


def main_without_signals(words: list[str]) -> None:
    """`main`, with pytest's handlers put back."""
    before = {sign: signal.getsignal(sign) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        main(words)
    finally:
        signal.set_wakeup_fd(-1)
        for sign, handler in before.items():
            signal.signal(sign, handler)
