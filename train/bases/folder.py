"""A base's folder in diffusers layout: what it is, what is missing, and how it is loaded."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from cat_dataset.errors import InputError, UsageError
from cat_dataset.files import read_json
from train.bases.hub import how_to_get, is_hub_id, snapshot
from train.bases.inventory import ENCODERS, lacks
from train.bases.options import USUAL, BaseOptions
from train.bases.quiet import hush
from train.bases.text_encoders import load_text_encoders

if TYPE_CHECKING:
    from train.bases.frozen import FrozenBase

PIPELINES = {"FluxKontextPipeline": "kontext", "Flux2KleinPipeline": "klein"}
"""Pipeline classes of model_index.json, and the base that takes their folders."""
HUB_IDS = {"kontext": "black-forest-labs/FLUX.1-Kontext-dev", "klein": "black-forest-labs/FLUX.2-klein-base-4B"}
_NAMED = 4

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseFolder:
    """A local folder with ``model_index.json``."""

    source: Path
    kind: str
    """``kontext`` or ``klein``."""
    asked: str
    """What it was called: a path, or the hub id whose snapshot it is."""

    @property
    def device(self) -> torch.device:
        """Where its weights go."""
        return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")

    def dtype(self, options: BaseOptions) -> torch.dtype:
        """What it computes in."""
        wanted = options.precision if options.precision != "auto" else "bf16" if self.device.type == "cuda" else "fp32"
        return {"bf16": torch.bfloat16, "fp32": torch.float32}[wanted]

    @property
    def vae_scale(self) -> int:
        """Pixels per latent."""
        return 1 << (len(self.setting("vae", "block_out_channels", list)) - 1)

    def setting(self, part: str, name: str, kind: type[T]) -> T:
        """A value in a part's config.json.

        Raises:
            InputError: the file is missing or damaged, or has no such value.
        """
        found = read_json(self.source / part / "config.json")
        value = found.get(name) if isinstance(found, dict) else None
        if not isinstance(value, kind):
            raise InputError(f"{self.asked}: {part}/config.json has no {name}. {_advice(self.kind)}")
        return value

    def check(self, *, encoders: bool = True, transformer: bool = True) -> None:
        """Nothing if all files that `load` would read are there and whole, as far as their lengths tell.

        Raises:
            InputError: names the first ones that are not, and how to get them.
        """
        found = missing(self, encoders=encoders, transformer=transformer)
        if found:
            more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
            raise InputError(f"{self.asked} is incomplete: {'; '.join(found[:_NAMED])}{more}. {_advice(self.kind)}")

    def base_class(self) -> type[FrozenBase]:
        """The base that takes it."""
        # They load diffusers' pipelines, which a look at the folder does without.
        from train.bases.klein import KleinBase
        from train.bases.kontext import KontextBase

        classes: dict[str, type[FrozenBase]] = {"kontext": KontextBase, "klein": KleinBase}
        return classes[self.kind]

    def load(self, *, encoders: bool = True, transformer: bool = True, options: BaseOptions = USUAL) -> Any:
        """The frozen pipeline.

        Args:
            encoders: without, neither VAE nor text encoders are read from disk.
            transformer: without, it is not read.

        Raises:
            InputError: files are incomplete or damaged.
            UsageError: nf4 without bitsandbytes or a GPU.
        """
        self.check(encoders=encoders, transformer=transformer)
        hush()
        import diffusers

        left_out = (() if encoders else ENCODERS[self.kind]) + (() if transformer else ("transformer",))
        given: dict[str, Any] = dict.fromkeys(left_out)
        if options.base_weights == "nf4" and transformer:
            given["quantization_config"] = _nf4(self.dtype(options))
        cls = getattr(diffusers, next(name for name, kind in PIPELINES.items() if kind == self.kind))
        dtype = self.dtype(options)
        try:
            if encoders:
                given |= load_text_encoders(self.source, tuple(p for p in ENCODERS[self.kind] if p.startswith("text_encoder")), dtype)
            pipeline = cls.from_pretrained(str(self.source), dtype=dtype, local_files_only=True, use_safetensors=True, **given)
            _check_whole(pipeline)
        except Exception as error:
            why = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {' '.join(str(error).split())}"
            raise InputError(f"{self.asked} cannot be loaded as {self.kind} ({why}). {_advice(self.kind)}") from None
        pipeline.set_progress_bar_config(disable=True)
        for part in pipeline.components.values():
            if isinstance(part, torch.nn.Module):
                part.requires_grad_(False).eval()
        return pipeline.to(self.device)


def find_folder(source: str, *, download: bool = True) -> BaseFolder:
    """The base's folder that ``source``, a local path or a hub id, names.

    Args:
        download: whether a hub id that is not whole in the local cache may be fetched.

    Raises:
        UsageError: not in diffusers layout, or of a pipeline that is no base.
        InputError: a hub id that cannot be had.
    """
    folder = Path(source).expanduser()
    if not folder.exists() and is_hub_id(source):
        folder = snapshot(source, whole=lambda found: not _lacks(found), download=download)
    if folder.is_file():
        raise UsageError(
            f"--base {source} is one file; single-file checkpoints, GGUF and pickles are not read: a base is a folder in diffusers "
            f"layout, with VAE, text encoders and tokenizers. {_advice('kontext')}"
        )
    kind = _kind(folder)
    if kind is None:
        advice = "" if folder.exists() else f". {_advice('klein' if 'klein' in source.lower() else 'kontext')}"
        raise UsageError(
            f"--base {source}: {_why_not(folder)}; it takes auto, nano, or {_names()} in diffusers layout, as folder or hub id{advice}"
        )
    return BaseFolder(source=folder, kind=kind, asked=source)


def missing(folder: BaseFolder, *, encoders: bool = True, transformer: bool = True) -> list[str]:
    """What ``folder`` lacks for `BaseFolder.load`, a few words each; nothing is loaded."""
    return lacks(folder.source, folder.kind, encoders=encoders, transformer=transformer)


def _kind(folder: Path) -> str | None:
    index = folder / "model_index.json"
    content = read_json(index) if index.is_file() else None
    return PIPELINES.get(str(content.get("_class_name"))) if isinstance(content, dict) else None


def _lacks(folder: Path) -> bool:
    kind = _kind(folder)
    return kind is None or bool(lacks(folder, kind, encoders=True))


def _why_not(folder: Path) -> str:
    """Why a path is no base's folder."""
    if not folder.is_dir():
        return "there is no such folder"
    if (folder / "model_index.json").is_file():
        index = read_json(folder / "model_index.json")
        name = index.get("_class_name") if isinstance(index, dict) else None
        return f"its model_index.json is that of a {str(name)[:80] if name else 'nameless pipeline'}"
    if (folder / "config.json").is_file():
        return "it holds one model (a transformer alone?), without the model_index.json of a whole pipeline"
    if any(folder.glob("*.safetensors")) or any(folder.glob("*.gguf")):
        return "it holds single-file checkpoints, which are not read"
    return "it has no model_index.json"


