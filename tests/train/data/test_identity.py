from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from cat_dataset.errors import InputError
from train.bases.folder import BaseFolder, find_folder
from train.data import identity
from train.data.identity import codec_identity, texts_identity, weights_digest


@pytest.fixture
def folder(tiny_kontext: Path, tmp_path: Path) -> BaseFolder:
    return find_folder(str(shutil.copytree(tiny_kontext, tmp_path / "base")))


def places(folder: BaseFolder, cache: Path, dtype: torch.dtype = torch.float32, size: int = 16) -> tuple[Path, Path]:
    return codec_identity(folder, dtype, size).folder(cache, "latents"), texts_identity(folder, dtype).folder(cache, "texts")


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def _rescale(path: Path) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "scaling_factor": 0.5}), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        (lambda base: _flip(base / "vae" / "diffusion_pytorch_model.safetensors"), (True, False)),
        (lambda base: _rescale(base / "vae" / "config.json"), (True, False)),
        (lambda base: _flip(base / "text_encoder_2" / "model.safetensors"), (False, True)),
        (lambda base: _flip(base / "tokenizer_2" / "tokenizer.json"), (False, True)),
        (lambda base: _flip(base / "transformer" / "diffusion_pytorch_model.safetensors"), (False, False)),
    ],
)
def test_other_encoders_have_other_places(
    folder: BaseFolder, tmp_path: Path, change: Callable[[Path], None], moved: tuple[bool, bool]
) -> None:
    before = places(folder, tmp_path)
    change(folder.source)
    assert tuple(one != other for one, other in zip(before, places(folder, tmp_path), strict=True)) == moved


def test_type_and_size_count(folder: BaseFolder, tmp_path: Path) -> None:
    one, half, large = places(folder, tmp_path), places(folder, tmp_path, torch.bfloat16), places(folder, tmp_path, size=24)
    assert len({one[0], half[0], large[0]}) == 3
    assert one[1] == large[1] != half[1]


def test_without_its_files_a_cache_is_known_by_what_is_left(folder: BaseFolder, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    latents, texts = places(folder, cache)
    codec_identity(folder, torch.float32, 16).write(latents / "about.json")
    texts_identity(folder, torch.float32).write(texts / "about.json")
    for part in ("text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"):
        shutil.rmtree(folder.source / part)
    (folder.source / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    assert places(folder, cache) == (latents, texts)
    with pytest.raises(InputError, match="the files of vae are gone, and no cache was made"):
        places(folder, cache, size=24)
    codec_identity(folder, torch.float32, 16).write(cache / "latents-other" / "about.json")
    with pytest.raises(InputError, match="2 caches were made"):
        places(folder, cache)


def test_large_weights_count_by_header_size_and_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(bytes(range(256)) * (8 << 12))
    whole = weights_digest(path)
    monkeypatch.setattr(identity, "_WHOLE", 1 << 20)
    found = {whole, weights_digest(path)}
    content = bytearray(path.read_bytes())
    for at in (12, len(content) - 1):
        content[at] ^= 1
        path.write_bytes(content)
        found.add(weights_digest(path))
    path.write_bytes(content + b"\0")
    assert len({*found, weights_digest(path)}) == 5
