"""Checkpoints are whole or absent, whatever happens while they are written."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from cat_dataset.errors import AdapterError
from cat_dataset.files import write_json
from tests.train.forks import fork, needs_fork
from train.running.checkpoint import adapter_folder, checkpoint_folder, checkpoints, read_checkpoint, save_checkpoint
from train.running.distributed import Team
from train.running.state import TrainingState, holding
from train.tensors import load_tensors, save_tensors


class Run:
    """A linear layer that trains."""

    def __init__(self, folder: Path, width: int = 3) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.model = nn.Sequential(nn.Linear(width, width))
        self.folder, self.step = folder, 0
        self.parameters = dict(self.model.named_parameters())
        self.average = {name: parameter.detach().clone() for name, parameter in self.parameters.items()}
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=0.1)
        self.state = TrainingState(Team(cpu=True), self.parameters, self.average, self.optimiser)

    def train(self, steps: int) -> Run:
        for _ in range(steps):
            self.step += 1
            self.optimiser.zero_grad()
            self.model(torch.full((1, len(self.average["0.bias"])), float(self.step))).square().sum().backward()
            self.optimiser.step()
        return self

    def save(self, keep: int = 1) -> Path:
        content = self.state.gather({"step": self.step})

        def adapter(folder: Path) -> None:
            with holding(self.model, content.average):
                save_tensors(folder / "layer.safetensors", self.model.state_dict())
            write_json(folder / "adapter.json", {"step": self.step})

        final = checkpoint_folder(self.folder, self.step)
        save_checkpoint(final, content, adapter, keep=keep)
        return final


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_restored_run_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    folder = Run(tmp_path / "a").train(3).save()
    again = Run(tmp_path / "b")
    again.state.restore(read_checkpoint(folder), "here")
    again.step = 3
    assert content(Run(tmp_path / "c").train(5).save()) == content(again.train(2).save())
    with pytest.raises(AdapterError, match="here holds another model's weights"):
        Run(tmp_path, width=4).state.restore(read_checkpoint(folder), "here")


def test_the_adapter_holds_the_average(tmp_path: Path) -> None:
    run = Run(tmp_path).train(1)
    run.average["0.bias"].fill_(7.0)
    folder = run.save()
    assert load_tensors(folder / "adapter" / "layer.safetensors")["0.bias"].tolist() == [7.0] * 3
    assert torch.equal(load_tensors(folder / "weights.safetensors")["0.bias"], run.model[0].bias)
    assert run.model[0].bias is run.parameters["0.bias"]


def test_the_newest_are_kept(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for _ in range(4):
        run.train(1).save(keep=2)
    assert [p.name for p in checkpoints(tmp_path)] == ["step-000003", "step-000004"]
    assert sorted(p.name for p in (tmp_path / "checkpoints").iterdir()) == ["step-000003", "step-000004"]
    assert adapter_folder(tmp_path) == tmp_path / "checkpoints" / "step-000004" / "adapter"


EVENTS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.unlink", "shutil.rmtree")


@needs_fork
def test_a_kill_at_any_step_of_a_save_leaves_whole_or_absent(tmp_path: Path) -> None:
    """A child is killed at the n-th thing that it does to files, for every n there is."""
    first, second = content(Run(tmp_path / "before").train(1).save()), content(Run(tmp_path / "after").train(2).save())
    seen, number, code = set(), 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        number += 1
        folder = tmp_path / f"{number}"
        shutil.copytree(tmp_path / "before", folder)
        run = Run(folder).train(2)

        def work(run: Run = run, last: int = number) -> None:
            left = last

            def die(event: str, _: object) -> None:
                nonlocal left
                if event in EVENTS:
                    left -= 1
                    if left == 0:
                        os.kill(os.getpid(), signal.SIGKILL)

            sys.addaudithook(die)
            run.save()

        code = fork(work, tmp_path / "output").wait()
        found = checkpoints(folder)
        assert found, f"nothing whole is left after event {number}"
        for checkpoint in found:
            assert content(checkpoint) == (first if checkpoint.name == "step-000001" else second), number
            read_checkpoint(checkpoint)
        seen.add(tuple(p.name for p in found))
        if number % 5 == 0:
            run.train(1).save()
            assert [p.name for p in (folder / "checkpoints").iterdir()] == ["step-000003"], "what a kill leaves is cleared away"
    assert code == 0, (tmp_path / "output").read_text()
    assert number > 20
    assert seen == {("step-000001",), ("step-000001", "step-000002"), ("step-000002",)}


def test_a_full_disk_leaves_the_older_checkpoint_and_the_room_there_was(tmp_path: Path) -> None:
    """On a real file system of 400 kB, where one may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(disk)], capture_output=True, check=False).returncode != 0:
        pytest.skip("this user may not mount a small disk")
    try:
        run = Run(disk / "run", width=100).train(1)
        older = run.save()
        whole = content(older)
        with pytest.raises(OSError) as full:
            run.train(1).save()
        assert full.value.errno == errno.ENOSPC
        assert checkpoints(disk / "run") == [older]
        assert content(older) == whole
        assert [p.name for p in (disk / "run" / "checkpoints").iterdir()] == ["step-000001"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ('{"schema": 1, "step": 2}', "written by another version"),
        ('{"schema": 2, "step": -1, "optimizer": {}}', "is not what this trainer writes"),
        ('{"schema": 2, "step": true, "optimizer": {}}', "is not what this trainer writes"),
        ('{"schema": 2, "step": 1}', "is not what this trainer writes"),
        ("[]", "written by another version"),
    ],
)
def test_a_state_that_is_not_ours_is_refused(state: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(state)
    with pytest.raises(AdapterError, match=message):
        read_checkpoint(tmp_path)
