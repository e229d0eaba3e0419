"""Tensors and their files: safetensors only, never pickle; errors in our own terms."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from cat_dataset.errors import AdapterError


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write ``tensors`` to ``path`` and sync it.

    Raises:
        OSError: the disk is full or not writable (safetensors reports these as its own error, with the number in the text).
    """
    try:
        save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, path)
    except SafetensorError as error:
        for number in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
            if f"os error {number})" in str(error):
                raise OSError(number, os.strerror(number), str(path)) from None
        raise
    with open(path, "rb+") as stream:
        os.fsync(stream.fileno())


def load_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a file.

    Raises:
        AdapterError: absent, cut off or damaged, or numbers that are not finite.
    """
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise AdapterError(f"{path} cannot be read ({error}); copy it again, or train it again") from None
    bad = next((name for name, tensor in tensors.items() if tensor.is_floating_point() and not torch.isfinite(tensor).all()), None)
    if bad is not None:
        raise AdapterError(f"{path} holds numbers that are not finite (in {bad}); copy it again, or train it again")
    return tensors


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """Inside, new tensors are of ``dtype``."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
