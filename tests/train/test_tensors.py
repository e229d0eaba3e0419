from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from cat_dataset.errors import AdapterError
from cat_dataset.manifests import Dataset
from tests.train.forks import fork, needs_fork
from train.run import main
from train.tensors import load_tensors, save_tensors


def test_tensors_come_back_equal(tmp_path: Path) -> None:
    tensors = {"a": torch.randn(3, 4).t(), "scalar": torch.tensor(2.5)}
    save_tensors(tmp_path / "t.safetensors", tensors)
    again = load_tensors(tmp_path / "t.safetensors")
    assert again.keys() == tensors.keys()
    assert all(torch.equal(again[name], tensors[name]) for name in tensors)


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    save_tensors(tmp_path / "t.safetensors", {"good": torch.ones(2), "bad": torch.tensor([1.0, float("nan")])})
    with pytest.raises(AdapterError, match=r"not finite \(in bad\)"):
        load_tensors(tmp_path / "t.safetensors")


@pytest.mark.parametrize("content", [None, b"", b"\0" * 100])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "t.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AdapterError, match=r"t\.safetensors cannot be read"):
        load_tensors(path)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 400 kB, where one may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(folder)], capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_an_oserror(disk: Path) -> None:
    with pytest.raises(OSError) as full:
        save_tensors(disk / "t.safetensors", {"a": torch.zeros(200_000)})
    assert full.value.errno == errno.ENOSPC


@needs_fork
def test_training_on_a_full_disk_says_so(dataset: Dataset, disk: Path, tmp_path: Path) -> None:
    words = ["--shards", str(dataset.manifests), "--size", "16", "--batch", "2", "--max-steps", "1", "--threads", "1"]
    child = fork(lambda: main([*words, "--out", str(disk / "run")]), tmp_path / "output")
    assert child.wait() == 2
    assert "disk full" in child.last_line()
    assert not list((disk / "run" / "checkpoints").iterdir())