def _names() -> str:
    return " or ".join(name.rpartition("/")[2] for name in HUB_IDS.values())


def _advice(kind: str) -> str:
    return f"To have it whole: {how_to_get(HUB_IDS[kind])}"


def _check_whole(pipeline: Any) -> None:
    """diffusers leaves weights that a file lacks without storage.

    Raises:
        InputError: there are such.
    """
    for part, module in pipeline.components.items():
        tensors = module.state_dict() if isinstance(module, torch.nn.Module) else {}
        if absent := [name for name, tensor in tensors.items() if tensor.is_meta]:
            raise InputError(f"{part} lacks {len(absent)} weights, {absent[0]} among them")


def _nf4(dtype: torch.dtype) -> Any:
    """diffusers' configuration for a transformer in four bits.

    Raises:
        UsageError: bitsandbytes is not installed, or there is no GPU, without which diffusers does not use it.
    """
    if importlib.util.find_spec("bitsandbytes") is None:
        raise UsageError("--base-weights nf4 needs bitsandbytes; pip install 'cat-dataset[quantised]', or take fp8")
    if not torch.cuda.is_available():
        raise UsageError("--base-weights nf4 needs a GPU; take fp8, or same")
    from diffusers import BitsAndBytesConfig, PipelineQuantizationConfig

    four_bits = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype)
    return PipelineQuantizationConfig(quant_mapping={"transformer": four_bits})
