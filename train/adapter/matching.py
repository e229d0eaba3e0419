"""Whether a file holds the weights of this very model: by name and by shape, nothing missing and nothing over."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from cat_dataset.errors import AdapterError


def check_same(wanted: Mapping[str, Tensor], found: Mapping[str, Tensor], path: Path) -> None:
    """Compare names and shapes.

    Raises:
        AdapterError: they differ; names ``path`` and the first difference.
    """
    for name in sorted({*wanted, *found}):
        if name in wanted and name in found and wanted[name].shape == found[name].shape:
            continue
        if name not in found:
            what = f"{name} is missing"
        elif name not in wanted:
            what = f"{name} is unknown"
        else:
            what = f"{name} has shape {tuple(found[name].shape)} where {tuple(wanted[name].shape)} is needed"
        raise AdapterError(f"{path} holds another model's weights ({what}); give the base and the options that it was trained with")


def load_into(module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Put ``tensors``, read from ``path``, into ``module``.

    Raises:
        AdapterError: they are another module's.
    """
    check_same(module.state_dict(), tensors, path)
    module.load_state_dict(dict(tensors))
