"""The peer: a plain training loop written like diffusers' ``train_dreambooth_lora_flux_kontext.py`` with its defaults.

Its choices, step by step: pictures preprocessed once and kept in memory; prompts of 512 T5 tokens encoded once and kept by step;
source and target through the VAE in every step (or kept by step, its ``--cache_latents``); uniform, unshifted times from
the scheduler's table; guidance 3.5; accelerate's backward; clipping over all of the transformer's parameters; AdamW. Where
it is asked for, gradient checkpointing of every block. LoRA sits on the same linears as ours, with the same rank.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

PROMPT_TOKENS = 512
GUIDANCE = 3.5
_LEARNING_RATE, _CLIP = 1e-4, 1.0


@dataclass(kw_only=True, slots=True)
class ReferenceLoop:
    """``pipeline`` has a transformer with LoRA, a VAE, and the scheduler; ``step`` makes one optimiser step.

    Args:
        pixels: pairs of (source, target), float [B, 3, H, W] in [-1, 1], one per batch.
        prompts: (T5 tokens [B, 512, D], pooled [B, P]), one per batch.
        cache_latents: keep the VAE's distributions by step.
    """

    pipeline: Any
    pixels: Sequence[tuple[Tensor, Tensor]]
    prompts: Sequence[tuple[Tensor, Tensor]]
    cache_latents: bool = False
    accelerator: Accelerator = field(init=False)
    optimizer: Any = field(init=False)
    scheduler: Any = field(init=False)
    cached: list[tuple[Any, Any]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        transformer = self.pipeline.transformer
        self.accelerator = Accelerator(cpu=transformer.device.type == "cpu")
        trained = [parameter for parameter in transformer.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(trained, lr=_LEARNING_RATE, betas=(0.9, 0.999), weight_decay=1e-4, eps=1e-8)
        self.scheduler = copy.deepcopy(self.pipeline.scheduler)
        transformer.train()
        if self.cache_latents:
            with torch.no_grad():
                self.cached = [(self._posterior(source), self._posterior(target)) for source, target in self.pixels]

    def step(self, number: int) -> float:
        """One optimiser step on batch ``number`` (modulo how many there are); the loss."""
        pipeline, which = self.pipeline, number % len(self.pixels)
        vae, transformer = pipeline.vae, pipeline.transformer
        tokens, pooled = self.prompts[which]
        if self.cache_latents:
            source, target = (posterior.sample() for posterior in self.cached[which])
        else:
            with torch.no_grad():
                source, target = (self._posterior(pixels).sample() for pixels in self.pixels[which])
        source, target = ((part - vae.config.shift_factor) * vae.config.scaling_factor for part in (source, target))
        batch, channels, height, width = target.shape
        ids = pipeline._prepare_latent_image_ids(batch, height // 2, width // 2, target.device, target.dtype)
        reference_ids = ids.clone()
        reference_ids[..., 0] = 1

        noise = torch.randn_like(target)
        drawn = (torch.rand(batch) * self.scheduler.config.num_train_timesteps).long()
        timesteps = self.scheduler.timesteps[drawn].to(target.device)
        table = self.scheduler.timesteps.to(target.device)
        places = [int((table == t).nonzero()) for t in timesteps]
        sigmas = self.scheduler.sigmas.to(target)[places].view(-1, 1, 1, 1)
        noisy = (1.0 - sigmas) * target + sigmas * noise

        packed = [pipeline._pack_latents(part, batch, channels, height, width) for part in (noisy, source)]
        guidance = torch.full((batch,), GUIDANCE, device=target.device) if transformer.config.guidance_embeds else None
        predicted = transformer(
            hidden_states=torch.cat(packed, dim=1),
            timestep=timesteps / 1000,
            guidance=guidance,
            pooled_projections=pooled,
            encoder_hidden_states=tokens,
            txt_ids=torch.zeros(tokens.shape[1], 3, device=target.device, dtype=target.dtype),
            img_ids=torch.cat([ids, reference_ids]),
            return_dict=False,
        )[0][:, : packed[0].shape[1]]
        scale = pipeline.vae_scale_factor
        predicted = pipeline._unpack_latents(predicted, height * scale, width * scale, scale)
        loss = ((predicted.float() - (noise - target).float()) ** 2).reshape(batch, -1).mean(1).mean()
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(transformer.parameters(), _CLIP)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return float(loss.detach())

    def _posterior(self, pixels: Tensor) -> Any:
        vae = self.pipeline.vae
        return vae.encode(pixels.to(vae.device, vae.dtype)).latent_dist
