"""A base's folder in diffusers layout: what it is, what is missing, and how it is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cat_dataset.errors import InputError, UsageError
from cat_dataset.files import read_json

PIPELINES = {"FluxKontextPipeline": "kontext", "Flux2KleinPipeline": "klein"}
"""Pipeline classes of model_index.json, and the base that takes their folders."""
_ENCODERS = {
    "kontext": ("vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"),
    "klein": ("vae", "text_encoder", "tokenizer"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseFolder:
    """A local folder with ``model_index.json``."""

    source: Path
    kind: str
    """``kontext`` or ``klein``."""

    @property
    def device(self) -> torch.device:
        """Where its weights go."""
        return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")

    @property
    def vae_scale(self) -> int:
        """Pixels per latent, from the VAE's config.json."""
        return 1 << (len(read_json(self.source / "vae" / "config.json")["block_out_channels"]) - 1)

    def load(self, *, encoders: bool) -> Any:
        """The frozen pipeline; without ``encoders`` neither VAE nor text encoders are read from disk.

        Raises:
            InputError: files are incomplete or damaged.
        """
        import diffusers
        import transformers

        for library in (diffusers, transformers):
            library.utils.logging.set_verbosity_error()
            library.utils.logging.disable_progress_bar()
        left_out = {} if encoders else dict.fromkeys(_ENCODERS[self.kind])
        cls = getattr(diffusers, next(name for name, kind in PIPELINES.items() if kind == self.kind))
        dtype = torch.bfloat16 if self.device.type == "cuda" else torch.float32
        try:
            pipeline = cls.from_pretrained(str(self.source), dtype=dtype, local_files_only=True, use_safetensors=True, **left_out)
        except Exception as error:
            raise InputError(
                f"{self.source} cannot be loaded as {self.kind} ({type(error).__name__}: {error}); download it again"
            ) from None
        pipeline.set_progress_bar_config(disable=True)
        for part in pipeline.components.values():
            if isinstance(part, torch.nn.Module):
                part.requires_grad_(False).eval()
        return pipeline.to(self.device)


def find_folder(source: str) -> BaseFolder:
    """The base's folder that ``source`` names.

    Raises:
        UsageError: not a folder in diffusers layout that a base takes.
    """
    folder = Path(source).expanduser()
    index = folder / "model_index.json"
    found = read_json(index).get("_class_name") if index.is_file() else None
    if found not in PIPELINES:
        raise UsageError(f"--base {source}: not 'auto', 'nano' or a folder with FLUX.1-Kontext-dev or FLUX.2-klein in diffusers format")
    return BaseFolder(source=folder, kind=PIPELINES[found])
