from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cat_dataset.errors import AdapterError
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


def test_a_full_disk_is_an_oserror(tmp_path: Path) -> None:
    """On a real file system of 100 kB, where one may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "none", str(disk)], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a small disk")
    try:
        with pytest.raises(OSError) as full:
            save_tensors(disk / "t.safetensors", {"a": torch.zeros(100_000)})
        assert full.value.errno == 28
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_training_on_a_full_disk_says_so(dataset: object, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(disk)], capture_output=True, check=False).returncode != 0:
        pytest.skip("this user may not mount a small disk")
    try:
        words = [
            sys.executable, "-m", "train.run", "--shards", str(dataset.manifests), "--size", "16", "--batch", "2",  # type: ignore[attr-defined]
            "--max-steps", "2", "--threads", "1", "--out", str(disk / "run"),
        ]  # fmt: skip
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "disk full" in done.stderr.strip().splitlines()[-1]
        assert not list((disk / "run" / "checkpoints").glob("step-*"))
    finally:
        subprocess.run(["umount", str(disk)], check=True)
