"""What a folder in diffusers layout lacks, found without loading it: parts, their configurations, whole weight files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cat_dataset.errors import InputError
from cat_dataset.files import read_json

TRANSFORMERS = {"kontext": "FluxTransformer2DModel", "klein": "Flux2Transformer2DModel"}
ENCODERS = {
    "kontext": ("vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"),
    "klein": ("vae", "text_encoder", "tokenizer"),
}
"""Parts that training from caches needs not."""
_LIBRARIES = ("diffusers", "transformers")
_VOCABULARIES = ("tokenizer.json", "vocab.json", "spiece.model")
_TRANSFORMER = "transformer/config.json"
_LARGEST = {
    "num_layers": 256, "num_single_layers": 256, "num_attention_heads": 1024, "attention_head_dim": 4096, "joint_attention_dim": 1 << 17,
    "in_channels": 1 << 14,
}  # fmt: skip
"""What a transformer may have at most: ten times any that is known."""
_HEADER_CAP = 100 << 20
_UNREAD = (".bin", ".pt", ".pth", ".ckpt", ".gguf", ".msgpack")


def lacks(folder: Path, kind: str, *, encoders: bool = True, transformer: bool = True) -> list[str]:
    """What keeps ``folder`` from being loaded as base ``kind``, a few words each; empty if nothing is seen.

    Args:
        encoders: whether VAE and text encoders are to be loaded; else only the VAE's configuration is needed.
        transformer: whether it is to be loaded; else only its configuration is needed.

    Raises:
        InputError: an index of shards, or model_index.json, is damaged.
    """
    index, found = read_json(folder / "model_index.json"), []
    for part in ("transformer", "scheduler", *ENCODERS[kind]):
        needed = transformer if part == "transformer" else encoders or part not in ENCODERS[kind]
        entry = index.get(part)
        if not isinstance(entry, list) or len(entry) != 2 or entry[0] not in _LIBRARIES:
            found.append(f"model_index.json names no {part} of diffusers or transformers")
        elif part == "transformer" and entry[1] != TRANSFORMERS[kind]:
            found.append(f"model_index.json names a transformer {entry[1]} instead of {TRANSFORMERS[kind]}")
        elif part.startswith("tokenizer"):
            found += _tokenizer(folder / part) if needed else []
        elif part == "scheduler":
            found += _file(folder, "scheduler/scheduler_config.json")
        elif needed or part in ("vae", "transformer"):
            found += _transformer(folder, kind) if part == "transformer" else _file(folder, f"{part}/config.json")
            found += _weights(folder, part) if needed else []
    return found


def _file(folder: Path, name: str) -> list[str]:
    """What is wrong with a JSON file that must hold an object."""
    if not (folder / name).is_file():
        return [f"{name} is missing"]
    try:
        return [] if isinstance(read_json(folder / name), dict) else [f"{name} is damaged"]
    except InputError:
        return [f"{name} is damaged"]


def _transformer(folder: Path, kind: str) -> list[str]:
    """What is wrong with the configuration of the transformer: from it models are built before any weight is read."""
    if wrong := _file(folder, _TRANSFORMER):
        return wrong
    config = read_json(folder / _TRANSFORMER)
    if config.get("_class_name") != TRANSFORMERS[kind]:
        return [f"{_TRANSFORMER} is that of another class than {TRANSFORMERS[kind]}"]
    return [
        f"{_TRANSFORMER} has an impossible {name}"
        for name, most in _LARGEST.items()
        if type(config.get(name)) is not int or not 0 < config[name] <= most
    ]


def _tokenizer(folder: Path) -> list[str]:
    there = any((folder / name).is_file() for name in _VOCABULARIES)
    return _file(folder.parent, f"{folder.name}/tokenizer_config.json") + ([] if there else [f"{folder.name}/ has no vocabulary"])


def _weights(folder: Path, part: str) -> list[str]:
    one = "diffusion_pytorch_model.safetensors" if part in ("transformer", "vae") else "model.safetensors"
    index = folder / part / f"{one}.index.json"
    names = _shards(index) if index.is_file() else {one}
    found = []
    for name in sorted(names):
        path = folder / part / name
        if not path.is_file():
            others = sorted(p.name for p in path.parent.glob("*") if p.suffix in _UNREAD)
            found.append(f"{part}/{name} is missing" + (f" ({others[0]} is not read: safetensors only)" if others else ""))
        elif problem := _damage(path):
            found.append(f"{part}/{name} {problem}")
    return found


def _shards(index: Path) -> set[str]:
    """The file names in an index.

    Raises:
        InputError: it holds something else.
    """
    content: Any = read_json(index)
    mapping = content.get("weight_map") if isinstance(content, dict) else None
    names = set(mapping.values()) if isinstance(mapping, dict) and all(isinstance(v, str) for v in mapping.values()) else set()
    if not names or any(Path(name).name != name or not name.endswith(".safetensors") for name in names):
        raise InputError(f"{index} is no index of safetensors files beside it; download it again")
    return names


def _damage(path: Path) -> str:
    """What the length of a safetensors file and its header say is wrong with it; empty if nothing."""
    size = path.stat().st_size
    with open(path, "rb") as stream:
        start = stream.read(8)
        if start == b"version ":
            return "is a Git LFS pointer, not the file; run 'git lfs pull' there"
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > min(size - 8, _HEADER_CAP):
            return f"is cut off or no safetensors file ({size} bytes)"
        try:
            header = json.loads(stream.read(length))
            end = max((entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"), default=0)
            whole = 8 + length + int(end)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
            return "has a damaged header"
    return "" if size == whole else f"is cut off: {size} of {whole} bytes" if size < whole else f"has {size - whole} bytes too many"
