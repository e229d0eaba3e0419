"""Choosing a base."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from cat_dataset.errors import AdapterError
from train.bases.folder import BaseFolder, find_folder
from train.bases.interface import Base
from train.bases.nano import NanoBase, NanoShape
from train.bases.options import USUAL, BaseOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class Defaults:
    """What a base trains with when the configuration leaves it open."""

    max_steps: int
    batch: int
    learning_rate: float


DEFAULTS = {
    "nano": Defaults(max_steps=1500, batch=16, learning_rate=2e-3),
    "kontext": Defaults(max_steps=10_000, batch=4, learning_rate=1e-4),
    "klein": Defaults(max_steps=10_000, batch=4, learning_rate=1e-4),
}


def resolve(source: str, *, download: bool = True) -> tuple[BaseFolder | None, str]:
    """What ``--base`` means, without loading anything: a folder, or None for nano, and the sentence that says which and why.

    Args:
        download: whether a hub id that is not whole in the local cache may be fetched.

    Raises:
        UsageError: neither ``auto``, ``nano`` nor a folder that a base takes.
        InputError: a hub id that cannot be had.
    """
    if source == "nano":
        return None, "base nano, as asked"
    if source == "auto":
        why = (
            "there is no GPU" if not torch.cuda.is_available() else "weights of a larger base are used only when --base names their folder"
        )
        return None, f"base nano, chosen because {why}"
    folder = find_folder(source, download=download)
    return folder, f"base {folder.kind} from {folder.asked}, on {folder.device}"


def open_base(
    folder: BaseFolder | None,
    *,
    size: int,
    seed: int = 0,
    encoders: bool = True,
    transformer: bool = True,
    options: BaseOptions = USUAL,
) -> Base:
    """The base in ``folder``; None is a fresh nano. ``size`` 0 is the base's own. ``encoders`` and ``transformer`` as in `FrozenBase`.

    Raises:
        InputError: its files are incomplete or damaged.
        UsageError: a size or option that it does not take.
    """
    if folder is None:
        return NanoBase(_nano_shape(size, options), seed=seed)
    return folder.base_class()(folder, size=size, encoders=encoders, transformer=transformer, options=options)


def _nano_shape(size: int, options: BaseOptions = USUAL) -> NanoShape:
    """nano's shape as a configuration asks for it; ``size`` 0 is its own."""
    return NanoShape(**({"size": size} if size else {}), residual=options.nano_residual)


def reopen_base(name: str, size: int, about: dict[str, Any], source: str | None) -> Base:
    """The base that an adapter was trained on; ``source`` is where its folder is now, if it has moved."""
    if name == "nano":
        return NanoBase(NanoShape(**about["shape"]))
    if name not in DEFAULTS:
        raise AdapterError(f"the adapter names an unknown base {name!r}; upgrade, or train it again")
    return open_base(find_folder(source or about["folder"]), size=size)
