"""A chunk of a cache: one safetensors file with the tensors of many entries, written whole and checked whenever it is read.

Tensors of one name lie behind each other along their first dimension. The header's ``index`` (JSON) says, in the entries'
order: their keys, how long each one's tensors are, and the CRC-32 of their bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from cat_dataset.checksums import crc32
from cat_dataset.errors import InputError, RunFailed
from cat_dataset.files import write_bytes

Entry = Mapping[str, Tensor]
"""Tensors by name, each with at least one dimension; all entries of a chunk have the same names, types and further dimensions."""
SUFFIX = ".safetensors"


class Chunk:
    """A chunk on disk. Threads may share it.

    Raises:
        InputError: cut off, damaged, or none of ours.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            stored: Any = safe_open(path, framework="pt")
            self._file = stored
            index = json.loads((stored.metadata() or {})["index"])
            self.keys: list[str] = [str(key) for key in index["keys"]]
            self._sums: dict[str, list[int]] = {name: list(map(int, sums)) for name, sums in index["crc32"].items()}
            self._ends = {name: _running([int(length) for length in lengths]) for name, lengths in index["lengths"].items()}
            shapes = {name: stored.get_slice(name).get_shape() for name in stored.keys()}  # noqa: SIM118 (not a mapping)
        except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise self._damaged(f"{type(error).__name__}: {error}") from None
        wanted = {name: (len(self.keys) + 1, ends[-1]) for name, ends in self._ends.items()}
        if {name: (len(self._sums.get(name, ())) + 1, shape[0]) for name, shape in shapes.items()} != wanted:
            raise self._damaged("its index is of other tensors")

    def read(self, place: int) -> dict[str, Tensor]:
        """Entry number ``place``.

        Raises:
            InputError: its bytes are not those that were written.
        """
        entry: dict[str, Tensor] = {}
        for name, ends in self._ends.items():
            tensor = self._file.get_slice(name)[ends[place] : ends[place + 1]].contiguous()
            if _checksum(tensor) != self._sums[name][place]:
                raise self._damaged(f"the bytes of {self.keys[place]!r} do not match their CRC-32")
            entry[name] = tensor
        return entry

    def _damaged(self, why: str) -> InputError:
        return InputError(f"{self.path} is damaged ({' '.join(why.split())}); delete it and run again: it will be made anew")


def write_chunk(path: Path, entries: Mapping[str, Entry]) -> None:
    """Write ``entries``, all of one set of names, to ``path``, whole or not at all.

    Raises:
        RunFailed: a number is not finite; names the key.
    """
    for key, entry in entries.items():
        if not all(torch.isfinite(tensor).all() for tensor in entry.values()):
            raise RunFailed(f"the encoder gives numbers that are not finite for {key!r}; check the base's weights")
    names = sorted(next(iter(entries.values())))
    columns = {name: [entry[name].contiguous() for entry in entries.values()] for name in names}
    index: dict[str, Any] = {
        "keys": list(entries),
        "lengths": {name: [len(tensor) for tensor in column] for name, column in columns.items()},
        "crc32": {name: [_checksum(tensor) for tensor in column] for name, column in columns.items()},
    }
    write_bytes(path, save({name: torch.cat(column) for name, column in columns.items()}, metadata={"index": json.dumps(index)}))


def chunk_name(keys: list[str]) -> str:
    """The file name of the chunk with these keys: whoever makes it gives it the same one."""
    return hashlib.sha256(json.dumps(keys).encode()).hexdigest()[:32] + SUFFIX


def entry_bytes(entry: Entry) -> int:
    """What an entry takes on disk, without its share of the index."""
    return sum(tensor.nbytes for tensor in entry.values())


def _checksum(tensor: Tensor) -> int:
    return crc32(tensor.reshape(-1).view(torch.uint8).numpy().data)


def _running(lengths: list[int]) -> list[int]:
    """0 and the running sums."""
    ends = [0]
    for length in lengths:
        if length < 0:
            raise ValueError("a length is negative")
        ends.append(ends[-1] + length)
    return ends
