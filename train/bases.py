"""Choosing a base, and loading the adapter that a run has made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cat_dataset.attributes import ATTRIBUTES
from cat_dataset.errors import AdapterError, UsageError
from cat_dataset.files import read_json
from train.base import Base
from train.checkpoint import checkpoints
from train.config import TrainConfig
from train.nano import NanoBase

ADAPTER_SCHEMA = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Defaults:
    """What a base trains with when the configuration leaves it open."""

    max_steps: int
    batch: int
    learning_rate: float


DEFAULTS = {
    NanoBase.name: Defaults(max_steps=1500, batch=16, learning_rate=2e-3),
    "kontext": Defaults(max_steps=10_000, batch=4, learning_rate=1e-4),
}


def choose_base(config: TrainConfig) -> tuple[Base, str]:
    """The base that ``config`` asks for, and the sentence that says which and why.

    Raises:
        UsageError: neither ``auto``, ``nano`` nor a folder with FLUX.1-Kontext in diffusers format.
    """
    if config.base == "nano":
        return _nano(config), "base nano, as asked"
    if config.base == "auto":
        why = (
            "there is no GPU" if not torch.cuda.is_available() else "weights of a larger base are used only when --base names their folder"
        )
        return _nano(config), f"base nano, chosen because {why}"
    # Imported only when asked for: it loads transformers, which nano does without.
    from train.kontext import KontextBase, is_kontext_folder

    folder = Path(config.base).expanduser()
    if not is_kontext_folder(folder):
        raise UsageError(
            f"--base {config.base}: not 'auto', 'nano' or a folder with FLUX.1-Kontext-dev in diffusers format (model_index.json)"
        )
    base = KontextBase.open(folder, rank=config.rank, size=config.size or KontextBase.SIZE, seed=config.seed)
    return base, f"base Kontext from {folder}, on {base.device}"


def load_adapter(run: Path) -> tuple[Base, dict[str, Any]]:
    """The newest adapter of a run folder (or an adapter folder itself), ready to edit, and its adapter.json.

    Raises:
        AdapterError: none there, of another version, or damaged.
    """
    folder = run
    if not (run / "adapter.json").is_file():
        found = checkpoints(run)
        if not found:
            what = "has no finished checkpoint" if run.is_dir() else "does not exist"
            raise AdapterError(f"{run} {what}; train one with: python -m train.run --shards manifests/ --out {run}")
        folder = found[-1] / "adapter"
    about = read_json(folder / "adapter.json")
    if not isinstance(about, dict) or about.get("schema") != ADAPTER_SCHEMA:
        raise AdapterError(f"{folder} was written by another version of this trainer; train it again")
    if not _whole(about):
        raise AdapterError(f"{folder}/adapter.json is not what this trainer writes; copy it again, or train it again")
    if about.get("base") == NanoBase.name:
        return NanoBase.load(folder), about
    if about.get("base") == "kontext":
        from train.kontext import KontextBase

        return KontextBase.load(folder, Path(str(about.get("base_folder")))), about
    raise AdapterError(f"{folder}/adapter.json names an unknown base {about.get('base')!r}; upgrade, or train it again")


def _nano(config: TrainConfig) -> NanoBase:
    return NanoBase(size=config.size, seed=config.seed) if config.size else NanoBase(seed=config.seed)


def _whole(about: dict[str, Any]) -> bool:
    """Whether adapter.json has what editing needs, and its task ids are the registry's."""
    tasks = about.get("tasks")
    known = isinstance(tasks, dict) and all(name in ATTRIBUTES and ATTRIBUTES[name].task == task for name, task in tasks.items())
    return (
        bool(known and tasks) and isinstance(about.get("plain"), bool) and all(type(about.get(k)) is int for k in ("step", "rank", "size"))
    )
