"""What makes encoded pictures and texts the ones that a run would compute itself: the encoders' files, and how they are used.

Weights count by their size and bytes; of files above `_WHOLE` bytes by size, header and blocks spread evenly over the rest,
since hashing ten gigabytes at every start would cost more than it proves: weights that were trained further differ in
nearly every block.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cat_dataset.errors import InputError
from cat_dataset.files import read_json, sha256_file, sha256_json, write_json
from train.bases.folder import BaseFolder
from train.bases.frozen import TEXT_TOKENS
from train.bases.inventory import ENCODERS

LATENTS_VERSION = 1
"""Raised when the same picture would be framed or encoded in another way."""
TEXTS_VERSION = 1
_WHOLE = 512 << 20
_BLOCKS, _BLOCK = 256, 1 << 14
ABOUT = "about.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """``facts`` are always known; ``parts`` are the digests of the encoders' files, None where the files are gone."""

    facts: dict[str, Any]
    parts: dict[str, str | None]

    def folder(self, cache: Path, name: str) -> Path:
        """Where in ``cache`` what these encoders gave is kept.

        Where files are gone, the one place that was filled with all else equal.

        Raises:
            InputError: files are gone, and there is no such place or several.
        """
        if None not in self.parts.values():
            return cache / f"{name}-{sha256_json([self.facts, self.parts])[:16]}"
        alike = [path.parent for path in sorted(cache.glob(f"{name}-*/{ABOUT}")) if self._is_like(read_json(path))]
        if len(alike) != 1:
            gone = ", ".join(part for part, digest in self.parts.items() if digest is None)
            which = "no cache was made" if not alike else f"{len(alike)} caches were made"
            raise InputError(f"the files of {gone} are gone, and {which} in {cache} by what is left; put them back")
        return alike[0]

    def write(self, path: Path, **more: Any) -> None:
        """Write about.json: whose results a folder holds."""
        write_json(path, {"facts": self.facts, "parts": self.parts, **more})

    def _is_like(self, about: Any) -> bool:
        if not isinstance(about, dict) or about.get("facts") != self.facts or not isinstance(about.get("parts"), dict):
            return False
        return all(digest in (None, about["parts"].get(part)) for part, digest in self.parts.items())


def codec_identity(folder: BaseFolder, dtype: torch.dtype, size: int) -> Identity:
    """Of the VAE, and of how pictures come to it: the largest middle square, ``size`` pixels on a side."""
    config = {name: value for name, value in read_json(folder.source / "vae" / "config.json").items() if not name.startswith("_")}
    facts = {"version": LATENTS_VERSION, "kind": folder.kind, "dtype": str(dtype), "size": size, "vae": sha256_json(config)}
    return Identity(facts=facts, parts={"vae": _digest(folder.source / "vae", "*.safetensors")})


def texts_identity(folder: BaseFolder, dtype: torch.dtype) -> Identity:
    """Of the text encoders and their tokenizers."""
    facts = {"version": TEXTS_VERSION, "kind": folder.kind, "dtype": str(dtype), "tokens": TEXT_TOKENS}
    parts = [part for part in ENCODERS[folder.kind] if part != "vae"]
    return Identity(facts=facts, parts={part: _digest(folder.source / part, "*") for part in parts})


def _digest(folder: Path, pattern: str) -> str | None:
    """SHA-256 over the names and contents of a component's files; None if they are gone, be it only the weights."""
    files = sorted(path for path in folder.glob(pattern) if path.is_file() and not path.name.startswith("."))
    weights = any(path.suffix == ".safetensors" for path in files)
    if not files or (not weights and not folder.name.startswith("tokenizer")):
        return None
    return sha256_json([[path.name, weights_digest(path)] for path in files])


def weights_digest(path: Path) -> str:
    """SHA-256 of a file, or of its size, header and evenly spread blocks where it is large."""
    size = path.stat().st_size
    if size <= _WHOLE:
        return sha256_file(path)
    digest = hashlib.sha256(json.dumps([size, _BLOCKS, _BLOCK]).encode())
    with open(path, "rb") as stream:
        for offset in _offsets(size):
            stream.seek(offset)
            digest.update(stream.read(_BLOCK))
    return digest.hexdigest()


def _offsets(size: int) -> Iterable[int]:
    """Where blocks are read: the first 1 MB, in which the header lies, the end, and places between."""
    yield from range(0, 1 << 20, _BLOCK)
    yield from (step * (size - _BLOCK) // (_BLOCKS - 1) for step in range(_BLOCKS))
