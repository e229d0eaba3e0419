"""Text encoders of a folder in diffusers layout, loaded one by one: transformers gives weights that a file lacks random
values and a pipeline does not ask which those were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from cat_dataset.errors import InputError
from cat_dataset.files import read_json

_NAMED = 3


def load_text_encoders(folder: Path, parts: tuple[str, ...], dtype: torch.dtype) -> dict[str, Any]:
    """The encoders named ``parts`` of model_index.json, on the CPU.

    Raises:
        InputError: a file lacks weights, or has them in other shapes.
    """
    import transformers

    index: Any = read_json(folder / "model_index.json")
    found: dict[str, Any] = {}
    for part in parts:
        cls = getattr(transformers, str(index[part][1]), None)
        if not isinstance(cls, type) or not issubclass(cls, transformers.PreTrainedModel):
            raise InputError(f"model_index.json names {part} a {str(index[part][1])[:80]}, which is no model of transformers")
        loaded: Any = cls
        found[part], report = loaded.from_pretrained(
            str(folder / part), dtype=dtype, local_files_only=True, use_safetensors=True, output_loading_info=True
        )
        absent = sorted(map(str, report["missing_keys"]))
        if absent:
            more = f" and {len(absent) - _NAMED} more" if len(absent) > _NAMED else ""
            raise InputError(f"{part} lacks the weights {', '.join(absent[:_NAMED])}{more}")
    return found
