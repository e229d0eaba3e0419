"""What bases have in common that are a diffusers pipeline with frozen weights, loaded from a folder."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cat_dataset.errors import InputError, UsageError
from cat_dataset.images import Rgb
from train.bases.float8 import store_float8
from train.bases.flux import attention_arguments
from train.bases.folder import BaseFolder
from train.bases.interface import Base, Condition
from train.bases.options import USUAL, BaseOptions

TEXT_TOKENS = 128
"""Tokens of an encoded sub-instruction, padding included; ours are short, and 512 costs a sixth of the step."""
_TYPICAL = "Increase the exposure by 1 EV"


class FrozenBase(Base):
    """A pipeline's transformer, VAE and text encoders. LoRA and the adapter are all that is trained.

    Args:
        size: side of the training pictures in pixels; 0 is `SIZE`.
        encoders: whether VAE and text encoders are loaded; training from caches needs neither.
        transformer: whether it is loaded; filling caches does not need it.

    Raises:
        UsageError: a size that the VAE and the transformer's patches do not divide.
        InputError: the folder is incomplete or damaged.
    """

    SIZE = 512

    def __init__(
        self, folder: BaseFolder, *, size: int = 0, encoders: bool = True, transformer: bool = True, options: BaseOptions = USUAL
    ) -> None:
        self.folder, self.size, self.cell = folder, size or self.SIZE, 2 * folder.vae_scale
        if self.size % self.cell:
            raise UsageError(f"--size {size}: {self.name} takes multiples of {self.cell}")
        self.device, self.dtype = folder.device, folder.dtype(options)
        self.pipeline = folder.load(encoders=encoders, transformer=transformer, options=options)
        self.words = nn.Identity()
        self.text_width = folder.setting("transformer", "joint_attention_dim", int)
        self.lora_targets = self.targets(folder.setting("transformer", "num_single_layers", int))
        self._embeds_guidance = folder.setting("transformer", "guidance_embeds", bool)
        if transformer:
            self.transformer = self.pipeline.transformer
            self._install(self.transformer)
            if options.base_weights == "fp8":
                store_float8(self.transformer, self.dtype)
        if encoders:
            self.token_rms = typical_rms(self.encode_text(_TYPICAL).tokens)
            if not (math.isfinite(self.token_rms) and self.token_rms > 0):
                raise InputError(f"{folder.asked}: the text encoders give numbers that are not finite, or nothing; copy the folder again")

    @torch.no_grad()
    def to_latents(self, pictures: Sequence[Rgb]) -> Tensor:
        """Packed and normalised VAE latents (the posterior's mode)."""
        vae = self.pipeline.vae
        x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).to(self.device, vae.dtype) / 127.5 - 1.0
        return self._pack(vae.encode(x).latent_dist.mode()).float()

    @torch.no_grad()
    def to_pictures(self, latents: Tensor, height: int, width: int) -> list[Rgb]:
        """Inverse of `to_latents`."""
        vae = self.pipeline.vae
        x = self._unpack(latents.to(vae.dtype), self.grid(height, width))
        pictures = vae.decode(x, return_dict=False)[0].float()
        return list(((pictures.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy())

    def velocity(
        self,
        noisy: Tensor,
        source: Tensor,
        t: Tensor,
        condition: Condition,
        grid: tuple[int, int],
        *,
        guidance: float | None,
        mask: str = "blind",
    ) -> Tensor:
        """The transformer's prediction."""
        image_ids, text_ids = self._positions(grid, condition)
        output: Tensor = self.transformer(
            hidden_states=torch.cat([noisy, source], dim=1).to(self.dtype),
            encoder_hidden_states=condition.tokens.to(self.dtype),
            timestep=t,
            guidance=torch.full_like(t, guidance) if self._embeds_guidance and guidance is not None else None,
            img_ids=image_ids,
            txt_ids=text_ids,
            joint_attention_kwargs=attention_arguments(condition, 2 * noisy.shape[1], mask),
            return_dict=False,
            **self._pooled(condition),
        )[0]
        return output[:, : noisy.shape[1]].float()

    def time_shift(self, image_tokens: int, steps: int = 0) -> float:
        """exp(μ), as at inference."""
        return math.exp(self._mu(image_tokens, steps or self.steps))

    def sigmas(self, steps: int, image_tokens: int) -> list[float]:
        """Those of the folder's own scheduler."""
        scheduler = type(self.pipeline.scheduler).from_config(self.pipeline.scheduler.config)
        scheduler.set_timesteps(sigmas=np.linspace(1.0, 1.0 / steps, steps), mu=self._mu(image_tokens, steps))
        times: list[float] = scheduler.sigmas.tolist()
        return times

    def about(self) -> dict[str, Any]:
        """The folder or hub id it came from."""
        return {"folder": self.folder.asked}

    @classmethod
    @abstractmethod
    def targets(cls, single_blocks: int) -> tuple[str, ...]:
        """`lora_targets` of a transformer with so many single-stream blocks."""

    @abstractmethod
    def _install(self, transformer: nn.Module) -> None:
        """Put our attention into the transformer."""

    @abstractmethod
    def _pack(self, latents: Tensor) -> Tensor:
        """The VAE's latents [B, c, h, w] as the transformer's tokens [B, N, C]."""

    @abstractmethod
    def _unpack(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        """Inverse of `_pack`."""

    @abstractmethod
    def _positions(self, grid: tuple[int, int], condition: Condition) -> tuple[Tensor, Tensor]:
        """Ids of picture and reference, and of the condition's tokens."""

    @abstractmethod
    def _mu(self, image_tokens: int, steps: int) -> float:
        """The scheduler's μ for an edit of so many tokens and steps."""

    def _pooled(self, condition: Condition) -> dict[str, Tensor]:
        """The transformer's argument for the pooled text, where it has one."""
        return {}


def typical_rms(tokens: Tensor) -> float:
    """The root mean square of the middle one of text tokens [T, D]: language models make their first token a thousand times larger."""
    return float(tokens.float().square().mean(dim=-1).sqrt().median())
