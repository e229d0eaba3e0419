from __future__ import annotations

from pathlib import Path

import pytest
import torch

from cat_dataset.errors import InputError, RunFailed
from train.data.chunks import Chunk, write_chunk


def entry(seed: int, length: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randn(length, 3, generator=generator).to(torch.bfloat16)
    return {"tokens": tokens, "pooled": torch.randn(1, 2, generator=generator)}


def written(folder: Path) -> tuple[Path, dict[str, dict[str, torch.Tensor]]]:
    entries = {"a": entry(0, 4), "": entry(1, 1), "ö 'x'": entry(2, 7)}
    write_chunk(folder / "c.safetensors", entries)
    return folder / "c.safetensors", entries


def test_entries_come_back_to_the_bit(tmp_path: Path) -> None:
    path, entries = written(tmp_path)
    chunk = Chunk(path)
    assert chunk.keys == list(entries)
    for place, wanted in enumerate(entries.values()):
        found = chunk.read(place)
        assert found.keys() == wanted.keys()
        assert all(found[name].dtype == wanted[name].dtype and torch.equal(found[name], wanted[name]) for name in wanted)


def test_equal_entries_give_equal_bytes_and_nothing_else_is_left(tmp_path: Path) -> None:
    path, _ = written(tmp_path)
    first = path.read_bytes()
    written(tmp_path)
    assert path.read_bytes() == first
    assert [p.name for p in tmp_path.iterdir()] == ["c.safetensors"]


def test_every_flipped_byte_is_noticed_and_the_file_named(tmp_path: Path) -> None:
    path, entries = written(tmp_path)
    whole = bytearray(path.read_bytes())
    for at in [0, 9, *range(len(whole) - sum(t.nbytes for e in entries.values() for t in e.values()), len(whole), 5)]:
        path.write_bytes(bytes(whole[:at]) + bytes([whole[at] ^ 0x41]) + bytes(whole[at + 1 :]))
        with pytest.raises(InputError, match=r"c\.safetensors is damaged .*delete it and run again"):
            chunk = Chunk(path)
            for place in range(len(entries)):
                chunk.read(place)


@pytest.mark.parametrize("content", [b"", b"\0" * 64, b"PK"])
def test_what_is_no_chunk_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.safetensors").write_bytes(content)
    with pytest.raises(InputError, match="is damaged"):
        Chunk(tmp_path / "c.safetensors")


def test_a_cut_chunk_is_refused(tmp_path: Path) -> None:
    path, _ = written(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="is damaged"):
        Chunk(path)


def test_numbers_that_are_not_finite_are_not_kept(tmp_path: Path) -> None:
    with pytest.raises(RunFailed, match="not finite for 'b'"):
        write_chunk(tmp_path / "c.safetensors", {"a": {"x": torch.ones(1, 2)}, "b": {"x": torch.tensor([[1.0, float("inf")]])}})
    assert not list(tmp_path.iterdir())
