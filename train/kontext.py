"""``kontext``: FLUX.1 Kontext from a local folder in diffusers format, taught numbers by LoRA and a numeric projector.

Numeric tokens are put in front of the T5 tokens; FLUX gives text tokens the position (0, 0, 0), so their order means
nothing and no change to the diffusers transformer is needed. Every sub-instruction is encoded on its own, so the order of
several edits cannot matter either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
import transformers
from diffusers import FluxKontextPipeline
from diffusers.training_utils import _collate_lora_metadata
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from torch import Tensor, nn

from cat_dataset.errors import AdapterError, InputError
from cat_dataset.files import read_json
from cat_dataset.images import Rgb, resize_area
from train.base import Condition, Instruction
from train.masks import joint_mask
from train.projector import PROJECTOR_FILE, NumericProjector
from train.tensors import load_tensors, save_tensors

LORA_TARGETS = [
    "attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out.0",
    "attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj", "attn.to_add_out",
]  # fmt: skip
"""Attention projections of double and single blocks, text stream included: the numeric token lives there."""
TEXT_TOKENS = 128
"""T5 tokens per sub-instruction; ours are short, and 512 costs a sixth of the step."""
_TRAINING_GUIDANCE, _EDITING_GUIDANCE = 1.0, 2.5


class KontextBase:
    """See the module. Frozen weights are bfloat16 on a GPU and float32 on a CPU; what is trained is float32."""

    name = "kontext"
    SIZE = 512
    keeps_detail = False

    def __init__(self, pipeline: Any, folder: Path, *, rank: int, size: int, seed: int) -> None:
        self.folder, self.size, self.rank = folder, size, rank
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.pipeline = pipeline.to(self.device)
        for part in (pipeline.transformer, pipeline.vae, pipeline.text_encoder, pipeline.text_encoder_2):
            part.requires_grad_(False).eval()
        self._texts: dict[str, tuple[Tensor, Tensor]] = {}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.projector = NumericProjector(pipeline.transformer.config.joint_attention_dim, token_rms=self._token_rms()).to(self.device)
            if not getattr(pipeline.transformer, "peft_config", None):
                lora = LoraConfig(r=rank, lora_alpha=rank, init_lora_weights="gaussian", target_modules=LORA_TARGETS)
                pipeline.transformer.add_adapter(lora)
        for name, parameter in pipeline.transformer.named_parameters():
            if "lora_" in name:
                parameter.requires_grad_(True)
                parameter.data = parameter.data.float()
        if self.device.type == "cuda":
            pipeline.transformer.enable_gradient_checkpointing()

    @classmethod
    def open(cls, folder: Path, *, rank: int, size: int, seed: int) -> KontextBase:
        """The pretrained base with a fresh adapter.

        Raises:
            InputError: the folder's weights are incomplete or damaged.
        """
        return cls(_pipeline(folder), folder, rank=rank, size=size, seed=seed)

    @classmethod
    def load(cls, adapter: Path, folder: Path) -> KontextBase:
        """The base in ``folder`` with the adapter that `save` wrote.

        Raises:
            AdapterError: the adapter's files are absent, damaged or of another base.
        """
        pipeline = _pipeline(folder)
        about = read_json(adapter / "adapter.json")
        try:
            pipeline.load_lora_weights(str(adapter), weight_name="pytorch_lora_weights.safetensors", local_files_only=True)
            base = cls(pipeline, folder, rank=int(about["rank"]), size=int(about["size"]), seed=0)
            base.projector.load_state_dict(load_tensors(adapter / PROJECTOR_FILE))
        except Exception as error:
            raise AdapterError(f"{adapter} holds no usable adapter for {folder} ({error}); train it again") from None
        return base

    def modules(self) -> dict[str, nn.Module]:
        """The transformer (its LoRA trains) and the numeric projector."""
        return {"transformer": self.pipeline.transformer, "projector": self.projector}

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """(rows, columns) of packed latents: 2 × 2 latents a token."""
        step = 2 * self.pipeline.vae_scale_factor
        return height // step, width // step

    def fit(self, picture: Rgb) -> Rgb:
        """Resize to about size² pixels, both sides multiples of a token."""
        step = 2 * self.pipeline.vae_scale_factor
        height, width = picture.shape[:2]
        scale = self.size / math.sqrt(height * width)
        rows, columns = (max(1, round(side * scale / step)) for side in (height, width))
        return resize_area(picture, columns * step, rows * step)

    @torch.no_grad()
    def to_latents(self, pictures: Sequence[Rgb]) -> Tensor:
        """Packed, scaled VAE latents (the posterior's mode), float32."""
        vae = self.pipeline.vae
        x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).to(self.device, vae.dtype) / 127.5 - 1.0
        latents = (vae.encode(x).latent_dist.mode() - vae.config.shift_factor) * vae.config.scaling_factor
        b, c, h, w = latents.shape
        packed: Tensor = self.pipeline._pack_latents(latents, b, c, h, w)
        return packed.float()

    @torch.no_grad()
    def to_pictures(self, latents: Tensor, height: int, width: int) -> list[Rgb]:
        """Inverse of `to_latents`."""
        vae = self.pipeline.vae
        x = self.pipeline._unpack_latents(latents.to(vae.dtype), height, width, self.pipeline.vae_scale_factor)
        pictures = vae.decode(x / vae.config.scaling_factor + vae.config.shift_factor, return_dict=False)[0].float()
        return list(((pictures.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy())

    def condition(self, instructions: Sequence[Instruction], image_tokens: int) -> Condition:
        """Numeric tokens, then the T5 tokens of every part; pooled CLIP vectors averaged over the parts."""
        counts = [len(item.tasks) for item in instructions]
        parts = [len(item.parts) for item in instructions]
        most = max(counts)
        tasks = torch.tensor([[*item.tasks, *[0] * (most - len(item.tasks))] for item in instructions], device=self.device)
        numbers = torch.tensor([[*item.numbers, *[0.0] * (most - len(item.numbers))] for item in instructions], device=self.device)
        texts, pooled = [], []
        for item in instructions:
            encoded = [self._text(part) for part in item.parts]
            words = torch.cat([text for text, _ in encoded])
            texts.append(torch.cat([words, words.new_zeros(TEXT_TOKENS * max(parts) - len(words), words.shape[1])]))
            pooled.append(torch.stack([vector for _, vector in encoded]).mean(0))
        words = torch.stack(texts)
        tokens = torch.cat([self.projector(numbers.float(), tasks).to(words.dtype), words], dim=1)
        mask = joint_mask(counts, [TEXT_TOKENS * n for n in parts], image_tokens, self.device)
        return Condition(tokens=tokens, pooled=torch.stack(pooled), mask=mask)

    def velocity(self, noisy: Tensor, source: Tensor, t: Tensor, condition: Condition, grid: tuple[int, int]) -> Tensor:
        """The transformer's prediction; guidance is embedded (1 while training, 2.5 while editing)."""
        transformer = self.pipeline.transformer
        kind = condition.tokens.dtype
        value = _TRAINING_GUIDANCE if torch.is_grad_enabled() else _EDITING_GUIDANCE
        guidance = torch.full((len(t),), value, device=t.device) if transformer.config.guidance_embeds else None
        place = self.pipeline._prepare_latent_image_ids(1, *grid, self.device, torch.float32)
        reference = place.clone()
        reference[..., 0] = 1
        output: Tensor = transformer(
            hidden_states=torch.cat([noisy, source], dim=1).to(kind),
            encoder_hidden_states=condition.tokens,
            pooled_projections=condition.pooled,
            timestep=t,
            guidance=guidance,
            img_ids=torch.cat([place, reference]),
            txt_ids=torch.zeros(condition.tokens.shape[1], 3, device=self.device),
            joint_attention_kwargs=None if condition.mask is None else {"attention_mask": condition.mask},
            return_dict=False,
        )[0]
        return output[:, : noisy.shape[1]].float()

    def timesteps(self, normal: Tensor, image_tokens: int) -> Tensor:
        """Logit-normal, shifted by exp(μ) as at inference (μ = 0.63 at 1024 tokens)."""
        return _shift(torch.sigmoid(normal), image_tokens)

    def sigmas(self, steps: int, image_tokens: int) -> list[float]:
        """The pipeline's own schedule: uniform from 1 to 1/steps, shifted by exp(μ), then 0."""
        return [*_shift(torch.linspace(1.0, 1.0 / steps, steps), image_tokens).tolist(), 0.0]

    def save(self, folder: Path) -> None:
        """Write pytorch_lora_weights.safetensors (diffusers format) and numeric_projector.safetensors."""
        transformer = self.pipeline.transformer
        FluxKontextPipeline.save_lora_weights(
            str(folder),
            transformer_lora_layers=get_peft_model_state_dict(transformer),
            **_collate_lora_metadata({"transformer": transformer}),
        )
        save_tensors(folder / PROJECTOR_FILE, self.projector.state_dict())

    @torch.no_grad()
    def _text(self, sentence: str) -> tuple[Tensor, Tensor]:
        """T5 tokens [TEXT_TOKENS, D] and pooled CLIP vector of one sentence, kept for next time."""
        if sentence not in self._texts:
            embeds, pooled, _ = self.pipeline.encode_prompt(sentence, None, device=self.device, max_sequence_length=TEXT_TOKENS)
            if len(self._texts) >= 4096:
                self._texts.clear()
            self._texts[sentence] = (embeds[0], pooled[0])
        return self._texts[sentence]

    def _token_rms(self) -> float:
        return float(self._text("Increase the exposure by 1 EV")[0].float().pow(2).mean().sqrt())


def is_kontext_folder(folder: Path) -> bool:
    """Whether ``folder`` looks like FLUX.1 Kontext in diffusers format."""
    index = folder / "model_index.json"
    return index.is_file() and read_json(index).get("_class_name") == "FluxKontextPipeline"


def _pipeline(folder: Path) -> Any:
    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()
    kind = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    try:
        pipeline = FluxKontextPipeline.from_pretrained(str(folder), dtype=kind, local_files_only=True, use_safetensors=True)
    except Exception as error:
        raise InputError(f"{folder} cannot be loaded as FLUX.1 Kontext ({type(error).__name__}: {error}); download it again") from None
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _shift(t: Tensor, image_tokens: int) -> Tensor:
    """FLUX's resolution-dependent shift of times; μ runs linearly from 0.5 at 256 to 1.15 at 4096 tokens."""
    factor = math.exp(0.5 + (1.15 - 0.5) * (image_tokens - 256) / (4096 - 256))
    return factor * t / (1 + (factor - 1) * t)
