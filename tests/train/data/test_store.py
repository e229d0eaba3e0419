"""A store ends with the same files however it was filled: at once, after a kill, by several at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch

from cat_dataset.errors import InputError, NoRoom
from train.data.store import Store

KEYS = [f"key {number:02d}" for number in range(23)]


def value(key: str) -> torch.Tensor:
    return torch.full((1, 8), float(KEYS.index(key)))


def make(keys: Sequence[str]) -> Iterator[dict[str, torch.Tensor]]:
    for key in keys:
        yield {"x": value(key)}


def slowly(keys: Sequence[str]) -> Iterator[dict[str, torch.Tensor]]:
    for entry in make(keys):
        time.sleep(0.01)
        yield entry


def fill(folder: Path, made=make, keys: Sequence[str] = KEYS, **options: int) -> Store:  # type: ignore[no-untyped-def]
    store = Store(folder)
    store.fill(keys, made, label="test", unit="keys", chunk_bytes=4 * 32, **options)  # four entries in a chunk
    return store


def files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def child(folder: Path, **options: int) -> int:
    """Fill in a process of its own; its number."""
    number = os.fork()
    if number == 0:
        try:
            fill(folder, slowly, **options)
            os._exit(0)
        except BaseException:
            os._exit(1)
    return number


def test_what_was_put_in_comes_out(tmp_path: Path) -> None:
    store = fill(tmp_path)
    assert len(store) == len(KEYS)
    assert all(torch.equal(store.get(key)["x"], value(key)) for key in reversed(KEYS))
    assert sorted(files(tmp_path)) == sorted(p.name for p in tmp_path.glob("*.safetensors"))
    assert len(list(tmp_path.iterdir())) == 6
    with pytest.raises(InputError, match="has nothing of 'other'"):
        store.get("other")


def test_only_what_is_missing_is_made(tmp_path: Path) -> None:
    fill(tmp_path, keys=KEYS[:9])
    asked: list[str] = []

    def noted(keys: Sequence[str]) -> Iterator[dict[str, torch.Tensor]]:
        asked.extend(keys)
        return make(keys)

    store = fill(tmp_path, noted)
    assert set(asked) == set(KEYS[9:])
    assert len(store) == len(KEYS)


def test_killed_and_resumed_gives_the_same_bytes(tmp_path: Path) -> None:
    whole = files(fill(tmp_path / "whole").folder)
    number = child(tmp_path / "killed")
    while len(list((tmp_path / "killed").glob("*.safetensors"))) < 2:
        time.sleep(0.002)
    os.kill(number, signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(number, 0)[1]), "it finished before it could be killed"
    assert 2 <= len(list((tmp_path / "killed").glob("*.safetensors"))) < len(whole)
    assert files(fill(tmp_path / "killed").folder) == whole


def test_what_a_kill_left_half_written_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".claims" / "f00").mkdir(parents=True)
    (tmp_path / ".f00.safetensors.partial").write_bytes(b"half")
    assert len(files(fill(tmp_path).folder)) == 6


@pytest.mark.parametrize("world", [1, 3])
def test_several_at_once_share_the_work(tmp_path: Path, world: int) -> None:
    """As ranks of one run, or as strangers who do not know of each other."""
    whole = files(fill(tmp_path / "alone").folder)
    numbers = [child(tmp_path / "shared", rank=rank % world, world=world) for rank in range(3)]
    assert [os.waitpid(number, 0)[1] for number in numbers] == [0, 0, 0]
    assert files(tmp_path / "shared") == whole
    assert len(Store(tmp_path / "shared")) == len(KEYS)


def test_a_failure_leaves_what_was_finished(tmp_path: Path) -> None:
    def breaks(keys: Sequence[str]) -> Iterator[dict[str, torch.Tensor]]:
        for key in keys:
            if key == KEYS[9]:
                raise OSError("the frame is gone")
            yield {"x": value(key)}

    with pytest.raises(OSError, match="the frame is gone"):
        fill(tmp_path, breaks)
    assert len(Store(tmp_path)) == 8
    assert files(fill(tmp_path).folder) == files(fill(tmp_path.parent / "whole").folder)


def test_a_disk_too_small_is_told_before_anything_is_written(tmp_path: Path) -> None:
    """On a real file system of 100 kB, where one may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "none", str(disk)], capture_output=True, check=False).returncode != 0:
        pytest.skip("this user may not mount a small disk")
    try:
        with pytest.raises(NoRoom, match=r"0\.1 MB free and 23 keys of 0\.1 MB each need 1\.9 MB; free some space"):
            fill(disk, lambda keys: ({"x": torch.zeros(1, 20_000)} for _ in keys))
        assert not list(disk.iterdir())
    finally:
        subprocess.run(["umount", str(disk)], check=True)
